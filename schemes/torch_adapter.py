"""Optimizers of this package as `torch.optim.Optimizer`."""
from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np

from arithmetic import Descended
from flows import Scheduled

from .loop import Problem
from .outcome import Stop
from .pairs import Optimizer, described, named
from .remade import Remade

ALSO = {"params", "param_names", "name", "initial_lr"}  # what torch and its users keep in a group besides options
TOLERANCE = 1e-9  # within which two runs of six steps, of the same algorithm, agree


def as_torch_optimizer(optimizer: Optimizer) -> type:
    """A `torch.optim.Optimizer` class of an optimizer: `as_torch_optimizer(named("gd-energy"))(model.parameters())`.

    `step(closure)` is one trial, accepted or refused, of the same map as everywhere else; the closure clears the
    gradients, computes the loss, calls `backward()` and returns the loss, as L-BFGS wants it, and is called at each
    point that the trial looks at: once for the classic optimizers, twice for the corrected ones.  A classic one takes
    `step()` too, after `backward()`.  Where the closure raises, the parameters are those before the step.

    Options are torch's: `maximize=True`, and for the classic ones the hyperparameters, for all parameters or in a group
    of its own, each group a run of its own.  Their `lr` may change between steps, as by `torch.optim.lr_scheduler`,
    where it is a factor of the step and nothing else (not for ASGD or Rprop); no other hyperparameter may.  A corrected
    optimizer has no options but `maximize`, and its step is one of all groups together.

    A parameter that is frozen or has no gradient is no part of a step: it keeps its value and its memory, but for the
    clocks, which are those of its group.  The memory is kept in double precision whatever the parameters' precision;
    `state_dict` holds all of it, and that of another algorithm is refused.  The class and its instances can be pickled.
    Needs the extra `torch`.

    Raises TypeError for what is not an Optimizer, ImportError where torch is missing.
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"as_torch_optimizer: the optimizer must come from named(...) or pair(...), got {optimizer!r}")
    name = "".join(word.capitalize() for word in str(optimizer).split("(")[0].split("-"))
    return Remade(name, (torch_base(),), {"optimizer": optimizer, "made_by": (as_torch_optimizer, (optimizer,)),
                                          "__doc__": f"{optimizer}, as a torch optimizer."})


@functools.cache
def torch_base() -> type:
    try:
        import torch
    except ImportError as error:
        raise ImportError("as_torch_optimizer needs PyTorch, which is not installed: "
                          "pip install 'optiflows[torch]'") from error

    class TorchOptimizer(torch.optim.Optimizer, metaclass=Remade):
        optimizer: Optimizer

        def __init__(self, params, **options):
            defaults = {**_hyperparameters(self.optimizer), "maximize": False, "algorithm": _words(self.optimizer)}
            self._check_options(options, defaults)
            super().__init__(params, defaults | options)

        def _check_options(self, options, known):
            if unknown := sorted(set(options) - set(known) - ALSO):
                chosen = "" if _hyperparameters(self.optimizer) else ": its hyperparameters are those it was made with"
                raise ValueError(f"{type(self).__name__} has no option {', '.join(unknown)}{chosen}; it has "
                                 f"{', '.join(sorted(set(known) - {'algorithm'}))}")

        def add_param_group(self, param_group):
            self._check_options(param_group, self.defaults)
            super().add_param_group(param_group)
            group = self.param_groups[-1]
            bad = next((p for p in group["params"] if not p.is_floating_point() or p.is_sparse), None)
            if bad is not None:
                raise TypeError(f"{type(self).__name__}: parameters must be dense real tensors, got {bad.dtype}, "
                                f"{bad.layout}")
            _algorithm(self.optimizer, group, {})

        def load_state_dict(self, state_dict):
            """Goes on from the state of the same algorithm; ValueError for that of another one, or other parameters."""
            ours = self.defaults["algorithm"]
            if theirs := {group.get("algorithm") for group in state_dict["param_groups"]} - {ours}:
                raise ValueError(f"{type(self).__name__}: the loaded state is of another optimizer, "
                                 f"{', '.join(map(str, theirs))}, not of {ours}")
            for key, params, _ in self._parts():
                kept, count = state_dict["state"].get(key), sum(p.numel() for p in params)
                if kept and len(kept["started"]) != count:
                    raise ValueError(f"{type(self).__name__}: the loaded state is of {len(kept['started'])} "
                                     f"parameters, {key} has {count}: the model is another")
            super().load_state_dict(state_dict)

        def _parts(self):
            """What takes a step of its own: (key in the state, parameters, options)."""
            if _hyperparameters(self.optimizer):
                return [(f"group {k}", group["params"], group) for k, group in enumerate(self.param_groups)]
            return [("group 0", [p for group in self.param_groups for p in group["params"]], self.param_groups[0])]

        @torch.no_grad()
        def step(self, closure=None):
            """One trial; returns the closure's loss at the parameters before it, None without a closure."""
            if len({group["maximize"] for group in self.param_groups}) > 1 and not _hyperparameters(self.optimizer):
                raise ValueError(f"{type(self).__name__}: maximize must be the same for all groups, whose step is one")
            if closure is None and self.optimizer.step.adaptive:
                raise _needs_closure()
            evaluate = None if closure is None else torch.enable_grad()(closure)
            value = None if evaluate is None else _loss_of(evaluate)
            parts = self._parts()
            for key, params, group in parts:
                kept = self.state.get(key)
                flow, scheme, control, first = _algorithm(self.optimizer, group, kept["first"] if kept else {})
                moved = [p.requires_grad and p.grad is not None for p in params]
                if any(moved):
                    loss = _ClosureLoss([p for p, m in zip(params, moved, strict=True) if m], value,
                                        evaluate if len(parts) == 1 else None, -1.0 if group["maximize"] else 1.0)
                    where = np.repeat(moved, [p.numel() for p in params])
                    self.state[key] = {**_trial(flow, scheme, control, loss, where, kept), "first": first}
            return value

        @property
        def control(self) -> dict[str, float]:
            """What step control keeps, by name: the next step h, the time t and the steps accepted, or the steps n.

            Of the first group, where each takes steps of its own.
            """
            start = self.optimizer.step.start()
            kept = self.state.get("group 0", {})
            return {name: float(kept.get(f"control {name}", value)) for name, value in start.items()}

    return TorchOptimizer


def _hyperparameters(optimizer: Optimizer) -> dict:
    """Those that a group may have values of its own for: of a classic optimizer by name."""
    return {} if optimizer.recipe is None or optimizer.step.adaptive else optimizer.hyperparameters


def _words(optimizer: Optimizer) -> str:
    """What a state must be of to go on from; the hyperparameters that groups hold are no part of it."""
    schedule = optimizer.schedule and f", {getattr(optimizer.schedule, '__qualname__', repr(optimizer.schedule))}"
    name = optimizer.name.partition("(")[0] + (schedule or "") if _hyperparameters(optimizer) else str(optimizer)
    return f"{name}: {described(optimizer.flow.plain)} + {type(optimizer.scheme).__name__} + " \
           f"{type(optimizer.step).__name__}"


def _algorithm(optimizer: Optimizer, group: dict, first: dict) -> tuple:
    """(flow, scheme, step) of a group's hyperparameters, and those that its memory is in units of.

    first : those of its first step.  If the lr is another one since, displacements are multiplied by the quotient.
    """
    now = {name: group[name] for name in _hyperparameters(optimizer)}
    if not now:
        return optimizer.flow, optimizer.scheme, optimizer.step, {}
    name = optimizer.name.partition("(")[0]
    if "lr" in now:
        now["lr"] = float(now["lr"])
        if not 0 <= now["lr"] < math.inf:
            raise ValueError(f"{name}: lr={now['lr']} must be >= 0 and finite")
        if not first:  # a warm-up may start from 0
            first = now | {"lr": now["lr"] or float(group.get("initial_lr", optimizer.hyperparameters["lr"]))}
    first = first or now
    if changed := [key for key in now if key != "lr" and now[key] != first[key]]:
        raise ValueError(f"{name}: {changed[0]} was {first[changed[0]]} at the first step and is {now[changed[0]]}: of "
                         "the hyperparameters only lr may change between steps")
    made = named(name, schedule=optimizer.schedule, **first)
    if "lr" not in now or now["lr"] == first["lr"]:
        return made.flow, made.scheme, made.step, first
    if not _lr_is_a_factor(name, tuple(first.items())):
        raise ValueError(f"{name}: lr was {first['lr']} at the first step and is {now['lr']}, but here it is no factor "
                         "of the step alone, so that it may not change: leave out the lr_scheduler")
    factor = now["lr"] / first["lr"]
    return Scheduled(made.flow, lambda t: factor), made.scheme, made.step, first


@functools.lru_cache(maxsize=64)
def _lr_is_a_factor(name: str, values: tuple) -> bool:
    """Whether twice the lr is the same as twice every displacement: by six steps of each, early and late.

    An algorithm whose lr is not in its step h uses it at the start alone.
    """
    one, two = (named(name, **dict(values) | {"lr": scale * dict(values)["lr"]}) for scale in (1, 2))
    if one.step == two.step:
        return False
    doubled = dataclasses.replace(one, flow=Scheduled(one.flow, lambda t: 2.0))
    size, rng = dict(values)["lr"], np.random.default_rng(0)
    start, gradients = size * rng.normal(size=(3, 1)), rng.normal(size=(6, 3, 1))
    ends = np.array([[_following(made, start, gradients, late) for late in (0.0, 1e6)] for made in (doubled, two)])
    return bool(np.abs(ends[0] - ends[1]).max() <= TOLERANCE * np.abs(ends).max())


def _following(optimizer: Optimizer, start: np.ndarray, gradients: np.ndarray, count: float) -> np.ndarray:
    """Where an optimizer goes that is given these gradients, whatever θ is, its step counter starting from `count`."""
    loss = _Given(gradients[0])
    problem = Problem(optimizer.flow.on(loss), optimizer.scheme, optimizer.step, Stop())
    z = problem.start(problem.field.start(start))
    z[-1] = count
    with np.errstate(all="ignore"):
        for loss.now in gradients:
            z = np.array([np.broadcast_to(row, (1,)) for row in problem.step(z).rows])
    return problem.field.theta(z)


class _Given(Descended):
    """A loss whose gradient is `now`, everywhere."""

    name = "the probe of the lr"

    def __init__(self, gradient: np.ndarray):
        self.dim, self.now = len(gradient), gradient

    def gradient(self, theta):
        return self.now


def _trial(flow, scheme, step, loss: _ClosureLoss, where: np.ndarray, kept: dict | None) -> dict:
    """One trial on the parameters of `loss`, which are those at `where` of a group; the memory of the group after it.

    kept : the memory before it, of all parameters of the group: tensors by the names of its blocks, `control …` what
    step control keeps, `started` which parameters have been part of a step.
    """
    import torch

    problem = Problem(flow.on(loss), scheme, step, Stop(), kept=False)  # a batch has a loss of its own
    field, count = problem.field, len(where)
    z = problem.start(field.start(loss.theta[:, None]))[:, 0]
    places = {str(name): place for name, place in field.blocks.items() if name != "theta"}
    each = {name for name, place in places.items() if isinstance(place, slice)}
    places |= {f"control {name}": field.size + k for k, name in enumerate(problem.memory)}
    before = {} if kept is None else {name: kept[name].numpy() for name in places}
    started = np.zeros(count, dtype=bool) if kept is None else kept["started"].numpy()
    for name, values in before.items():
        z[places[name]] = np.where(started[where], values[where], z[places[name]]) if name in each else values
    with np.errstate(all="ignore"):
        rows = np.concatenate([np.ravel(row) for row in loss.kept_on_failure(lambda: problem.step(z[:, None]).rows)])
    loss.write(rows[: loss.dim])
    after = {name: rows[place] for name, place in places.items()}
    for name in each:
        whole = np.zeros(count) if kept is None else before[name].copy()
        whole[where] = after[name]
        after[name] = whole
    return {name: torch.tensor(values) for name, values in (after | {"started": started | where}).items()}


def _loss_of(closure):
    """The closure's loss."""
    value = closure()
    if not hasattr(value, "backward"):
        raise TypeError(f"the closure must return the loss, a tensor of one number, got {value!r}")
    return value


class _ClosureLoss(Descended):
    """The loss that a closure computes, as a function of its parameters; one call gives the value and the gradient.

    first : the loss where the parameters are, at which they have their gradients; None if it was not computed.
    closure : None if there is no other point to go to.  sign : −1 to maximise.
    """

    name = "the closure"

    def __init__(self, params, first, closure, sign: float):
        self.params, self.first, self.closure, self.sign = params, first, closure, sign
        self.theta = np.concatenate([_flat(p) for p in params])
        self.shapes = tuple(tuple(p.shape) for p in params)
        self.dim, self.here = len(self.theta), None if first is None else self._seen(first)
        self.together = frozenset() if first is None else frozenset({"value", "gradient"})

    def write(self, theta) -> None:
        """Set the parameters to `theta`, (dim,), rounded to their precision."""
        import torch

        first = 0
        for p in self.params:
            piece = theta[first:first + p.numel()].reshape(p.shape)
            p.copy_(torch.from_numpy(piece))
            first += p.numel()

    def kept_on_failure(self, call):
        """What the call returns; where it raises, the parameters are put back."""
        done = False
        try:
            result = call()
            done = True
        finally:
            if not done:
                self.write(self.theta)
        return result

    def _seen(self, value) -> tuple[np.ndarray, np.ndarray]:
        return np.array([self.sign * float(value.detach())]), self._slope()

    def _slope(self) -> np.ndarray:
        slopes = [np.zeros(p.numel()) if p.grad is None else _flat(p.grad) for p in self.params]
        return self.sign * np.concatenate(slopes)[:, None]

    def value(self, theta):
        raise _needs_closure()

    def gradient(self, theta):
        if not np.array_equal(theta[:, 0], self.theta):
            raise _needs_closure()
        return self._slope()

    def value_and_gradient(self, theta) -> tuple[np.ndarray, np.ndarray]:
        """Value (1,) and gradient (dim, 1) at theta, (dim, 1)."""
        if self.here is not None and np.array_equal(theta[:, 0], self.theta):
            return self.here
        if self.closure is None:
            raise TypeError("this optimizer looks at a further point, where the groups must move together: pass one "
                            "parameter group")
        self.write(theta[:, 0])
        return self._seen(_loss_of(self.closure))

    def lacks(self, quantity):
        return "it gives the value and the gradient; networks.Loss.from_torch gives the rest"


def _needs_closure() -> TypeError:
    return TypeError("step(closure): this optimizer looks at the loss or at a further point, so it needs a closure "
                     "that clears the gradients, computes the loss, calls backward() and returns the loss, as L-BFGS "
                     "does")


def _flat(tensor) -> np.ndarray:
    if tensor.is_sparse:
        raise TypeError("gradients must be dense, got a sparse one: make the embedding with sparse=False")
    return tensor.detach().cpu().double().numpy().ravel()
