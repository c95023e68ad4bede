"""The named optimizers: each is its recipe, a flow with its rates, a scheme and a step, in the library's hyperparameters.

A recipe is called with numbers, and then it is the algorithm, or with sympy symbols, and then it derives the printed update
and the parameter map.  `memory` says what the library keeps instead of a block: `v=lambda buffer: -h * buffer`, or for a
clock its value after n steps, `c1=lambda n: 1 - beta1**n`.
`exponential=True` reads the same algorithm as the exponential map of a flow whose rates are −ln(β)/h (docs/flows.md).
To add one: a function below, named as the optimizer with _ for -, and its name in `NAMED`; the range of a new
hyperparameter in `RANGES`.
"""
from __future__ import annotations

from typing import NamedTuple

import flows
from arithmetic import is_symbolic, log, maximum, power, sqrt
from flows import Flow, schedules

from .base import Scheme
from .control import EnergyControl, ErrorControl
from .damping import GainControl, MarquardtEuler
from .implicit import RosenbrockEuler
from .runge_kutta import Euler, EulerRichardson
from .splitting import ExponentialMap, SequentialEuler


class Recipe(NamedTuple):
    """A flow, a scheme, a step (a number or a control), and what the library keeps in place of memory blocks."""

    flow: Flow
    scheme: Scheme
    step: object
    memory: dict


def recipe(flow: Flow, scheme: Scheme, step, **memory) -> Recipe:
    return Recipe(flow, scheme, step, memory)


def rates(h, exponential: bool, *decays) -> tuple:
    """The rates of averages that decay by β per step h, under Euler, (1 − β)/h, or the exponential map, −ln(β)/h."""
    if exponential and 0 in decays:
        raise ValueError("exponential=True needs decays above 0: memory that keeps nothing has no finite rate")
    return tuple(-log(beta) / h if exponential else (1 - beta) / h for beta in decays)


def sequential(exponential: bool) -> Scheme:
    return ExponentialMap() if exponential else SequentialEuler()


def decayed(flow: Flow, weight_decay, decoupled: bool = False) -> Flow:
    return flow if weight_decay == 0 else flows.WeightDecay(flow, weight_decay, decoupled)


def clocks(**decays) -> dict:
    """Bias corrections: c₁ is 1 − β₁ⁿ after n steps."""
    return {name: lambda n, decay=decay: 1 - decay**n for name, decay in decays.items()}


# ------------------------------------------------------------------------------- without memory
def gd(lr=1e-3, weight_decay=0.0):
    """Gradient descent: torch `SGD(lr, weight_decay=)`, optax `sgd`."""
    return recipe(decayed(flows.GradientDescent(), weight_decay), Euler(), lr)


def normalised_gd(lr=1e-3, eps=1e-8):
    """Normalised gradient: steps of length lr along −∇F."""
    return recipe(flows.NormalisedGradient(eps), Euler(), lr)


def signsgd(lr=1e-3, weight_decay=0.0):
    """Sign descent: optax `sign_sgd`."""
    return recipe(decayed(flows.SignSGD(), weight_decay), Euler(), lr)


def asgd(lr=0.01, lambd=1e-4, alpha=0.75, weight_decay=0.0):
    """Gradient descent with the decreasing steps and the decay λ of averaged SGD: torch `ASGD` until it averages (t0)."""
    flow = decayed(decayed(flows.GradientDescent(), weight_decay), lambd)
    return recipe(flows.Scheduled(flow, schedules.Power(lambd, alpha)) if lambd != 0 else flow, Euler(), lr)


# --------------------------------------------------------------------------------------- momentum
def momentum(lr=1e-3, momentum=0.9, dampening=0.0, weight_decay=0.0):
    """Heavy ball: torch `SGD(lr, momentum, dampening)`, optax `sgd(momentum=)`."""
    if momentum == 0 and dampening != 0:
        raise ValueError(f"momentum: dampening={dampening} of a momentum of 0 has no meaning; leave it out")
    h = sqrt(lr)
    c = (1 - momentum) / h
    flow = flows.Momentum(c) if dampening == 0 else flows.DampenedMomentum(c, dampening, h * dampening / momentum)
    return recipe(decayed(flow, weight_decay), SequentialEuler(), h, v=lambda buffer: -h * buffer)


def momentum_ema(lr=1e-3, momentum=0.9, weight_decay=0.0, exponential=False):
    """Heavy ball as an average: the iterates of torch `SGD(lr, momentum)`, in the time of gradient descent."""
    h = lr / (1 - momentum)
    flow = flows.AveragedMomentum(*rates(h, exponential, momentum))
    return recipe(decayed(flow, weight_decay), sequential(exponential), h, m=lambda buffer: (1 - momentum) * buffer)


def nesterov(lr=1e-3, momentum=0.9, weight_decay=0.0):
    """Nesterov with constant momentum: torch `SGD(lr, momentum, nesterov=True)`, optax `sgd(nesterov=True)`."""
    h = sqrt(lr)
    flow = flows.Nesterov((1 - momentum) / h, momentum, h)
    return recipe(decayed(flow, weight_decay), SequentialEuler(), h, v=lambda buffer: -h * buffer)


def nesterov_vanishing(lr=1e-3, r=3.0):
    """Nesterov's method of 1983 with momentum (n − 1)/(n + r − 1): θ is the point where the gradient is taken."""
    h = sqrt(lr)
    return recipe(flows.NesterovODE(r, h), SequentialEuler(), h, v=lambda move: move / h)


# ------------------------------------------------------------------------------------------ signs
def signum(lr=1e-3, momentum=0.9, weight_decay=0.0):
    """Signum: the sign of an average, with decoupled decay."""
    flow = flows.Signum((1 - momentum) / lr)
    return recipe(decayed(flow, weight_decay, decoupled=True), SequentialEuler(), lr)


def lion(lr=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0):
    """Lion, with decoupled decay: optax `lion`."""
    flow = flows.Lion(beta1, (1 - beta2) / lr)
    return recipe(decayed(flow, weight_decay, decoupled=True), SequentialEuler(), lr)


def rprop(lr=0.01, eta_minus=0.5, eta_plus=1.2, step_min=1e-6, step_max=50.0):
    """Resilient propagation: torch `Rprop(lr, (eta_minus, eta_plus), (step_min, step_max))`."""
    if not is_symbolic(step_min) and not step_min <= step_max:
        raise ValueError(f"rprop: step_min={step_min} must not exceed step_max={step_max}")
    return recipe(flows.Rprop(lr, eta_minus, eta_plus, step_min, step_max), SequentialEuler(), 1,
                  eta=lambda step: step, s=lambda previous: previous)


# --------------------------------------------------------------------------------------- adaptive
def adagrad(lr=0.01, eps=1e-10, eps_root=0.0, initial_accumulator_value=0.0, lr_decay=0.0, weight_decay=0.0):
    """AdaGrad: torch `Adagrad`; optax `adagrad(lr, initial_accumulator_value, eps_root)`, its ε inside the root."""
    h = lr * lr
    flow = decayed(flows.AdaGrad(lr * eps, h * initial_accumulator_value, h * eps_root), weight_decay)
    if lr_decay != 0:
        flow = flows.Scheduled(flow, schedules.InverseTime(lr_decay / h))
    return recipe(flow, SequentialEuler(), h, G=lambda total: h * total)


def rmsprop(lr=0.01, alpha=0.99, eps=1e-8, eps_root=0.0, momentum=0.0, centered=False, weight_decay=0.0, exponential=False):
    """RMSProp: torch `RMSprop(lr, alpha, eps, momentum=, centered=)`; optax `rmsprop`, its ε inside the root."""
    if momentum == 0:
        h = lr
        flow = (flows.CentredRMSProp if centered else flows.RMSProp)(*rates(h, exponential, alpha), eps, eps_root)
    else:
        if exponential:
            raise ValueError("rmsprop: exponential=True is not torch's algorithm with momentum; leave one of them out")
        h = sqrt(lr)
        flow = flows.MomentumRMSProp((1 - alpha) / h, (1 - momentum) / h, eps, eps_root, centered)
    memory = {} if momentum == 0 else {"w": lambda buffer: -h * buffer}
    return recipe(decayed(flow, weight_decay), sequential(exponential), h, **memory)


def adadelta(lr=1.0, rho=0.9, eps=1e-6, weight_decay=0.0):
    """AdaDelta: torch `Adadelta(lr, rho, eps)`, optax `adadelta`."""
    return recipe(decayed(flows.AdaDelta((1 - rho) / lr, eps), weight_decay), SequentialEuler(), lr)


# ----------------------------------------------------------------------------------- the Adam family
def adam(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, eps_root=0.0, correction=True, hat=False, weight_decay=0.0,
         exponential=False):
    """Adam: torch `Adam(lr, (beta1, beta2), eps, weight_decay=)`, optax `adam`."""
    flow = flows.Adam(*rates(lr, exponential, beta1, beta2), eps, correction, eps_root, hat)
    return recipe(decayed(flow, weight_decay), sequential(exponential), lr, **clocks(c1=beta1, c2=beta2))


def adamw(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, eps_root=0.0, weight_decay=1e-2):
    """AdamW, Adam with decoupled decay: torch `AdamW`, optax `adamw`."""
    flow = flows.AdamW((1 - beta1) / lr, (1 - beta2) / lr, eps, eps_root=eps_root, decay=weight_decay)
    return recipe(flow, SequentialEuler(), lr, **clocks(c1=beta1, c2=beta2))


def amsgrad(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, eps_root=0.0, corrected_maximum=False, weight_decay=0.0,
            decoupled_weight_decay=False):
    """AMSGrad: torch `Adam(amsgrad=True)`; optax `amsgrad` with corrected_maximum=True."""
    flow = flows.AMSGrad((1 - beta1) / lr, (1 - beta2) / lr, eps, eps_root=eps_root, r=1 / lr, corrected_maximum=corrected_maximum)
    return recipe(decayed(flow, weight_decay, decoupled_weight_decay), SequentialEuler(), lr, **clocks(c1=beta1, c2=beta2))


def adamax(lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, decoupled_weight_decay=False):
    """Adamax: torch `Adamax`, optax `adamax`; with decoupled decay optax `adamaxw`."""
    flow = flows.Adamax((1 - beta1) / lr, (1 - beta2) / lr, 1 / lr, eps)
    return recipe(decayed(flow, weight_decay, decoupled_weight_decay), SequentialEuler(), lr, **clocks(c1=beta1))


def nadam(lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, momentum_decay=4e-3, weight_decay=0.0, decoupled_weight_decay=False):
    """NAdam with Dozat's schedule of the momentum: torch `NAdam`."""
    base = 0.96
    if is_symbolic(momentum_decay):
        import sympy

        base = sympy.Rational(24, 25)
    rho = power(base, momentum_decay)
    flow = flows.ScheduledNAdam((1 - beta1) / lr, (1 - beta2) / lr, (1 - rho) / lr, 1 / lr, beta1, rho, eps)
    return recipe(decayed(flow, weight_decay, decoupled_weight_decay), SequentialEuler(), lr,
                  w=lambda n: rho**n, P=lambda product: product, **clocks(c2=beta2))


def nadam_constant(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, eps_root=0.0, weight_decay=0.0):
    """NAdam with constant momentum: optax `nadam`; with decoupled decay optax `nadamw`."""
    flow = flows.NAdam((1 - beta1) / lr, (1 - beta2) / lr, eps, eps_root=eps_root, beta=beta1)
    return recipe(decayed(flow, weight_decay, decoupled=True), SequentialEuler(), lr, **clocks(c1=beta1, c2=beta2))


def adabelief(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-16, eps_root=1e-16):
    """AdaBelief: optax `adabelief`."""
    flow = flows.AdaBelief((1 - beta1) / lr, (1 - beta2) / lr, eps, floor=eps_root / lr)
    return recipe(flow, SequentialEuler(), lr, **clocks(c1=beta1, c2=beta2))


def yogi(lr=1e-2, beta1=0.9, beta2=0.999, eps=1e-3, initial_accumulator_value=1e-6):
    """Yogi: optax `yogi`."""
    flow = flows.Yogi((1 - beta1) / lr, (1 - beta2) / lr, eps, first=initial_accumulator_value)
    return recipe(flow, SequentialEuler(), lr, **clocks(c1=beta1, c2=beta2))


def adan(lr=1e-3, beta1=0.98, beta2=0.92, beta3=0.99, eps=1e-8, eps_root=1e-8, weight_decay=0.0):
    """Adan, with decoupled decay: optax `adan`."""
    flow = flows.Adan((1 - beta1) / lr, (1 - beta2) / lr, (1 - beta3) / lr, 1 / lr, 1 - beta2, eps, eps_root)
    return recipe(decayed(flow, weight_decay, decoupled=True), SequentialEuler(), lr, p=lambda previous: previous,
                  **clocks(c1=beta1, c2=beta2, c3=beta3))


def qhadam(lr=1e-3, beta1=0.995, beta2=0.999, nu1=0.7, nu2=1.0, eps=1e-8):
    """Quasi-hyperbolic Adam."""
    flow = flows.QHAdam((1 - beta1) / lr, (1 - beta2) / lr, eps, nu1=nu1, nu2=nu2)
    return recipe(flow, SequentialEuler(), lr, **clocks(c1=beta1, c2=beta2))


def radam(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, hat=True, weight_decay=0.0, decoupled_weight_decay=False):
    """Rectified Adam: torch `RAdam`; optax `radam` with hat=False."""
    flow = flows.RAdam((1 - beta1) / lr, (1 - beta2) / lr, eps, hat=hat, r=1 / lr)
    return recipe(decayed(flow, weight_decay, decoupled_weight_decay), SequentialEuler(), lr, **clocks(c1=beta1, c2=beta2))


def sophia(lr=1e-3, beta1=0.965, beta2=0.99, gamma=0.01, eps=1e-12, weight_decay=0.0):
    """Sophia with the exact diagonal of the Hessian and decoupled decay."""
    flow = flows.Sophia((1 - beta1) / lr, (1 - beta2) / lr, gamma, eps)
    return recipe(decayed(flow, weight_decay, decoupled=True), SequentialEuler(), lr)


# -------------------------------------------------------------------------------------- curvature
def newton(lr=1.0):
    """Newton's method (lr = 1)."""
    return recipe(flows.Newton(), Euler(), lr)


def damped_newton(damping=1.0, lr=1.0):
    """Newton's method with H + damping·I."""
    return recipe(flows.DampedNewton(damping), Euler(), lr)


def gauss_newton(lr=1.0):
    """Gauss–Newton, the natural gradient of least squares (lr = 1)."""
    return recipe(flows.GaussNewton(), Euler(), lr)


def lm(damping=10.0, factor=10.0, diagonal=False):
    """Levenberg–Marquardt: (JᵀJ + μD) δ = −∇F, μ = damping at first, then μ/factor after a decrease of F, else μ·factor.

    The gradient flow with a linearly implicit Euler step h = 1/μ, accepted when F falls; factor = 1 keeps μ fixed and
    takes every step: Euler with h = 1 on the flow of that damping.  D = I, or diag JᵀJ (Marquardt) with `diagonal`.
    """
    if factor == 1:
        return recipe(flows.LevenbergMarquardt(damping, diagonal), Euler(), 1)
    scheme = MarquardtEuler() if diagonal else RosenbrockEuler(gauss_newton=True)
    step = EnergyControl(ratio=0.0, h0=1 / damping, shrink=factor, grow=factor)
    return recipe(flows.GradientDescent(), scheme, step)


def lm_gain(damping=1.0, diagonal=False):
    """Levenberg–Marquardt whose damping follows the gain ratio, actual over predicted decrease (Nielsen)."""
    scheme = MarquardtEuler() if diagonal else RosenbrockEuler(gauss_newton=True)
    return recipe(flows.GradientDescent(), scheme, GainControl(h0=1 / damping))


# ------------------------------------------------------------------------ corrected: nothing to tune
def gd_richardson(tol=0.1):
    """The gradient flow by adaptive Euler–Richardson."""
    return recipe(flows.GradientDescent(), EulerRichardson(), ErrorControl(tol=tol))


def gd_energy(ratio=0.5):
    """The gradient flow by Euler with steps that F itself controls (Armijo)."""
    return recipe(flows.GradientDescent(), Euler(), EnergyControl(ratio=ratio))


def momentum_energy(c=1.0, ratio=0.5):
    """Heavy ball of friction c with steps under which F + |v|²/2 falls.

    By the exponential map, as the other two below: under Euler h could not pass 1/c, whatever the slope.
    """
    return recipe(flows.Momentum(c), ExponentialMap(), EnergyControl(ratio=ratio, h0=1 / c))


def rmsprop_energy(b=10.0, eps=0.1, ratio=0.5):
    """RMSProp of rate b with steps under which F falls."""
    return recipe(flows.RMSProp(b, eps), ExponentialMap(), EnergyControl(ratio=ratio, h0=1 / b))


def adam_energy(a=10.0, b=1.0, eps=0.1, ratio=0.5):
    """Adam of rates a, b with steps under which its energy F + Σ m²/(2aD) falls; needs ratio < 1 − b/(4a)."""
    if not ratio < 1 - b / (4 * a):
        raise ValueError(f"adam-energy: ratio={ratio} must be < 1 - b/(4a) = {1 - b / (4 * a)}, or no step is acceptable")
    return recipe(flows.Adam(a, b, eps), ExponentialMap(), EnergyControl(ratio=ratio, h0=1 / maximum(a, b)))


#: The named optimizers; a name's hyperparameters are the arguments of its function.
NAMED = {f.__name__.replace("_", "-"): f for f in (
    gd, normalised_gd, signsgd, asgd, momentum, momentum_ema, nesterov, nesterov_vanishing, signum, lion, rprop, adagrad,
    rmsprop, adadelta, adam, adamw, amsgrad, adamax, nadam, nadam_constant, adabelief, yogi, adan, qhadam, radam, sophia,
    newton, damped_newton, gauss_newton, lm, lm_gain,
    gd_richardson, gd_energy, momentum_energy, rmsprop_energy, adam_energy)}

#: What a hyperparameter must satisfy, in words and as a test.
RANGES = {
    **dict.fromkeys(("lr", "tol", "c", "a", "b", "damping", "gamma", "step_min", "step_max"), ("positive", lambda x: x > 0)),
    ("asgd", "alpha"): ("positive", lambda x: x > 0), "r": ("> 1", lambda x: x > 1),
    **dict.fromkeys(("eps", "eps_root", "weight_decay", "initial_accumulator_value", "lr_decay", "lambd", "momentum_decay"),
                    (">= 0", lambda x: x >= 0)),
    **dict.fromkeys(("momentum", "dampening", "alpha", "rho", "beta1", "beta2", "beta3", "ratio"), ("in [0, 1)", lambda x: 0 <= x < 1)),
    **dict.fromkeys(("nu1", "nu2"), ("in [0, 1]", lambda x: 0 <= x <= 1)),
    "eta_minus": ("in (0, 1)", lambda x: 0 < x < 1), "eta_plus": ("> 1", lambda x: x > 1), "factor": (">= 1", lambda x: x >= 1),
}

#: Options under which a name is another flow.
FORMS = (("momentum", {"dampening": 0.1}), ("rmsprop", {"centered": True}), ("rmsprop", {"momentum": 0.9}), ("lm", {"factor": 1}))

#: Hyperparameters that choose between forms by their value: the derived update is that of the value.
SWITCHES = ("factor",)
