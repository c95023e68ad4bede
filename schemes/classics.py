"""The named optimizers: each is its recipe, a flow with its rates, a scheme and a step, in the library's
hyperparameters.

A recipe is called with numbers, and then it is the algorithm, or with sympy symbols, and then it derives the printed
update and the parameter map.  `memory` says what the library keeps instead of a block: `v=lambda buffer: -h * buffer`,
or for a clock its value after n steps, `c1=lambda n: 1 - beta1**n`.
`exponential=True` reads the same algorithm as the exponential map of a flow whose rates are −ln(β)/h (docs/flows.md).
To add one: a function below with `@named()`, named as the optimizer with _ for -, each argument with its range and its
default.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import flows
from arithmetic import Catalogue, is_symbolic, log, power, sqrt
from arithmetic.late import sympy
from flows import Flow

from .base import Scheme
from .control import Control, EnergyControl, ErrorControl
from .damping import GainControl, MarquardtEuler
from .hyperparameters import (
    Count, Factor, Growing, NonNegative, Positive, Real, Share, Shrinking, Weight, hyperparameters_of,
)
from .implicit import RosenbrockEuler
from .runge_kutta import Euler, EulerRichardson
from .restart import NesterovStep
from .secant import SecantEuler
from .splitting import ExponentialMap, SequentialEuler


#: The named optimizers: the functions below by name; a name's hyperparameters are the arguments of its function.
NAMED: Catalogue[Callable[..., Recipe]] = Catalogue("optimizer")

#: (name, options) of those options under which a name is another flow.
FORMS: list[tuple[str, dict]] = []


def named(*forms: dict) -> Callable:
    """Registers a recipe, and the options under which it is another flow."""
    def register(recipe: Callable) -> Callable:
        name = recipe.__name__.replace("_", "-")
        hyperparameters_of(recipe)  # raises where one has no range
        NAMED[name] = recipe
        FORMS.extend((name, options) for options in forms)
        return recipe

    return register


class Recipe(NamedTuple):
    """A flow, a scheme, a step (a number or a control), and what the library keeps in place of memory blocks."""

    flow: Flow
    scheme: Scheme
    step: float | Control
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
@named()
def gd(lr: Positive = 1e-3, weight_decay: NonNegative = 0.0) -> Recipe:
    """Gradient descent: torch `SGD(lr, weight_decay=)`, optax `sgd`."""
    return recipe(decayed(flows.GradientDescent(), weight_decay), Euler(), lr)


@named()
def normalised_gd(lr: Positive = 1e-3, eps: NonNegative = 1e-8) -> Recipe:
    """Normalised gradient: steps of length lr along −∇F."""
    return recipe(flows.NormalisedGradient(eps), Euler(), lr)


@named()
def p_gd(lr: Positive = 1e-3, p: Growing = 3.0, eps: NonNegative = 1e-8) -> Recipe:
    """p-GD: gradient descent along ∇F/|∇F|^((p−2)/(p−1)); p = 2 is gradient descent, p → ∞ the normalised gradient."""
    return recipe(flows.PGradient(p, eps), Euler(), lr)


@named()
def signsgd(lr: Positive = 1e-3, weight_decay: NonNegative = 0.0) -> Recipe:
    """Sign descent: optax `sign_sgd`."""
    return recipe(decayed(flows.SignSGD(), weight_decay), Euler(), lr)


@named()
def asgd(lr: Positive = 0.01, lambd: NonNegative = 1e-4, alpha: Positive = 0.75,
         weight_decay: NonNegative = 0.0) -> Recipe:
    """Gradient descent with the decreasing steps and decay λ of averaged SGD: torch `ASGD` until it averages (t0)."""
    flow = decayed(decayed(flows.GradientDescent(), weight_decay), lambd)
    return recipe(flows.Scheduled(flow, flows.schedules.Power(lambd, alpha)) if lambd != 0 else flow, Euler(), lr)


# --------------------------------------------------------------------------------------- momentum
@named({"dampening": 0.1})
def momentum(lr: Positive = 1e-3, momentum: Share = 0.9, dampening: Share = 0.0,
             weight_decay: NonNegative = 0.0) -> Recipe:
    """Heavy ball: torch `SGD(lr, momentum, dampening)`, optax `sgd(momentum=)`."""
    if momentum == 0 and dampening != 0:
        raise ValueError(f"momentum: dampening={dampening} of a momentum of 0 has no meaning; leave it out")
    h = sqrt(lr)
    c = (1 - momentum) / h
    flow = flows.Momentum(c) if dampening == 0 else flows.DampenedMomentum(c, dampening, h * dampening / momentum)
    return recipe(decayed(flow, weight_decay), SequentialEuler(), h, v=lambda buffer: -h * buffer)


@named()
def momentum_ema(lr: Positive = 1e-3, momentum: Share = 0.9, weight_decay: NonNegative = 0.0,
                 exponential: bool = False) -> Recipe:
    """Heavy ball as an average: the iterates of torch `SGD(lr, momentum)`, in the time of gradient descent."""
    h = lr / (1 - momentum)
    flow = flows.AveragedMomentum(*rates(h, exponential, momentum))
    return recipe(decayed(flow, weight_decay), sequential(exponential), h, m=lambda buffer: (1 - momentum) * buffer)


@named()
def nesterov(lr: Positive = 1e-3, momentum: Share = 0.9, weight_decay: NonNegative = 0.0) -> Recipe:
    """Nesterov with constant momentum: torch `SGD(lr, momentum, nesterov=True)`, optax `sgd(nesterov=True)`."""
    h = sqrt(lr)
    flow = flows.Nesterov((1 - momentum) / h, momentum, h)
    return recipe(decayed(flow, weight_decay), SequentialEuler(), h, v=lambda buffer: -h * buffer)


@named()
def nesterov_vanishing(lr: Positive = 1e-3, r: Growing = 3.0) -> Recipe:
    """Nesterov's method of 1983 with momentum (n − 1)/(n + r − 1): θ is the point where the gradient is taken."""
    h = sqrt(lr)
    return recipe(flows.NesterovODE(r, h), SequentialEuler(), h, v=lambda move: move / h)


@named()
def qhm(lr: Positive = 1e-3, momentum: Share = 0.999, nu: Weight = 0.7, weight_decay: NonNegative = 0.0) -> Recipe:
    """Quasi-hyperbolic momentum: the gradient mixed with its average; nu = momentum is Nesterov's in another lr."""
    flow = flows.QuasiHyperbolic((1 - momentum) / lr, nu)
    return recipe(decayed(flow, weight_decay), SequentialEuler(), lr)


@named()
def aggmo(lr: Positive = 1e-3, beta1: Share = 0.0, beta2: Share = 0.9, beta3: Share = 0.99,
          weight_decay: NonNegative = 0.0) -> Recipe:
    """Aggregated momentum: the mean of three heavy balls."""
    h = sqrt(lr)
    flow = flows.AggregatedMomentum(*((1 - beta) / h for beta in (beta1, beta2, beta3)))
    return recipe(decayed(flow, weight_decay), SequentialEuler(), h, v1=lambda buffer1: -h * buffer1,
                  v2=lambda buffer2: -h * buffer2, v3=lambda buffer3: -h * buffer3)


@named()
def optimistic(lr: Positive = 1e-3, alpha: NonNegative = 1.0, beta: NonNegative = 1.0,
               weight_decay: NonNegative = 0.0) -> Recipe:
    """Optimistic gradient: optax `optimistic_gradient_descent`."""
    flow = flows.Optimistic(alpha, beta, 1 / lr)
    return recipe(decayed(flow, weight_decay), SequentialEuler(), lr, p=lambda previous: previous)


# ------------------------------------------------------------------------------------------ signs
@named()
def signum(lr: Positive = 1e-3, momentum: Share = 0.9, weight_decay: NonNegative = 0.0) -> Recipe:
    """Signum: the sign of an average, with decoupled decay."""
    flow = flows.Signum((1 - momentum) / lr)
    return recipe(decayed(flow, weight_decay, decoupled=True), SequentialEuler(), lr)


@named()
def lion(lr: Positive = 1e-4, beta1: Share = 0.9, beta2: Share = 0.99, weight_decay: NonNegative = 0.0) -> Recipe:
    """Lion, with decoupled decay: optax `lion`."""
    flow = flows.Lion(beta1, (1 - beta2) / lr)
    return recipe(decayed(flow, weight_decay, decoupled=True), SequentialEuler(), lr)


@named()
def rprop(lr: Positive = 0.01, eta_minus: Shrinking = 0.5, eta_plus: Growing = 1.2, step_min: Positive = 1e-6,
          step_max: Positive = 50.0) -> Recipe:
    """Resilient propagation: torch `Rprop(lr, (eta_minus, eta_plus), (step_min, step_max))`."""
    if not is_symbolic(step_min) and not step_min <= step_max:
        raise ValueError(f"rprop: step_min={step_min} must not exceed step_max={step_max}")
    return recipe(flows.Rprop(lr, eta_minus, eta_plus, step_min, step_max), SequentialEuler(), 1,
                  eta=lambda step: step, s=lambda previous: previous)


# --------------------------------------------------------------------------------------- adaptive
@named()
def adagrad(lr: Positive = 0.01, eps: NonNegative = 1e-10, eps_root: NonNegative = 0.0,
            initial_accumulator_value: NonNegative = 0.0, lr_decay: NonNegative = 0.0,
            weight_decay: NonNegative = 0.0) -> Recipe:
    """AdaGrad: torch `Adagrad`; optax `adagrad(lr, initial_accumulator_value, eps_root)`, its ε inside the root."""
    h = lr * lr
    flow = decayed(flows.AdaGrad(lr * eps, h * initial_accumulator_value, h * eps_root), weight_decay)
    if lr_decay != 0:
        flow = flows.Scheduled(flow, flows.schedules.InverseTime(lr_decay / h))
    return recipe(flow, SequentialEuler(), h, G=lambda total: h * total)


@named({"centered": True}, {"momentum": 0.9})
def rmsprop(lr: Positive = 0.01, alpha: Share = 0.99, eps: NonNegative = 1e-8, eps_root: NonNegative = 0.0,
            momentum: Share = 0.0, centered: bool = False, weight_decay: NonNegative = 0.0,
            exponential: bool = False) -> Recipe:
    """RMSProp: torch `RMSprop(lr, alpha, eps, momentum=, centered=)`; optax `rmsprop`, its ε inside the root."""
    if momentum == 0:
        h = lr
        (b,) = rates(h, exponential, alpha)
        flow: Flow = (flows.CentredRMSProp if centered else flows.RMSProp)(b, eps, eps_root)
    else:
        if exponential:
            raise ValueError("rmsprop: exponential=True is not torch's algorithm with momentum; leave one of them out")
        h = sqrt(lr)
        flow = flows.MomentumRMSProp((1 - alpha) / h, (1 - momentum) / h, eps, eps_root, centered)
    memory = {} if momentum == 0 else {"w": lambda buffer: -h * buffer}
    return recipe(decayed(flow, weight_decay), sequential(exponential), h, **memory)


@named()
def adadelta(lr: Positive = 1.0, rho: Share = 0.9, eps: NonNegative = 1e-6, weight_decay: NonNegative = 0.0) -> Recipe:
    """AdaDelta: torch `Adadelta(lr, rho, eps)`, optax `adadelta`."""
    return recipe(decayed(flows.AdaDelta((1 - rho) / lr, eps), weight_decay), SequentialEuler(), lr)


# ----------------------------------------------------------------------------------- the Adam family
@named()
def adam(lr: Positive = 1e-3, beta1: Share = 0.9, beta2: Share = 0.999, eps: NonNegative = 1e-8,
         eps_root: NonNegative = 0.0, correction: bool = True, hat: bool = False, weight_decay: NonNegative = 0.0,
         exponential: bool = False) -> Recipe:
    """Adam: torch `Adam(lr, (beta1, beta2), eps, weight_decay=)`, optax `adam`."""
    a, b = rates(lr, exponential, beta1, beta2)
    flow = flows.Adam(a, b, eps, correction, eps_root, hat)
    return recipe(decayed(flow, weight_decay), sequential(exponential), lr, **clocks(c1=beta1, c2=beta2))


@named()
def adamw(lr: Positive = 1e-3, beta1: Share = 0.9, beta2: Share = 0.999, eps: NonNegative = 1e-8,
          eps_root: NonNegative = 0.0, weight_decay: NonNegative = 1e-2) -> Recipe:
    """AdamW, Adam with decoupled decay: torch `AdamW`, optax `adamw`."""
    flow = flows.AdamW((1 - beta1) / lr, (1 - beta2) / lr, eps, eps_root=eps_root, decay=weight_decay)
    return recipe(flow, SequentialEuler(), lr, **clocks(c1=beta1, c2=beta2))


@named()
def amsgrad(lr: Positive = 1e-3, beta1: Share = 0.9, beta2: Share = 0.999, eps: NonNegative = 1e-8,
            eps_root: NonNegative = 0.0, corrected_maximum: bool = False, weight_decay: NonNegative = 0.0,
            decoupled_weight_decay: bool = False) -> Recipe:
    """AMSGrad: torch `Adam(amsgrad=True)`; optax `amsgrad` with corrected_maximum=True."""
    flow = flows.AMSGrad((1 - beta1) / lr, (1 - beta2) / lr, eps, eps_root=eps_root, r=1 / lr,
                         corrected_maximum=corrected_maximum)
    return recipe(decayed(flow, weight_decay, decoupled_weight_decay), SequentialEuler(), lr,
                  **clocks(c1=beta1, c2=beta2))


@named()
def adamax(lr: Positive = 2e-3, beta1: Share = 0.9, beta2: Share = 0.999, eps: NonNegative = 1e-8,
           weight_decay: NonNegative = 0.0, decoupled_weight_decay: bool = False) -> Recipe:
    """Adamax: torch `Adamax`, optax `adamax`; with decoupled decay optax `adamaxw`."""
    flow = flows.Adamax((1 - beta1) / lr, (1 - beta2) / lr, 1 / lr, eps)
    return recipe(decayed(flow, weight_decay, decoupled_weight_decay), SequentialEuler(), lr, **clocks(c1=beta1))


@named()
def nadam(lr: Positive = 2e-3, beta1: Share = 0.9, beta2: Share = 0.999, eps: NonNegative = 1e-8,
          momentum_decay: NonNegative = 4e-3, weight_decay: NonNegative = 0.0,
          decoupled_weight_decay: bool = False) -> Recipe:
    """NAdam with Dozat's schedule of the momentum: torch `NAdam`."""
    rho = power(sympy.Rational(24, 25) if is_symbolic(momentum_decay) else 0.96, momentum_decay)
    flow = flows.ScheduledNAdam((1 - beta1) / lr, (1 - beta2) / lr, (1 - rho) / lr, 1 / lr, beta1, rho, eps)
    return recipe(decayed(flow, weight_decay, decoupled_weight_decay), SequentialEuler(), lr,
                  w=lambda n: rho**n, P=lambda product: product, **clocks(c2=beta2))


@named()
def nadam_constant(lr: Positive = 1e-3, beta1: Share = 0.9, beta2: Share = 0.999, eps: NonNegative = 1e-8,
                   eps_root: NonNegative = 0.0, weight_decay: NonNegative = 0.0) -> Recipe:
    """NAdam with constant momentum: optax `nadam`; with decoupled decay optax `nadamw`."""
    flow = flows.NAdam((1 - beta1) / lr, (1 - beta2) / lr, eps, eps_root=eps_root, beta=beta1)
    return recipe(decayed(flow, weight_decay, decoupled=True), SequentialEuler(), lr, **clocks(c1=beta1, c2=beta2))


@named()
def adabelief(lr: Positive = 1e-3, beta1: Share = 0.9, beta2: Share = 0.999, eps: NonNegative = 1e-16,
              eps_root: NonNegative = 1e-16) -> Recipe:
    """AdaBelief: optax `adabelief`."""
    flow = flows.AdaBelief((1 - beta1) / lr, (1 - beta2) / lr, eps, floor=eps_root / lr)
    return recipe(flow, SequentialEuler(), lr, **clocks(c1=beta1, c2=beta2))


@named()
def yogi(lr: Positive = 1e-2, beta1: Share = 0.9, beta2: Share = 0.999, eps: NonNegative = 1e-3,
         initial_accumulator_value: NonNegative = 1e-6) -> Recipe:
    """Yogi: optax `yogi`."""
    flow = flows.Yogi((1 - beta1) / lr, (1 - beta2) / lr, eps, first=initial_accumulator_value)
    return recipe(flow, SequentialEuler(), lr, **clocks(c1=beta1, c2=beta2))


@named()
def adan(lr: Positive = 1e-3, beta1: Share = 0.98, beta2: Share = 0.92, beta3: Share = 0.99, eps: NonNegative = 1e-8,
         eps_root: NonNegative = 1e-8, weight_decay: NonNegative = 0.0) -> Recipe:
    """Adan, with decoupled decay: optax `adan`."""
    flow = flows.Adan((1 - beta1) / lr, (1 - beta2) / lr, (1 - beta3) / lr, 1 / lr, 1 - beta2, eps, eps_root)
    return recipe(decayed(flow, weight_decay, decoupled=True), SequentialEuler(), lr, p=lambda previous: previous,
                  **clocks(c1=beta1, c2=beta2, c3=beta3))


@named()
def qhadam(lr: Positive = 1e-3, beta1: Share = 0.995, beta2: Share = 0.999, nu1: Weight = 0.7, nu2: Weight = 1.0,
           eps: NonNegative = 1e-8) -> Recipe:
    """Quasi-hyperbolic Adam."""
    flow = flows.QHAdam((1 - beta1) / lr, (1 - beta2) / lr, eps, nu1=nu1, nu2=nu2)
    return recipe(flow, SequentialEuler(), lr, **clocks(c1=beta1, c2=beta2))


@named()
def radam(lr: Positive = 1e-3, beta1: Share = 0.9, beta2: Share = 0.999, eps: NonNegative = 1e-8, hat: bool = True,
          weight_decay: NonNegative = 0.0, decoupled_weight_decay: bool = False) -> Recipe:
    """Rectified Adam: torch `RAdam`; optax `radam` with hat=False."""
    flow = flows.RAdam((1 - beta1) / lr, (1 - beta2) / lr, eps, hat=hat, r=1 / lr)
    return recipe(decayed(flow, weight_decay, decoupled_weight_decay), SequentialEuler(), lr,
                  **clocks(c1=beta1, c2=beta2))


@named()
def sophia(lr: Positive = 1e-3, beta1: Share = 0.965, beta2: Share = 0.99, gamma: Positive = 0.01,
           eps: NonNegative = 1e-12, weight_decay: NonNegative = 0.0) -> Recipe:
    """Sophia with the exact diagonal of the Hessian and decoupled decay."""
    flow = flows.Sophia((1 - beta1) / lr, (1 - beta2) / lr, gamma, eps)
    return recipe(decayed(flow, weight_decay, decoupled=True), SequentialEuler(), lr)


@named()
def ademamix(lr: Positive = 1e-3, beta1: Share = 0.9, beta2: Share = 0.999, beta3: Share = 0.9999,
             alpha: NonNegative = 5.0, eps: NonNegative = 1e-8, eps_root: NonNegative = 0.0,
             weight_decay: NonNegative = 0.0) -> Recipe:
    """AdEMAMix of constant α and β₃, with decoupled decay: optax `contrib.ademamix`."""
    a, b, k = rates(lr, False, beta1, beta2, beta3)
    flow = flows.AdEMAMix(a, b, eps, eps_root=eps_root, k=k, alpha=alpha)
    return recipe(decayed(flow, weight_decay, decoupled=True), SequentialEuler(), lr, **clocks(c1=beta1, c2=beta2))


@named()
def adopt(lr: Positive = 1e-3, beta1: Share = 0.9, beta2: Share = 0.9999, eps: NonNegative = 1e-6,
          weight_decay: NonNegative = 0.0) -> Recipe:
    """ADOPT with its clipping and decoupled decay: optax `contrib.adopt`."""
    flow = flows.ADOPT((1 - beta1) / lr, (1 - beta2) / lr, 1 / lr, eps)
    return recipe(decayed(flow, weight_decay, decoupled=True), SequentialEuler(), lr)


@named()
def laprop(lr: Positive = 4e-4, beta1: Share = 0.9, beta2: Share = 0.999, eps: NonNegative = 1e-15,
           weight_decay: NonNegative = 0.0) -> Recipe:
    """LaProp, with decoupled decay: optax `chain(scale_by_rms(bias_correction=True), ema(debias=True), scale)`."""
    flow = flows.LaProp((1 - beta1) / lr, (1 - beta2) / lr, eps)
    return recipe(decayed(flow, weight_decay, decoupled=True), SequentialEuler(), lr, **clocks(c1=beta1, c2=beta2))


@named()
def cautious_adamw(lr: Positive = 1e-3, beta1: Share = 0.9, beta2: Share = 0.999, eps: NonNegative = 1e-8,
                   scaled: bool = True, weight_decay: NonNegative = 0.0) -> Recipe:
    """AdamW of which only the coordinates move that descend (C-AdamW); the decay is decoupled."""
    flow = flows.Cautious(flows.Adam((1 - beta1) / lr, (1 - beta2) / lr, eps), scaled)
    return recipe(decayed(flow, weight_decay, decoupled=True), SequentialEuler(), lr, **clocks(c1=beta1, c2=beta2))


# ------------------------------------------------------------------------------- without a learning rate
@named()
def prodigy(lr: Positive = 1.0, beta1: Share = 0.9, beta2: Share = 0.999, eps: NonNegative = 1e-8, d0: Positive = 1e-6,
            weight_decay: NonNegative = 0.0) -> Recipe:
    """Prodigy: optax `contrib.prodigy(estim_lr0=d0)`; lr multiplies what it finds."""
    a, b, k = rates(lr, False, beta1, beta2, sqrt(beta2))
    flow = flows.Prodigy(a, b, k, 1 / lr, eps, d0, weight_decay)
    return recipe(flow, SequentialEuler(), lr, q=lambda numerator: d0 * numerator, s=lambda grad_sum: d0 * grad_sum,
                  **clocks(c1=beta1, c2=beta2))


@named()
def dadapt_adam(lr: Positive = 1.0, beta1: Share = 0.9, beta2: Share = 0.999, eps: NonNegative = 1e-8,
                d0: Positive = 1e-6, weight_decay: NonNegative = 0.0) -> Recipe:
    """D-Adaptation of Adam: optax `contrib.dadapt_adamw(estim_lr0=d0)`; lr multiplies what it finds."""
    a, b, k = rates(lr, False, beta1, beta2, sqrt(beta2))
    flow = flows.DAdaptation(a, b, k, 1 / lr, eps, d0, weight_decay)
    return recipe(flow, SequentialEuler(), lr, q=lambda numerator: numerator / lr**2, s=lambda grad_sum: grad_sum / lr,
                  m=lambda exp_avg: exp_avg / lr, **clocks(c1=beta1, c2=beta2))


@named()
def dog(lr: Positive = 1.0, reps_rel: Positive = 1e-6, eps: NonNegative = 1e-8,
        weight_decay: NonNegative = 0.0) -> Recipe:
    """Distance over gradients: optax `contrib.dog(init_step=("heuristic", reps_rel))`; lr multiplies what it finds."""
    h = lr * lr
    flow = flows.DoG(1 / h, reps_rel, h * eps)
    return recipe(decayed(flow, weight_decay), SequentialEuler(), h, G=lambda total: h * total)


@named()
def dowg(lr: Positive = 1.0, first: Positive = 1e-4, eps: NonNegative = 1e-4,
         weight_decay: NonNegative = 0.0) -> Recipe:
    """Distance over weighted gradients: optax `contrib.dowg(init_estim_sq_dist=first)`; lr multiplies what it finds."""
    h = lr * lr
    flow = flows.DoWG(1 / h, first, lr * eps)
    return recipe(decayed(flow, weight_decay), SequentialEuler(), h, G=lambda total: h * total)


@named()
def mechanic(lr: Positive = 1.0, s_init: Positive = 1e-6, eps: NonNegative = 1e-8, s_decay: NonNegative = 0.01,
             weight_decay: NonNegative = 0.0) -> Recipe:
    """Mechanic over gradient descent: optax `contrib.mechanize(sgd(lr))`; s_decay is Mechanic's own λ."""
    flow = flows.Mechanic(flows.GradientDescent(), 1 / lr, s_decay, eps, s_init)
    return recipe(decayed(flow, weight_decay), SequentialEuler(), lr)


@named()
def mechanic_adam(lr: Positive = 1.0, beta1: Share = 0.9, beta2: Share = 0.999, eps: NonNegative = 1e-8,
                  s_init: Positive = 1e-6, s_decay: NonNegative = 0.01, weight_decay: NonNegative = 0.0) -> Recipe:
    """Mechanic over AdamW: optax `contrib.mechanize(adamw(lr))`; s_decay is Mechanic's own λ, its ε is 1e-8."""
    base = flows.Adam((1 - beta1) / lr, (1 - beta2) / lr, eps)
    flow = flows.Mechanic(decayed(base, weight_decay, decoupled=True), 1 / lr, s_decay, first=s_init)
    return recipe(flow, SequentialEuler(), lr, **clocks(c1=beta1, c2=beta2))


@named()
def polyak(lr: Positive = 1.0, f_low: Real = 0.0, eps: NonNegative = 0.0) -> Recipe:
    """Polyak's step for a loss of minimum f_low, lr at most: optax `polyak_sgd(lr, f_min=f_low, variant="sps+")`."""
    return recipe(flows.Polyak(lr, f_low, eps), Euler(), 1)


@named()
def momo(lr: Positive = 1.0, beta: Share = 0.9, f_low: Real = 0.0) -> Recipe:
    """MoMo, Polyak's step with momentum, lr at most: optax `contrib.momo(lr, beta, f_low)`."""
    return recipe(flows.MoMo(1 - beta, lr, f_low), SequentialEuler(), 1)


@named()
def momo_adam(lr: Positive = 1e-2, beta1: Share = 0.9, beta2: Share = 0.999, eps: NonNegative = 1e-8,
              f_low: Real = 0.0) -> Recipe:
    """MoMo-Adam, Polyak's step along Adam's direction, lr at most: optax `contrib.momo_adam`."""
    flow = flows.MoMoAdam(1 - beta1, 1 - beta2, eps, largest=lr, low=f_low)
    return recipe(flow, SequentialEuler(), 1, **clocks(c1=beta1, c2=beta2))


# ----------------------------------------------------------------------------------- averages of points
@named()
def schedule_free(lr: Positive = 1.0, beta1: Weight = 0.9, weight_decay: NonNegative = 0.0) -> Recipe:
    """Schedule-free gradient descent, θ where the gradient is taken: optax `contrib.schedule_free_sgd`."""
    return recipe(decayed(flows.ScheduleFree(beta1, lr), weight_decay), SequentialEuler(), lr)


@named()
def schedule_free_adamw(lr: Positive = 2.5e-3, beta1: Weight = 0.9, beta2: Share = 0.999, eps: NonNegative = 1e-8,
                        weight_decay: NonNegative = 0.0) -> Recipe:
    """Schedule-free AdamW, θ where the gradient is taken: optax `contrib.schedule_free_adamw`."""
    flow = flows.ScheduleFreeAdamW(beta1, lr, (1 - beta2) / lr, eps, weight_decay)
    return recipe(flow, SequentialEuler(), lr, **clocks(c2=beta2))


@named()
def madgrad(lr: Positive = 1e-2, momentum: Share = 0.9, eps: NonNegative = 1e-6,
            weight_decay: NonNegative = 0.0) -> Recipe:
    """MADGRAD: optax `contrib.madgrad`."""
    h = power(lr + eps, sympy.Rational(2, 3) if is_symbolic(lr) else 2 / 3)
    return recipe(decayed(flows.MADGRAD((1 - momentum) / h, h, eps), weight_decay), SequentialEuler(), h)


# ------------------------------------------------------------------------------------------ layer by layer
@named()
def muon(lr: Positive = 1e-3, momentum: Share = 0.95, nesterov: bool = True, beta2: Share = 0.999,
         eps: NonNegative = 1e-8, weight_decay: NonNegative = 0.1) -> Recipe:
    """Muon on the matrices of a network, Adam with β₁ = momentum on its vectors, decoupled decay: torch `Muon`."""
    flow = flows.Muon((1 - momentum) / lr, (1 - beta2) / lr, eps, mu=momentum if nesterov else 1)
    return recipe(decayed(flow, weight_decay, decoupled=True), SequentialEuler(), lr,
                  **clocks(c1=momentum, c2=beta2))


@named()
def adafactor(lr: Positive = 1e-2, beta2_decay: Positive = 0.8, eps2: NonNegative = 1e-3, d: Positive = 1.0,
              weight_decay: NonNegative = 0.0) -> Recipe:
    """Adafactor: torch `Adafactor(lr, -beta2_decay, (None, eps2), d, weight_decay)`."""
    return recipe(flows.Adafactor(lr, beta2_decay, eps2=eps2, d=d, decay=weight_decay), SequentialEuler(), 1)


# -------------------------------------------------------------------------------------- curvature
@named()
def newton(lr: Positive = 1.0) -> Recipe:
    """Newton's method (lr = 1)."""
    return recipe(flows.Newton(), Euler(), lr)


@named()
def damped_newton(damping: Positive = 1.0, lr: Positive = 1.0) -> Recipe:
    """Newton's method with H + damping·I."""
    return recipe(flows.DampedNewton(damping), Euler(), lr)


@named()
def gauss_newton(lr: Positive = 1.0) -> Recipe:
    """Gauss–Newton, the natural gradient of least squares (lr = 1)."""
    return recipe(flows.GaussNewton(), Euler(), lr)


@named({"factor": 1})
def lm(damping: Positive = 1.0, factor: Factor = 0.0, diagonal: bool = False) -> Recipe:
    """Levenberg–Marquardt: (JᵀJ + μD) δ = −∇F, μ = damping at first, then by the gain ratio.

    With R the actual over the predicted fall of F: μ·max(1/5, 1 − (4R/3 − 1/3)³) after it fell, else μ·2, 4, 8, …
    The gradient flow with a linearly implicit Euler step h = 1/μ.  factor > 1 is the rule without the gain ratio:
    μ/factor where F falls, else μ·factor.  factor = 1 keeps μ fixed and takes every step: Euler with h = 1 on the flow
    of that damping.  D = I, or diag JᵀJ (Marquardt) with `diagonal`.
    """
    if factor == 1:
        return recipe(flows.LevenbergMarquardt(damping, diagonal), Euler(), 1)
    step = (GainControl(h0=1 / damping, pivot=0.25, least=0.2) if factor == 0
            else EnergyControl(ratio=0.0, h0=1 / damping, shrink=factor, grow=factor))
    return recipe(flows.GradientDescent(), _damped(diagonal), step)


@named()
def lm_gain(damping: Positive = 1.0, diagonal: bool = False) -> Recipe:
    """Levenberg–Marquardt whose damping follows the gain ratio R as Nielsen has it: μ·max(1/3, 1 − (2R − 1)³)."""
    return recipe(flows.GradientDescent(), _damped(diagonal), GainControl(h0=1 / damping))


def _damped(diagonal: bool) -> Scheme:
    return MarquardtEuler() if diagonal else RosenbrockEuler(gauss_newton=True)


# ------------------------------------------------------------------------ corrected: nothing to tune
@named()
def gd_richardson(tol: Positive = 0.1) -> Recipe:
    """The gradient flow by adaptive Euler–Richardson."""
    return recipe(flows.GradientDescent(), EulerRichardson(), ErrorControl(tol=tol))


def spectral(ratio) -> EnergyControl:
    """Spectral first trials, the parabola after a refusal, an average of energies that must fall: no unit, no rate."""
    return EnergyControl(ratio=ratio, h0=None, search="parabola", first="spectral", acceptance="averaged")


@named()
def gd_energy(ratio: Share = 1e-4) -> Recipe:
    """The gradient flow by Euler with steps that F itself controls: spectral ones, of which an average of F falls."""
    return recipe(flows.GradientDescent(), Euler(), spectral(ratio))


@named()
def momentum_energy(c: Positive = 100.0, ratio: Share = 1e-4) -> Recipe:
    """Heavy ball of friction c, in the units of the start, with steps under which F + |v|²/2 falls on average.

    By the exponential map, as the other two below: under Euler h could not pass 1/c, whatever the slope.
    """
    return recipe(flows.Dimensionless(flows.Momentum(c)), ExponentialMap(), spectral(ratio))


@named()
def nesterov_energy(r: Positive = 3.0, ratio: Share = 0.1, grow: Growing = 1.1) -> Recipe:
    """Restarted Nesterov, in the units of the start, with steps under which an average of F + |v|²/2 falls."""
    return recipe(flows.Dimensionless(flows.RestartedNesterov(r)), NesterovStep(),
                  EnergyControl(ratio=ratio, grow=grow, acceptance="averaged"))


@named()
def rmsprop_energy(b: Positive = 1.0, eps: NonNegative = 0.1, ratio: Share = 1e-4) -> Recipe:
    """RMSProp of rate b and ε, in the units of the start, with steps under which F falls on average."""
    return recipe(flows.Dimensionless(flows.RMSProp(b, eps)), ExponentialMap(), spectral(ratio))


@named()
def adam_energy(a: Positive = 10_000.0, b: Positive = 1.0, eps: NonNegative = 0.1, ratio: Share = 1e-4) -> Recipe:
    """Adam of rates a, b and ε without correction, in the units of the start; F + Σ m²/(2aD) falls on average.

    Needs b < 4a.  Corrected, v/c₂ is g² at once and its first step goes along sign g: then half of the starts end where
    gradient descent would not.
    """
    if not b < 4 * a:
        raise ValueError(f"adam-energy: b={b} must be < 4a = {4 * a}: else the energy of the flow need not fall")
    return recipe(flows.Dimensionless(flows.Adam(a, b, eps, correction=False)), ExponentialMap(), spectral(ratio))


@named()
def secant_energy(pairs: Count = 5, average: Share = 0.85) -> Recipe:
    """The gradient flow in a secant metric, L-BFGS's matrix with a scale of its own, by Euler with h ≤ 1, Newton's unit
    of time, under which an average of F falls."""
    control = EnergyControl(ratio=1e-4, h_max=1.0, search="parabola", first="full", acceptance="averaged",
                            average=average)
    return recipe(flows.Secant(int(pairs)), SecantEuler(), control)
