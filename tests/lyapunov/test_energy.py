"""Energies are one definition on numbers, symbols and recorded programs, and serve energy-controlled steps."""
import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest
import sympy

from arithmetic import Graph, Program, sqrt, total
from flows import FLOWS, AdaGrad, Adam, Flow, GradientDescent, Momentum, Newton, RMSProp, State, WeightDecay
from lyapunov import Energy, basin_certificate, check, energies, stability
from networks import Loss
from schemes import EnergyControl, SequentialEuler, Stop, integrate

x, y = sympy.symbols("x y", real=True)
BOWL = Loss.from_expression(x**2 / 2 + 5 * y**2 / 2 + x * y, (x, y))
VALUES = {Momentum: {"delta": 0.1, "L": 6.0}, RMSProp: {"kappa": 0.5}}
CASES = [(flow, i) for flow in FLOWS for i in range(len(energies(flow)))]


@pytest.mark.parametrize("flow, i", CASES)
def test_an_energy_is_the_same_on_numbers_and_symbols(flow, i):
    flow = flow()
    energy = energies(flow, **VALUES.get(type(flow), {}))[i]
    theta, memory = np.array([0.3, -0.7]), {name: np.array([0.5, 1.5]) for name in flow.memory if name != "theta"}
    memory |= {name: 0.25 for name in flow.memory if str(name) in ("c1", "c2")}
    number = energy(State(theta=theta, t=1.0, **memory), BOWL.oracle(theta))
    s, oracle, _ = flow.coordinate()
    formula, g = energy.expression, BOWL.gradient(theta)
    parts = [formula.subs(oracle.value, 0).subs(oracle.gradient, g[k]).subs(
        {getattr(s, name): np.broadcast_to(memory[name], 2)[k] for name in memory}) for k in range(2)]
    assert number == pytest.approx(float(formula.coeff(oracle.value) * BOWL.value(theta) + sum(parts)), rel=1e-13)


@pytest.mark.parametrize("flow, i", CASES)
def test_an_energy_can_be_recorded(flow, i):
    flow = flow()
    energy = energies(flow, **VALUES.get(type(flow), {}))[i]
    field, graph = flow.on(BOWL), Graph()
    inputs = graph.inputs("y", field.size)

    def value(entries):
        return energy(field.state(0.0, entries), BOWL.oracle(field.theta(entries)))

    program = Program(tuple(inputs), (graph.lift(value(inputs)),))
    numbers = np.linspace(0.3, 0.9, field.size)
    assert program(*numbers)[0] == pytest.approx(float(value(numbers)), rel=1e-14)


def test_the_list_has_the_flows_own_energy_first_and_the_further_ones():
    assert [e.name for e in energies(Momentum)] == ["own", "cross term"]
    assert [e.name for e in energies(AdaGrad(eps=0.1))] == ["own", "first integral"]
    assert [e.name for e in energies(RMSProp)] == ["own", "full state"]
    assert all(bool(energies(flow)) == (flow.energy is not None) for flow in FLOWS)


def test_a_users_flow_has_the_energy_it_defines():
    @dataclass(frozen=True)
    class Plain(Flow):
        def field(self, s, oracle):
            return {"theta": -oracle.gradient}

    @dataclass(frozen=True)
    class Telling(Plain):
        def energy(self, s, oracle):
            return oracle.value

    @dataclass(frozen=True)
    class Changed(Momentum):  # another field: the cross term was not found for it
        def field(self, s, oracle):
            return {"v": -self.c * s.v, "theta": s.v}

    assert energies(Plain()) == []
    assert [e.name for e in energies(Telling())] == ["own"]
    assert [e.name for e in energies(Changed())] == ["own"]


def test_what_an_energy_says_of_itself():
    energy = Energy(lambda s, oracle: oracle.value + total(s.v**2) / 2, name="heavy ball")
    assert repr(energy) == "Energy(heavy ball: V = F + v**2/2)"
    assert r"\frac{v^{2}}{2}" in energy._repr_latex_()
    assert energy.dissipation is None
    assert "no formula" in repr(Energy(lambda s, oracle: oracle.value + np.sum(s.v, axis=0).shape))
    with pytest.raises(TypeError, match="must be called as"):
        Energy(3)
    with pytest.raises(TypeError, match="must be a Flow"):
        energies("adam")
    with pytest.raises(TypeError, match="no parameter gamma; they have L, delta"):
        energies(Momentum(), gamma=1)


@pytest.mark.parametrize("flow, parameters", [
    (GradientDescent(), {}), (Momentum(c=1.0), {}), (Momentum(c=1.0), {"delta": 0.1, "L": 6.0}),
    (RMSProp(eps=0.1), {"kappa": 0.5}), (Adam(eps=0.1, correction=False), {})])
def test_steps_under_energy_control_take_an_energy_from_here(flow, parameters):
    energy = energies(flow, **parameters)[1 if parameters else 0]
    run = integrate(flow.on(BOWL), np.array([[1.0, -2.0], [1.0, 0.5]]), SequentialEuler(),
                    step=EnergyControl(energy=energy, ratio=0.1, h_max=0.5), stop=Stop(gradient=1e-3, max_steps=20_000))
    assert np.all(run.success)
    assert np.allclose(run.theta, 0, atol=1e-2)


def test_a_control_says_that_it_needs_a_dissipation():
    energy = Energy(lambda s, oracle: oracle.value + total(sqrt(s.v)))
    with pytest.raises(ValueError, match="no energy with a dissipation"):
        integrate(RMSProp().on(BOWL), np.ones(2), SequentialEuler(), step=EnergyControl(energy=energy))


def test_energies_and_what_holds_them_are_pickled():
    """Values too: an energy made of closures is sent as the call that makes it; a changed copy of it is not it."""
    theta, v = np.array([0.3, -0.7]), np.array([0.5, 1.5])
    state = State(theta=theta, v=v, m=v, c1=0.5, c2=0.25, t=1.0)
    rest, loss = Loss.from_expression(x**2 / 2 + y**2, (x, y)), BOWL.oracle(theta)
    (point,) = rest.critical_points()
    certificate = basin_certificate(GradientDescent(), point)
    verdict = check(Momentum(), energies(Momentum())[0])
    kinds = [*energies(Momentum(), delta=0.1, L=6.0), *energies(WeightDecay(Adam(), 0.1)),
             *energies(RMSProp(), kappa=0.5),
             *(stability(flow, point).energy for flow in (Momentum(), Adam(), Newton()))]
    for energy in kinds:
        again = pickle.loads(pickle.dumps(energy))
        assert again(state, loss) == energy(state, loss) and repr(again) == repr(energy)
    for thing in (certificate, verdict, stability(Momentum(), point)):
        assert repr(pickle.loads(pickle.dumps(thing))) == repr(thing)
    assert replace(kinds[0], name="mine").made_by is None
