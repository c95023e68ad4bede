"""Flow + scheme + step = algorithm; the classic ones and the corrected ones by name."""
from __future__ import annotations

import dataclasses
import difflib
import inspect
import math
from dataclasses import dataclass

import flows
from flows import Flow

from .base import Scheme
from .control import EnergyControl, ErrorControl, as_control
from .implicit import RosenbrockEuler
from .loop import Problem
from .outcome import Stop
from .runge_kutta import Euler, EulerRichardson
from .splitting import SequentialEuler


@dataclass(frozen=True)
class Optimizer:
    """A flow paired with a scheme and a step: an algorithm.

    `run(loss, theta0)` follows it; it is itself a `scipy.optimize.minimize(method=...)`; `algorithm()` is its update
    as sympy equations.  flow : Flow.  scheme : Scheme.  step : a control (`FixedStep` for the classic ones).
    """

    flow: Flow
    scheme: Scheme
    step: object
    name: str = ""

    def problem(self, loss, stop: Stop | None = None) -> Problem:
        """The repeated map of this optimizer on a loss."""
        return Problem(self.flow.on(loss), self.scheme, self.step, stop or Stop())

    def run(self, loss, theta0, *, stop: Stop | None = None, record=None, backend: str = "auto", threads=None):
        """Run from `theta0`, (dim,) or (dim, lanes); returns a `Run` (see `integrate`)."""
        from .run import integrate

        return integrate(self.flow.on(loss), theta0, self.scheme, self.step, stop, record, backend=backend,
                         threads=threads)

    def algorithm(self):
        """One step of one coordinate as sympy equations: block⁺ = …, from flow, scheme and step."""
        import sympy

        s, oracle, _ = self.flow.coordinate()
        if not isinstance(self.scheme, SequentialEuler) and type(self.scheme) is not Euler:
            raise TypeError(f"algorithm() writes one-gradient updates (Euler, SequentialEuler); "
                            f"{type(self.scheme).__name__} takes the gradient at further points")
        h = sympy.Symbol("h", positive=True) if self.step.adaptive else sympy.Float(self.step.h)
        field = _Coordinate(self.flow, oracle)
        y = [getattr(s, name) for name in self.flow.blocks]
        new = self.scheme.advance(field, s.t, flows.base.Vector(y), h)[0]
        return flows.Equations(sympy.Eq(sympy.Symbol(f"{name}_next"), expr)
                               for name, expr in zip(self.flow.blocks, new, strict=True))

    def __call__(self, fun, x0, args=(), jac=None, hess=None, bounds=None, constraints=(), callback=None, **options):
        """As `scipy.optimize.minimize(fun, x0, jac=..., method=self, options={...})`."""
        from .scipy_adapter import minimize

        return minimize(self, fun, x0, args=args, jac=jac, hess=hess, bounds=bounds, constraints=constraints,
                        callback=callback, **options)

    def __str__(self):
        return self.name or f"{type(self.flow).__name__} + {type(self.scheme).__name__}"


class _Coordinate:
    """The field of one coordinate in symbols, as the schemes see it."""

    def __init__(self, flow, oracle):
        self.flow, self._oracle = flow, oracle
        self.loss = self

    def oracle(self, theta):
        return self._oracle

    def state(self, t, y):
        return flows.State(t=t, **dict(zip(self.flow.blocks, y, strict=True)))

    def theta(self, y):
        return y[self.flow.blocks.index("theta")]

    def pack(self, values):
        return flows.base.Vector(values[name] for name in self.flow.blocks)

    def __call__(self, t, y):
        return self.pack(self.flow.field(self.state(t, y), self._oracle))


def pair(flow: Flow, scheme: Scheme, step, name: str = "") -> Optimizer:
    """The algorithm of a flow and a scheme; step : a number (ODE time) or a control."""
    if not isinstance(flow, Flow):
        raise TypeError(f"pair(flow, scheme, step): flow must be a Flow such as GradientDescent(), got {flow!r}")
    if not isinstance(scheme, Scheme):
        raise TypeError(f"pair(flow, scheme, step): scheme must be a Scheme such as Euler(), got {scheme!r}")
    return Optimizer(flow, scheme, as_control(step), name)


# ------------------------------------------------------------------------------- the named optimizers
def gd(lr=1e-3, weight_decay=0.0):
    """Gradient descent: torch SGD(lr).  h = lr."""
    return pair(_decayed(flows.GradientDescent(), weight_decay), Euler(), lr)


def momentum(lr=1e-3, momentum=0.9, weight_decay=0.0):
    """Heavy ball: torch SGD(lr, momentum).  h = √lr, c = (1 − momentum)/h, v = −h·buffer."""
    h = math.sqrt(lr)
    return pair(_decayed(flows.Momentum(c=(1 - momentum) / h), weight_decay), SequentialEuler(), h)


def nesterov(lr=1e-3, momentum=0.9, weight_decay=0.0):
    """Nesterov: torch SGD(lr, momentum, nesterov=True).  h = √lr, c = (1 − momentum)/h, κ = momentum, s = h."""
    h = math.sqrt(lr)
    return pair(_decayed(flows.Nesterov(c=(1 - momentum) / h, kappa=momentum, s=h), weight_decay), SequentialEuler(), h)


def rmsprop(lr=0.01, alpha=0.99, eps=1e-8, weight_decay=0.0):
    """RMSProp: torch RMSprop(lr, alpha, eps).  h = lr, b = (1 − alpha)/h."""
    return pair(_decayed(flows.RMSProp(b=(1 - alpha) / lr, eps=eps), weight_decay), SequentialEuler(), lr)


def adagrad(lr=0.01, eps=1e-10, initial_accumulator_value=0.0, weight_decay=0.0):
    """AdaGrad: torch Adagrad(lr, eps=eps).  h = lr², ε = lr·eps, G(0) = lr²·initial_accumulator_value."""
    h = lr * lr
    return pair(_decayed(flows.AdaGrad(eps=lr * eps, G0=h * initial_accumulator_value), weight_decay), SequentialEuler(), h)


def adam(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0):
    """Adam: torch Adam(lr, (beta1, beta2), eps).  h = lr, a = (1 − beta1)/h, b = (1 − beta2)/h."""
    return pair(_decayed(flows.Adam(a=(1 - beta1) / lr, b=(1 - beta2) / lr, eps=eps), weight_decay), SequentialEuler(), lr)


def lm(damping=10.0, factor=10.0):
    """Levenberg–Marquardt: (JᵀJ + μI) δ = −∇F, μ = damping at first, μ/factor after a decrease of F, else μ·factor.

    The gradient flow with a linearly implicit Euler step h = 1/μ, accepted when F falls; factor = 1 keeps μ fixed.
    """
    step = 1 / damping if factor == 1 else EnergyControl(ratio=0.0, h0=1 / damping, shrink=factor, grow=factor)
    return pair(flows.GradientDescent(), RosenbrockEuler(gauss_newton=True), step)


def gd_richardson(tol=0.1):
    """The gradient flow by adaptive Euler–Richardson: nothing to tune."""
    return pair(flows.GradientDescent(), EulerRichardson(), ErrorControl(tol=tol))


def gd_energy(ratio=0.5):
    """The gradient flow by Euler with steps that F itself controls (Armijo)."""
    return pair(flows.GradientDescent(), Euler(), EnergyControl(ratio=ratio))


def momentum_energy(c=1.0, ratio=0.5):
    """Heavy ball of friction c with steps under which F + |v|²/2 falls."""
    return pair(flows.Momentum(c=c), SequentialEuler(), EnergyControl(ratio=ratio, h0=1 / c, h_max=1 / c))


def rmsprop_energy(b=10.0, eps=0.1, ratio=0.5):
    """RMSProp of rate b with steps under which F falls."""
    return pair(flows.RMSProp(b=b, eps=eps), SequentialEuler(), EnergyControl(ratio=ratio, h0=1 / b, h_max=1 / b))


def adam_energy(a=10.0, b=1.0, eps=0.1, ratio=0.5):
    """Adam of rates a, b with steps under which its energy F + Σ m²/(2aD) falls; needs ratio < 1 − b/(4a)."""
    if not ratio < 1 - b / (4 * a):
        raise ValueError(f"adam-energy: ratio={ratio} must be < 1 - b/(4a) = {1 - b / (4 * a)}, or no step is acceptable")
    return pair(flows.Adam(a=a, b=b, eps=eps), SequentialEuler(), EnergyControl(ratio=ratio, h0=1 / max(a, b), h_max=1 / max(a, b)))


#: The named optimizers; a name's hyperparameters are the arguments of its function.
NAMED = {f.__name__.replace("_", "-"): f for f in (
    gd, momentum, nesterov, rmsprop, adagrad, adam, lm,
    gd_richardson, gd_energy, momentum_energy, rmsprop_energy, adam_energy)}


def named(name: str, **hyperparameters) -> Optimizer:
    """An optimizer by name, under its usual hyperparameters: `named("adam", lr=0.1)`.

    Raises ValueError for an unknown name (with the close ones), an unknown hyperparameter (with those there are) or a
    value out of range, TypeError for one that is not a number.
    """
    if name not in NAMED:
        close = difflib.get_close_matches(str(name), NAMED, n=3)
        raise ValueError(f"no optimizer is named {name!r}; " + (f"did you mean {', '.join(close)}? " if close else "")
                         + f"known: {', '.join(NAMED)}")
    known = inspect.signature(NAMED[name]).parameters
    for key, value in hyperparameters.items():
        if key not in known:
            raise ValueError(f"{name} has no hyperparameter {key!r}; it has " + ", ".join(
                f"{p.name}={p.default}" for p in known.values()))
        _check_hyperparameter(name, key, value)
    optimizer = NAMED[name](**hyperparameters)
    values = {p.name: hyperparameters.get(p.name, p.default) for p in known.values()}
    label = ", ".join(f"{key}={value:g}" for key, value in values.items() if value or known[key].default)
    return dataclasses.replace(optimizer, name=f"{name}({label})")


_RANGES = {  # what a hyperparameter must satisfy, in words and as a test
    **dict.fromkeys(("lr", "tol", "c", "a", "b", "damping"), ("positive", lambda x: x > 0)),
    **dict.fromkeys(("eps", "weight_decay", "initial_accumulator_value"), (">= 0", lambda x: x >= 0)),
    **dict.fromkeys(("momentum", "alpha", "beta1", "beta2", "ratio"), ("in [0, 1)", lambda x: 0 <= x < 1)),
    "factor": (">= 1", lambda x: x >= 1),
}


def _check_hyperparameter(name: str, key: str, value) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name}: {key} must be a number, got {value!r}")
    words, holds = _RANGES[key]
    if not (math.isfinite(value) and holds(value)):
        raise ValueError(f"{name}: {key}={value} must be {words}")


def _decayed(flow: Flow, weight_decay: float) -> Flow:
    return flows.WeightDecay(flow, weight_decay) if weight_decay else flow
