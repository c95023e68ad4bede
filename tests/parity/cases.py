"""Every deterministic optimizer of torch and optax that has a counterpart here: how to build both, and how far they
part.

`measure(case, seed)` follows both for `case.steps` steps on a random smooth problem with random hyperparameters.
"""
import contextlib
import math
import unittest.mock
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

import schemes
from flows import schedules
from networks import Loss
from schemes import Stop

DIM, SEEDS = 6, (0, 1, 2)


@dataclass(frozen=True)
class Case:
    """A library call, its name here, hyperparameters drawn from a generator, and the library's object for them."""

    call: str
    name: str
    draw: Callable
    build: Callable
    steps: int = 200
    bound: float = 1e-12
    why: str = ""
    schedule: Callable | None = None
    shapes: tuple = ()

    @property
    def library(self) -> str:
        return self.call.split(".")[0]

    def ours(self, seed: int):
        hyper = self.draw(np.random.default_rng(seed))
        more = {"schedule": self.schedule(hyper)} if self.schedule else {}
        return schemes.named(self.name, **hyper, **more), hyper


def problem(seed: int) -> tuple[Loss, np.ndarray]:
    """F = b·θ + ½θᵀAθ + ⅓T(θ,θ,θ) + ¼Σθ⁴ with random A ≻ 0, b, T, and a random start."""
    rng = np.random.default_rng([seed, 6])
    root = rng.normal(size=(DIM, DIM))
    A, b, T = root @ root.T / DIM + np.eye(DIM), rng.normal(size=DIM), 0.1 * rng.normal(size=(DIM, DIM, DIM))
    S = (T + T.transpose(1, 0, 2) + T.transpose(2, 1, 0)) / 3

    def value(x):
        return (np.einsum("i,i...->...", b, x) + np.einsum("i...,ij,j...->...", x, A, x) / 2
                + np.einsum("ijk,i...,j...,k...->...", T, x, x, x) / 3 + np.sum(x**4, axis=0) / 4)

    def gradient(x):
        return (b.reshape(-1, *[1] * (x.ndim - 1)) + np.einsum("ij,j...->i...", A, x)
                + np.einsum("ijk,j...,k...->i...", S, x, x) + x**3)

    return Loss.from_callables(DIM, value, gradient, name="quartic"), rng.normal(size=DIM)


def measure(case: Case, seed: int) -> float:
    """The largest deviation between the two over all steps and coordinates, relative to the largest |θ|."""
    loss, start = problem(seed)
    loss.shapes = case.shapes
    optimizer, hyper = case.ours(seed)
    stop = Stop(gradient=0, speed=0, max_steps=case.steps, radius=1e9)
    ours = optimizer.run(loss, start, stop=stop, record=1).y[:DIM]
    theirs = (_torch if case.library == "torch" else _optax)(case.build(hyper), loss, start, case.steps)
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def _torch(build, loss, start, steps) -> np.ndarray:
    import torch

    with _float64(torch):
        shapes = loss.shapes or ((DIM,),)
        ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
        tensors = [torch.tensor(x.reshape(s), requires_grad=True) for x, s in zip(np.split(start, ends), shapes,
                                                                                    strict=True)]
        optimizer, scheduler = build(tensors), None
        if isinstance(optimizer, tuple):
            optimizer, scheduler = optimizer
        path = [start]
        for _ in range(steps):
            for x, g in zip(tensors, np.split(loss.gradient(path[-1]), ends), strict=True):
                x.grad = torch.from_numpy(g.reshape(x.shape))
            optimizer.step()
            if scheduler:
                scheduler.step()
            path.append(np.concatenate([x.detach().numpy().ravel() for x in tensors]))
    return np.array(path).T


@contextlib.contextmanager
def _float64(torch):
    """NAdam keeps its product of momenta in the default type."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _optax(transformation, loss, start, steps) -> np.ndarray:
    import jax
    import optax

    jax.config.update("jax_enable_x64", True)
    step, x = jax.jit(optax.with_extra_args_support(transformation).update), jax.numpy.asarray(start)
    state, path = transformation.init(x), [start]
    for _ in range(steps):
        updates, state = step(jax.numpy.asarray(loss.gradient(path[-1])), state, x, value=loss.value(path[-1]))
        x = x + updates
        path.append(np.array(x))
    return np.array(path).T


# ----------------------------------------------------------------------------------------- what is drawn
def log(low: float, high: float):
    return lambda rng: float(np.exp(rng.uniform(np.log(low), np.log(high))))


def flat(low: float, high: float):
    return lambda rng: float(rng.uniform(low, high))


LR, MOMENTUM, DECAY = log(3e-3, 3e-2), flat(0.5, 0.95), log(1e-3, 1e-1)
SGD = {"lr": LR}
HEAVY = {"lr": LR, "momentum": MOMENTUM}
#: ε not too small and β₂ near 1: else the rest point is unstable (lr·λ/ε > 2(1 + β₁)/(1 − β₁)) and, once near it, any
#: two roundings of the same algorithm part.
ADAM = {"lr": log(3e-3, 1e-2), "beta1": flat(0.5, 0.95), "beta2": flat(0.99, 0.9999), "eps": log(1e-3, 1e-1)}
RMS = {"lr": log(1e-3, 1e-2), "alpha": flat(0.9, 0.999), "eps": log(1e-3, 1e-1)}
ROUGH = "near rest its steps stay of size lr and rounding grows with each change of sign: 50 steps"


#: What the learning-rate-free ones multiply, and their first guess of the distance.
FOUND = {key: ADAM[key] for key in ("beta1", "beta2", "eps")} | {"lr": flat(0.3, 1), "d0": log(1e-6, 1e-2)}
EDGE = "the step grows until the rest point is unstable, where rounding grows from step to step: fewer steps"
STILL = "optax takes no step once |m|² is below the rounding of 1: fewer steps"
LOW = {"f_low": flat(-60, -40)}  #: below every problem's minimum
SLOW = {"beta3": flat(0.999, 0.9999), "alpha": flat(1, 5)}


def drawn(laws: dict, **fixed):
    return lambda rng: {key: law(rng) for key, law in laws.items()} | fixed


def torch_case(call: str, name: str, laws: dict, keywords: Callable | None = None, *, fixed: dict | None = None,
               **more) -> Case:
    """A case of `torch.optim`; keywords(ours) gives torch's keywords beyond those that have the same name here."""
    kind = call.split("(")[0]

    def build(ours):
        import torch

        same = {"lr", "momentum", "dampening", "weight_decay", "alpha", "eps", "rho", "lr_decay", "momentum_decay",
                "initial_accumulator_value", "centered", "lambd", "decoupled_weight_decay"}
        given = {key: value for key, value in ours.items()
                 if key in same - ({"decoupled_weight_decay"} if kind == "AdamW" else set())}
        if "beta1" in ours:
            given["betas"] = ours["beta1"], ours["beta2"]
        given |= keywords(ours) if keywords else {}
        scheduler = given.pop("scheduler", None)

        def make(params):
            optimizer = getattr(torch.optim, kind)(params, **given, foreach=False)
            return (optimizer, scheduler(optimizer)) if scheduler else optimizer

        return make

    return Case(f"torch.optim.{call}", name, drawn(laws, **(fixed or {})), build, **more)


def optax_case(call: str, name: str, laws: dict, make: Callable, *, fixed: dict | None = None, **more) -> Case:
    """A case of optax; make(optax, ours) gives the transformation."""

    def build(ours):
        import optax

        return make(optax, ours)

    return Case(f"optax.{call}", name, drawn(laws, **(fixed or {})), build, **more)


def betas(ours: dict) -> dict:
    return {"b1": ours["beta1"], "b2": ours["beta2"], "eps": ours["eps"]}


def pair(ours: dict) -> tuple:
    return ours["beta1"], ours["beta2"]


def exact_root(ours: dict) -> Callable:
    """A learning rate that makes optax's (lr + ε)√n, whose root it takes in single precision, the exact one."""
    def rate(count):
        import jax.numpy as jnp

        n = count + 1
        return (ours["lr"] + ours["eps"]) * jnp.sqrt(n.astype(float)) / jnp.sqrt(n) - ours["eps"]

    return rate


def cosine(steps):
    def scheduler(optimizer):
        import torch

        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)

    return scheduler


def exponential(gamma):
    def scheduler(optimizer):
        import torch

        return torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma)

    return scheduler


def warm(steps):
    def scheduler(optimizer):
        import torch

        return torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=steps)

    return scheduler


class Together:
    """Several optimizers that step at once, as one; Muon's bfloat16 is double precision."""

    def __init__(self, *optimizers):
        self.optimizers = optimizers

    def step(self):
        import torch

        with unittest.mock.patch.object(torch.Tensor, "bfloat16", torch.Tensor.clone):
            for optimizer in self.optimizers:
                optimizer.step()


def muon(ours: dict) -> Callable:
    """torch's Muon of the matrices, AdamW of the vectors."""
    import torch

    decay, nesterov = {"weight_decay": ours["weight_decay"]}, {"nesterov": ours.get("nesterov", True)}

    def make(tensors):
        matrices, vectors = ([x for x in tensors if (x.ndim == 2) is matrix] for matrix in (True, False))
        return Together(
            torch.optim.Muon(matrices, ours["lr"], momentum=ours["momentum"], **nesterov, **decay),
            torch.optim.AdamW(vectors, ours["lr"], (ours["momentum"], ours["beta2"]), ours["eps"], **decay))

    return make


def three_balls(ours: dict) -> Callable:
    """Heavy balls of a third of lr that push the same parameters."""
    import torch

    return lambda tensors: Together(*(torch.optim.SGD(tensors, ours["lr"] / 3, ours[beta])
                                      for beta in ("beta1", "beta2", "beta3")))


def nesterovs(rng) -> dict:
    """Quasi-hyperbolic momentum that is Nesterov's."""
    momentum = MOMENTUM(rng)
    return {"lr": LR(rng) / (1 - momentum), "momentum": momentum, "nu": momentum}


TENSORS = {"shapes": ((2, 1), (1, 2), (2,))}
MUON = {"lr": LR, "momentum": MOMENTUM, "beta2": ADAM["beta2"], "eps": ADAM["eps"], "weight_decay": DECAY}
FACTOR = {"lr": log(1e-3, 1e-1), "weight_decay": DECAY, "eps2": log(1e-3, 1e-1), "d": flat(1, 1.5)}


def factored(ours: dict) -> dict:
    return {"beta2_decay": -ours["beta2_decay"], "eps": (None, ours["eps2"]), "d": ours["d"]}


TORCH = [
    torch_case("SGD(lr)", "gd", SGD),
    torch_case("SGD(lr, weight_decay)", "gd", SGD | {"weight_decay": DECAY}),
    torch_case("SGD(lr, momentum)", "momentum", HEAVY),
    torch_case("SGD(lr, momentum), averaged form", "momentum-ema", HEAVY),
    torch_case("SGD(lr, momentum), exponential map", "momentum-ema", HEAVY, fixed={"exponential": True}),
    torch_case("SGD(lr, momentum, weight_decay)", "momentum", HEAVY | {"weight_decay": DECAY}),
    torch_case("SGD(lr, momentum, dampening)", "momentum", HEAVY | {"dampening": flat(0.05, 0.5)}),
    torch_case("SGD(lr, momentum, dampening, weight_decay)", "momentum",
               HEAVY | {"dampening": flat(0.05, 0.5), "weight_decay": DECAY}),
    torch_case("SGD(lr, momentum, nesterov=True)", "nesterov", HEAVY, lambda ours: {"nesterov": True}),
    torch_case("SGD(lr, momentum, weight_decay, nesterov=True)", "nesterov",
               HEAVY | {"weight_decay": DECAY}, lambda ours: {"nesterov": True}),
    torch_case("ASGD(lr, lambd, alpha)", "asgd", SGD | {"lambd": log(1e-2, 1), "alpha": flat(0.5, 0.9)}),
    torch_case("Adagrad(lr, initial_accumulator_value, eps)", "adagrad",
               {"lr": log(1e-2, 3e-1), "eps": log(1e-10, 1e-3), "initial_accumulator_value": flat(0, 0.2)}),
    torch_case("Adagrad(lr, lr_decay, weight_decay)", "adagrad",
               {"lr": log(1e-2, 3e-1), "lr_decay": log(1e-3, 1e-1), "weight_decay": DECAY}),
    torch_case("RMSprop(lr, alpha, eps)", "rmsprop", RMS, steps=50, why=ROUGH),
    torch_case("RMSprop(lr, alpha, eps), exponential map", "rmsprop", RMS, fixed={"exponential": True}, steps=50,
               why=ROUGH),
    torch_case("RMSprop(lr, alpha, eps, weight_decay)", "rmsprop", RMS | {"weight_decay": DECAY}, steps=50, why=ROUGH),
    torch_case("RMSprop(lr, alpha, eps, centered=True)", "rmsprop", RMS, fixed={"centered": True}, steps=50, why=ROUGH),
    torch_case("RMSprop(lr, alpha, eps, momentum)", "rmsprop", RMS | {"momentum": MOMENTUM}, steps=50, why=ROUGH),
    torch_case("RMSprop(lr, alpha, eps, momentum, centered=True)", "rmsprop", RMS | {"momentum": MOMENTUM},
               fixed={"centered": True}, steps=50, why=ROUGH),
    torch_case("Adadelta(lr, rho, eps)", "adadelta",
               {"lr": flat(0.05, 0.2), "rho": flat(0.8, 0.99), "eps": log(1e-6, 1e-3)}),
    torch_case("Adadelta(lr, rho, eps, weight_decay)", "adadelta",
               {"lr": flat(0.05, 0.2), "rho": flat(0.8, 0.99), "eps": log(1e-6, 1e-3), "weight_decay": DECAY}),
    torch_case("Adam(lr)", "adam", {"lr": log(1e-3, 1e-2)}),
    torch_case("Adam(lr, betas, eps)", "adam", ADAM),
    torch_case("Adam(lr, betas, eps), exponential map", "adam", ADAM, fixed={"exponential": True}),
    torch_case("Adam(lr, betas, eps, weight_decay)", "adam", ADAM | {"weight_decay": DECAY}),
    torch_case("Adam(lr, betas, eps, amsgrad=True)", "amsgrad", ADAM, lambda ours: {"amsgrad": True}),
    torch_case("AdamW(lr)", "adamw", {"lr": log(1e-3, 1e-2)}),
    torch_case("AdamW(lr, betas, eps, weight_decay)", "adamw", ADAM | {"weight_decay": DECAY}),
    torch_case("AdamW(lr, betas, eps, weight_decay, amsgrad=True)", "amsgrad", ADAM | {"weight_decay": DECAY},
               lambda ours: {"amsgrad": True}, fixed={"decoupled_weight_decay": True}),
    torch_case("Adamax(lr, betas, eps)", "adamax", ADAM),
    torch_case("Adamax(lr, betas, eps, weight_decay)", "adamax", ADAM | {"weight_decay": DECAY}),
    torch_case("NAdam(lr, betas, eps, momentum_decay)", "nadam", ADAM | {"momentum_decay": log(1e-3, 1e-1)}),
    torch_case("NAdam(…, weight_decay, decoupled_weight_decay=True)", "nadam", ADAM | {"weight_decay": DECAY},
               fixed={"decoupled_weight_decay": True}),
    torch_case("RAdam(lr, betas, eps)", "radam", ADAM),
    torch_case("RAdam(…, weight_decay, decoupled_weight_decay=True)", "radam", ADAM | {"weight_decay": DECAY},
               fixed={"decoupled_weight_decay": True}),
    torch_case("Rprop(lr, etas, step_sizes)", "rprop",
               {"lr": LR, "eta_minus": flat(0.3, 0.7), "eta_plus": flat(1.1, 1.4)},
               lambda ours: {"etas": (ours["eta_minus"], ours["eta_plus"])}),
    replace(torch_case("SGD(lr, momentum, nesterov=True), quasi-hyperbolic form", "qhm", {}, lambda ours: {
        "nesterov": True, "lr": ours["lr"] * (1 - ours["momentum"])}), draw=nesterovs),
    Case("torch.optim.SGD(lr, momentum), three on the same parameters", "aggmo",
         drawn({"lr": LR, "beta1": flat(0, 0.5), "beta2": flat(0.5, 0.9), "beta3": flat(0.9, 0.99)}), three_balls),
    Case("torch.optim.Muon(lr, weight_decay, momentum) with AdamW", "muon", drawn(MUON), muon, steps=50, why=ROUGH,
         **TENSORS),
    Case("torch.optim.Muon(…, nesterov=False) with AdamW", "muon", drawn(MUON, nesterov=False), muon, steps=50,
         why=ROUGH, **TENSORS),
    torch_case("Adafactor(lr, beta2_decay, eps, d, weight_decay)", "adafactor", FACTOR | {"beta2_decay": flat(0.5, 1)},
               factored, shapes=((3, 2),), steps=50, why=ROUGH),
    torch_case("Adafactor(lr), matrices and a vector", "adafactor", {"lr": log(1e-3, 1e-1)}, steps=50, why=ROUGH,
               **TENSORS),
    torch_case("SGD(lr) with CosineAnnealingLR", "gd", SGD, lambda ours: {"scheduler": cosine(200)},
               schedule=lambda ours: schedules.Cosine(200 * ours["lr"])),
    torch_case("SGD(lr, momentum) with LinearLR", "momentum", HEAVY, lambda ours: {"scheduler": warm(50)},
               schedule=lambda ours: schedules.Warmup(50 * ours["lr"]**0.5, 0.1)),
    torch_case("Adam(lr, betas, eps) with ExponentialLR", "adam", ADAM, lambda ours: {"scheduler": exponential(0.98)},
               schedule=lambda ours: schedules.Exponential(-np.log(0.98) / ours["lr"])),
]

OPTAX = [
    optax_case("sgd(lr)", "gd", SGD, lambda ox, ours: ox.sgd(ours["lr"])),
    optax_case("sgd(lr, momentum)", "momentum", HEAVY, lambda ox, ours: ox.sgd(ours["lr"], ours["momentum"])),
    optax_case("sgd(lr, momentum, nesterov=True)", "nesterov",
               HEAVY, lambda ox, ours: ox.sgd(ours["lr"], ours["momentum"], True)),
    optax_case("chain(normalize_by_update_norm, scale)", "normalised-gd",
               SGD | {"eps": log(1e-3, 1e-1)}, lambda ox, ours: ox.chain(
        ox.normalize_by_update_norm(eps=ours["eps"]), ox.scale(-ours["lr"]))),
    optax_case("sign_sgd(lr)", "signsgd", SGD, lambda ox, ours: ox.sign_sgd(ours["lr"])),
    optax_case("chain(ema, scale_by_sign, scale)", "signum", HEAVY, lambda ox, ours: ox.chain(
        ox.ema(ours["momentum"], debias=False), ox.scale_by_sign(), ox.scale(-ours["lr"]))),
    optax_case("lion(lr, b1, b2, weight_decay)", "lion",
               {key: ADAM[key] for key in ("lr", "beta1", "beta2")} | {"weight_decay": DECAY},
               lambda ox, ours: ox.lion(ours["lr"], ours["beta1"], ours["beta2"], weight_decay=ours["weight_decay"])),
    optax_case("adagrad(lr, initial_accumulator_value, eps)", "adagrad",
               {"lr": log(1e-2, 3e-1), "eps_root": log(1e-7, 1e-3), "initial_accumulator_value": flat(0.01, 0.2)},
               lambda ox, ours: ox.adagrad(ours["lr"], ours["initial_accumulator_value"], ours["eps_root"]),
               fixed={"eps": 0.0}),
    optax_case("rmsprop(lr, decay, eps)", "rmsprop",
               {key: RMS[key] for key in ("lr", "alpha")} | {"eps_root": RMS["eps"]},
               lambda ox, ours: ox.rmsprop(ours["lr"], ours["alpha"], ours["eps_root"]), fixed={"eps": 0.0}),
    optax_case("rmsprop(lr, decay, eps, eps_in_sqrt=False)", "rmsprop", RMS, steps=50, why=ROUGH,
               make=lambda ox, ours: ox.rmsprop(ours["lr"], ours["alpha"], ours["eps"], eps_in_sqrt=False)),
    optax_case("rmsprop(lr, decay, eps, centered=True)", "rmsprop",
               {key: RMS[key] for key in ("lr", "alpha")} | {"eps_root": RMS["eps"]},
               lambda ox, ours: ox.rmsprop(ours["lr"], ours["alpha"], ours["eps_root"], centered=True),
               fixed={"eps": 0.0, "centered": True}),
    optax_case("rmsprop(lr, decay, eps, momentum)", "rmsprop",
               {key: RMS[key] for key in ("lr", "alpha")} | {"eps_root": RMS["eps"], "momentum": MOMENTUM},
               lambda ox, ours: ox.rmsprop(ours["lr"], ours["alpha"], ours["eps_root"], momentum=ours["momentum"]),
               fixed={"eps": 0.0}),
    optax_case("adadelta(lr, rho, eps)", "adadelta",
               {"lr": flat(0.05, 0.2), "rho": flat(0.8, 0.99), "eps": log(1e-6, 1e-3)},
               lambda ox, ours: ox.adadelta(ours["lr"], ours["rho"], ours["eps"])),
    optax_case("adam(lr)", "adam", {"lr": log(1e-3, 1e-2)}, lambda ox, ours: ox.adam(ours["lr"])),
    optax_case("adam(lr, b1, b2, eps)", "adam", ADAM, lambda ox, ours: ox.adam(ours["lr"], **betas(ours))),
    optax_case("adam(lr, b1, b2, eps, eps_root)", "adam", ADAM | {"eps_root": log(1e-8, 1e-3)},
               lambda ox, ours: ox.adam(ours["lr"], eps_root=ours["eps_root"], **betas(ours))),
    optax_case("adamw(lr, b1, b2, eps, weight_decay)", "adamw", ADAM | {"weight_decay": DECAY},
               lambda ox, ours: ox.adamw(ours["lr"], weight_decay=ours["weight_decay"], **betas(ours))),
    optax_case("amsgrad(lr, b1, b2, eps)", "amsgrad", ADAM, lambda ox, ours: ox.amsgrad(ours["lr"], **betas(ours)),
               fixed={"corrected_maximum": True}),
    optax_case("adamax(lr, b1, b2, eps)", "adamax", ADAM, lambda ox, ours: ox.adamax(ours["lr"], **betas(ours))),
    optax_case("adamaxw(lr, b1, b2, eps, weight_decay)", "adamax", ADAM | {"weight_decay": DECAY},
               lambda ox, ours: ox.adamaxw(ours["lr"], weight_decay=ours["weight_decay"], **betas(ours)),
               fixed={"decoupled_weight_decay": True}),
    optax_case("nadam(lr, b1, b2, eps)", "nadam-constant", ADAM, lambda ox, ours: ox.nadam(ours["lr"], **betas(ours))),
    optax_case("nadamw(lr, b1, b2, eps, weight_decay)", "nadam-constant", ADAM | {"weight_decay": DECAY},
               lambda ox, ours: ox.nadamw(ours["lr"], weight_decay=ours["weight_decay"], **betas(ours))),
    optax_case("adabelief(lr, b1, b2, eps, eps_root)", "adabelief", ADAM | {"eps_root": log(1e-8, 1e-4)},
               lambda ox, ours: ox.adabelief(ours["lr"], eps_root=ours["eps_root"], **betas(ours))),
    optax_case("yogi(lr, b1, b2, eps)", "yogi", ADAM, lambda ox, ours: ox.yogi(ours["lr"], **betas(ours))),
    optax_case("adan(lr, b1, b2, b3, eps, eps_root, weight_decay)", "adan",
               ADAM | {"beta3": flat(0.95, 0.999), "eps_root": log(1e-8, 1e-3), "weight_decay": DECAY},
               lambda ox, ours: ox.adan(ours["lr"], b3=ours["beta3"], eps_root=ours["eps_root"],
                                        weight_decay=ours["weight_decay"], **betas(ours))),
    optax_case("radam(lr, b1, b2, eps)", "radam", ADAM, lambda ox, ours: ox.radam(ours["lr"], **betas(ours)),
               fixed={"hat": False}),
    optax_case("contrib.prodigy(lr, betas, eps, estim_lr0, weight_decay)", "prodigy", FOUND | {"weight_decay": DECAY},
               lambda ox, ours: ox.contrib.prodigy(ours["lr"], pair(ours), eps=ours["eps"], estim_lr0=ours["d0"],
                                                   weight_decay=ours["weight_decay"]),
               steps=100, why=EDGE),
    optax_case("contrib.schedule_free_adamw()", "schedule-free-adamw", {},
               lambda ox, ours: ox.contrib.schedule_free_adamw()),
    optax_case("signum(lr, beta)", "signum", HEAVY, lambda ox, ours: ox.signum(ours["lr"], ours["momentum"])),
    optax_case("contrib.prodigy()", "prodigy", {}, lambda ox, ours: ox.contrib.prodigy()),
    optax_case("contrib.dadapt_adamw(lr, betas, eps, estim_lr0, weight_decay)", "dadapt-adam",
               FOUND | {"weight_decay": DECAY},
               lambda ox, ours: ox.contrib.dadapt_adamw(ours["lr"], pair(ours), ours["eps"], ours["d0"],
                                                        ours["weight_decay"]),
               steps=100, why=EDGE),
    optax_case("contrib.dog(lr, init_step, eps)", "dog", {"lr": flat(0.3, 1), "reps_rel": log(1e-6, 1e-2),
                                                          "eps": log(1e-8, 1e-2)},
               lambda ox, ours: ox.contrib.dog(ours["lr"], ("heuristic", ours["reps_rel"]), ours["eps"])),
    optax_case("contrib.dog(lr, weight_decay)", "dog", {"lr": flat(0.3, 1), "weight_decay": DECAY},
               lambda ox, ours: ox.contrib.dog(ours["lr"], weight_decay=ours["weight_decay"])),
    optax_case("contrib.dowg(lr, init_estim_sq_dist, eps)", "dowg", {"lr": flat(0.3, 1), "first": log(1e-6, 1e-2),
                                                                     "eps": log(1e-6, 1e-2)},
               lambda ox, ours: ox.contrib.dowg(ours["lr"], ours["first"], ours["eps"])),
    optax_case("contrib.dowg(lr, weight_decay)", "dowg", {"lr": flat(0.3, 1), "weight_decay": DECAY},
               lambda ox, ours: ox.contrib.dowg(ours["lr"], weight_decay=ours["weight_decay"])),
    optax_case("contrib.mechanize(sgd(lr))", "mechanic", {"lr": flat(0.3, 1), "s_init": log(1e-6, 1e-3),
                                                         "s_decay": DECAY},
               lambda ox, ours: ox.contrib.mechanize(ox.sgd(ours["lr"]), ours["s_decay"], s_init=ours["s_init"]),
               steps=30, why=EDGE),
    optax_case("contrib.mechanize(adamw(lr, b1, b2, eps, weight_decay))", "mechanic-adam",
               ADAM | {"s_init": log(1e-6, 1e-3), "s_decay": DECAY, "weight_decay": DECAY},
               lambda ox, ours: ox.contrib.mechanize(ox.adamw(ours["lr"], weight_decay=ours["weight_decay"],
                                                              **betas(ours)), ours["s_decay"], s_init=ours["s_init"]),
               steps=50, why=EDGE),
    optax_case("polyak_sgd(max_learning_rate, f_min, eps)", "polyak", LOW | {"lr": flat(0.3, 1), "eps": log(1e-3, 1)},
               lambda ox, ours: ox.polyak_sgd(ours["lr"], f_min=ours["f_low"], eps=ours["eps"], variant="sps+"),
               steps=10, why=EDGE),
    optax_case("contrib.momo(lr, beta, lower_bound)", "momo", LOW | {"lr": log(3e-2, 1), "beta": flat(0.5, 0.95)},
               lambda ox, ours: ox.contrib.momo(ours["lr"], ours["beta"], ours["f_low"]),
               steps=70, why=STILL),
    optax_case("contrib.momo_adam(lr, b1, b2, eps, lower_bound)", "momo-adam", ADAM | LOW,
               lambda ox, ours: ox.contrib.momo_adam(ours["lr"], lower_bound=ours["f_low"], **betas(ours))),
    optax_case("contrib.schedule_free_sgd(lr, b1)", "schedule-free", SGD | {"beta1": flat(0.5, 0.95)},
               lambda ox, ours: ox.contrib.schedule_free_sgd(ours["lr"], b1=ours["beta1"])),
    optax_case("contrib.schedule_free_sgd(lr, b1, weight_decay)", "schedule-free",
               SGD | {"beta1": flat(0.5, 0.95), "weight_decay": DECAY},
               lambda ox, ours: ox.contrib.schedule_free_sgd(ours["lr"], b1=ours["beta1"],
                                                             weight_decay=ours["weight_decay"])),
    optax_case("contrib.schedule_free_adamw(lr, b1, b2, eps, weight_decay)", "schedule-free-adamw",
               ADAM | {"weight_decay": DECAY},
               lambda ox, ours: ox.contrib.schedule_free_adamw(ours["lr"], weight_decay=ours["weight_decay"],
                                                               **betas(ours))),
    optax_case("contrib.ademamix(lr, b1, b2, b3, alpha, eps)", "ademamix", ADAM | SLOW,
               lambda ox, ours: ox.contrib.ademamix(ours["lr"], b3=ours["beta3"], alpha=ours["alpha"], **betas(ours))),
    optax_case("contrib.ademamix(lr, b1, b2, b3, alpha, eps, eps_root, weight_decay)", "ademamix",
               ADAM | SLOW | {"eps_root": log(1e-8, 1e-3), "weight_decay": DECAY},
               lambda ox, ours: ox.contrib.ademamix(ours["lr"], b3=ours["beta3"], alpha=ours["alpha"],
                                                    eps_root=ours["eps_root"], weight_decay=ours["weight_decay"],
                                                    **betas(ours))),
    optax_case("contrib.adopt(lr, b1, b2, eps)", "adopt", ADAM,
               lambda ox, ours: ox.contrib.adopt(ours["lr"], **betas(ours))),
    optax_case("chain(scale_by_rms, ema, scale): LaProp", "laprop", ADAM, lambda ox, ours: ox.chain(
        ox.scale_by_rms(ours["beta2"], ours["eps"], eps_in_sqrt=False, bias_correction=True),
        ox.ema(ours["beta1"], debias=True), ox.scale(-ours["lr"]))),
    optax_case("optimistic_gradient_descent(lr, alpha, beta)", "optimistic",
               SGD | {"alpha": flat(0.5, 1.5), "beta": flat(0.5, 1.5)},
               lambda ox, ours: ox.optimistic_gradient_descent(ours["lr"], ours["alpha"], ours["beta"])),
    optax_case("contrib.madgrad(lr, momentum, weight_decay, eps)", "madgrad",
               {"lr": log(1e-2, 1e-1), "momentum": MOMENTUM, "weight_decay": DECAY, "eps": log(1e-6, 1e-3)},
               lambda ox, ours: ox.contrib.madgrad(exact_root(ours), ours["momentum"], ours["weight_decay"],
                                                   ours["eps"])),
]
CASES = TORCH + OPTAX
