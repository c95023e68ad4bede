"""
Your own flow, scheme, energy, network and operation
====================================================

Each is one short definition; everything else follows.
"""
# %%
# A flow
# ------
from dataclasses import dataclass

import basins
import lyapunov
import networks
import schemes
from arithmetic import OPERATIONS, operation, softplus, tanh, total
from flows import Flow


@dataclass(frozen=True)
class Friction(Flow):
    """A heavy ball whose friction grows with its speed: v' = −c (1 + v²) v − ∇F,  θ' = v."""

    c: float = 1.0
    memory = ("v",)

    def field(self, s, oracle):
        return {"v": -self.c * (1 + s.v**2) * s.v - oracle.gradient, "theta": s.v}


print(Friction.symbolic().equations())

# %%
# An energy
# ---------
energy = lyapunov.Energy(lambda s, oracle: oracle.value + total(s.v**2) / 2)
verdict = lyapunov.check(Friction, energy)
print(verdict)
assert verdict.status == lyapunov.Status.PROVED


# %%
# A scheme
# --------
# A Runge–Kutta method is its tableau.  This one is Kutta's of order three; its stability function is read off by
# running it.
class Kutta3(schemes.RungeKutta):
    """Kutta's method of order 3 (1901)."""

    order = 3
    a = ((), (0.5,), (-1, 2))
    b = (1 / 6, 2 / 3, 1 / 6)
    c = (0, 0.5, 1)


print(schemes.stability_function(Kutta3()))

# %%
# A network
# ---------
# with an activation of your own, which is an operation: numbers, symbols, derivatives and intervals follow from its
# definition.
mish = operation("mish", definition=lambda z: z * tanh(softplus(z)), inline=True,
                 symbolic=lambda s, z: z * s.tanh(s.log(1 + s.exp(z))))
unit = networks.Network((1, 1, 1), (mish, "linear"), ([0, 1, 2], [0, 1, 0]), bias=False)
print(unit.expression)
print(unit.gradient([1.0, 2.0]))
OPERATIONS.remove("mish")

# %%
# All of it together
# ------------------
optimizer = schemes.pair(Friction(), schemes.SequentialEuler(), 0.1)
print(optimizer.algorithm())
study = basins.study(networks.get("polytwo"), optimizer, basins.grid(((-3, 3), (-3, 3)), 100), progress=False)
print(study.table())
figure = study.figure()
