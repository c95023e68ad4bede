"""Optimizers of this package as `torch.optim.Optimizer`."""
from __future__ import annotations

import functools

import numpy as np

from arithmetic import Descended

from .loop import Problem
from .outcome import Stop
from .pairs import Optimizer


def as_torch_optimizer(optimizer: Optimizer) -> type:
    """A `torch.optim.Optimizer` class of an optimizer: `as_torch_optimizer(named("gd-energy"))(model.parameters())`.

    `step(closure)` is one trial, accepted or refused, of the same map as everywhere else; the closure clears the
    gradients, computes the loss, calls `backward()` and returns the loss, as L-BFGS wants it, and is called at each
    point that the trial looks at: once for the classic optimizers, twice for the corrected ones.  The step is one of
    all parameters together, so there is one parameter group.  The state (memory, next step, time) is kept in double
    precision whatever the parameters' precision; `state_dict` holds all of it.  Parameters that need no gradient stay.
    Needs the extra `torch`.

    Raises TypeError for what is not an Optimizer, ImportError where torch is missing.
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"as_torch_optimizer: the optimizer must come from named(...) or pair(...), got {optimizer!r}")
    name = "".join(word.capitalize() for word in str(optimizer).split("(")[0].split("-"))
    return type(name, (torch_base(),), {"optimizer": optimizer, "__doc__": f"{optimizer}, as a torch optimizer."})


@functools.cache
def torch_base() -> type:
    try:
        import torch
    except ImportError as error:
        raise ImportError("as_torch_optimizer needs PyTorch, which is not installed: "
                          "pip install 'optiflows[torch]'") from error

    class TorchOptimizer(torch.optim.Optimizer):
        optimizer: Optimizer

        def __init__(self, params):
            super().__init__(params, {})

        def add_param_group(self, param_group):
            if self.param_groups:
                raise ValueError(f"{type(self).__name__} takes one parameter group, as its step is one of all "
                                 "parameters together; pass list(model.parameters())")
            super().add_param_group(param_group)
            bad = next((p for p in self.param_groups[0]["params"] if not p.is_floating_point() or p.is_sparse), None)
            if bad is not None:
                raise TypeError(f"{type(self).__name__}: parameters must be dense real tensors, got {bad.dtype}, "
                                f"{bad.layout}")

        @torch.no_grad()
        def step(self, closure=None):
            """One trial; returns the loss at the parameters before it."""
            if closure is None:
                raise TypeError(f"{type(self).__name__}.step(closure): it needs a closure that clears the gradients, "
                                "computes the loss, calls backward() and returns the loss, as L-BFGS does")
            trained = [p for p in self.param_groups[0]["params"] if p.requires_grad]
            loss = _ClosureLoss(trained, torch.enable_grad()(closure))
            problem = Problem(self.optimizer.flow.on(loss), self.optimizer.scheme, self.optimizer.step, Stop(),
                              kept=False)
            theta = loss.read()
            if "rows" in self.state:
                rest = self.state["rows"].numpy()
                if len(rest) != problem.size - loss.dim:
                    raise ValueError(f"{type(self).__name__}: the loaded state has {len(rest)} numbers, "
                                     f"{self.optimizer} on {loss.dim} parameters has {problem.size - loss.dim}: it is "
                                     "of another optimizer")
                z = np.concatenate([theta, rest])[:, None]
            else:
                z = problem.start(problem.field.start(theta)[:, None])
            with np.errstate(all="ignore"):
                rows = np.concatenate([np.ravel(row) for row in problem.step(z).rows])
            loss.write(rows[: loss.dim])
            self.state["rows"] = torch.from_numpy(rows[loss.dim:].copy())
            return loss.first

        @property
        def control(self) -> dict[str, float]:
            """What step control keeps, by name: the next step h, the time t and the steps accepted, or the steps n."""
            names = self.optimizer.step.memory
            start = self.optimizer.step.start()
            values = (self.state["rows"][-len(names):].tolist() if "rows" in self.state
                      else [start[name] for name in names])
            return dict(zip(names, values, strict=True))

    return TorchOptimizer


class _ClosureLoss(Descended):
    """The loss that a closure computes, as a function of its parameters; one call gives the value and the gradient."""

    name, together = "the closure", frozenset({"value", "gradient"})

    def __init__(self, params, closure):
        self.params, self.closure, self.first = params, closure, None
        self.dim = sum(p.numel() for p in params)

    def read(self) -> np.ndarray:
        """The parameters, (dim,)."""
        return np.concatenate([_flat(p) for p in self.params])

    def write(self, theta) -> None:
        """Set the parameters to `theta`, (dim,), rounded to their precision."""
        import torch

        first = 0
        for p in self.params:
            piece = theta[first:first + p.numel()].reshape(p.shape)
            p.copy_(torch.from_numpy(piece))
            first += p.numel()

    def value_and_gradient(self, theta) -> tuple[np.ndarray, np.ndarray]:
        """Value (1,) and gradient (dim, 1) at theta, (dim, 1)."""
        self.write(theta[:, 0])
        value = self.closure()
        if not hasattr(value, "backward"):
            raise TypeError(f"the closure must return the loss, a tensor of one number, got {value!r}")
        self.first = value if self.first is None else self.first
        gradient = [np.zeros(p.numel()) if p.grad is None else _flat(p.grad) for p in self.params]
        return np.array([float(value.detach())]), np.concatenate(gradient)[:, None]

    def lacks(self, quantity):
        return "it gives the value and the gradient; networks.Loss.from_torch gives the rest"


def _flat(tensor) -> np.ndarray:
    return tensor.detach().cpu().double().numpy().ravel()
