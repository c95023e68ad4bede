"""The loss of a PyTorch module on its data, as a function of its parameters."""
from __future__ import annotations

import functools
import math

import numpy as np

from .objective import Objective

LANES = 256  # starts in one batched call at most; fewer where parameters or data are many
NUMBERS = 2**24  # of one kind (parameters or inputs times starts) held by one batched call


class TorchLoss(Objective):
    """F(θ) = loss_fn(model(inputs), targets), θ the trainable parameters in the order of `model.parameters()`, flat.

    Made by `Loss.from_torch(model, loss_fn, data)`.  Everything is computed in double precision, whatever the
    precision of the model, which is never changed but by `write`.

    Attributes   start : (dim,) the parameters of the model.  vectorized : whether lanes are evaluated in one batched
    call (`torch.func.vmap`), which is the default where it can; a model that it cannot batch, as one that branches on
    its data, takes one lane after another.  Batched, torch's last bits depend on how many lanes there are, so that
    results agree to rounding; with `vectorized=False` a lane has the same bits in every batch.
    """

    def __init__(self, model, loss_fn, data, *, name: str | None = None, box=None, vectorized: bool | None = None):
        torch = self._torch = import_torch("Loss.from_torch")
        if not isinstance(model, torch.nn.Module):
            raise TypeError(f"model must be a torch.nn.Module, got {model!r}")
        if not callable(loss_fn):
            raise TypeError(f"loss_fn must be called as loss_fn(model(inputs), targets), got {loss_fn!r}")
        self.model, self.loss_fn = model, loss_fn
        self._parameters = {k: p for k, p in model.named_parameters() if p.requires_grad}
        if not self._parameters:
            raise ValueError(f"model={type(model).__name__} has no trainable parameters: there is nothing to descend")
        bad = [k for k, p in self._parameters.items() if not p.is_floating_point()]
        if bad:
            raise TypeError(f"model: the parameters {', '.join(bad)} are not real numbers")
        device = next(iter(self._parameters.values())).device
        inputs, targets = getattr(data, "tensors", data)
        self.inputs, self.targets = (self._double(torch.as_tensor(x), device) for x in (inputs, targets))
        dim = sum(p.numel() for p in self._parameters.values())
        super().__init__(dim, name or type(model).__name__, box)
        self.shapes = tuple(tuple(p.shape) for p in self._parameters.values())
        self.made_by = functools.partial(TorchLoss, name=name, box=box, vectorized=vectorized), (model, loss_fn, data)
        if vectorized is not None:
            self.vectorized = bool(vectorized)
        first, second = (self._at(self._tensor(self.start)) for _ in range(2))
        if first.shape != ():
            raise ValueError(f"loss_fn returned shape {tuple(first.shape)}, a loss is one number: average over the "
                             "data, as reduction='mean' does")
        if not torch.equal(torch.nan_to_num(first), torch.nan_to_num(second)):
            raise ValueError(f"{self.name} is random: two evaluations at the same parameters differ; call model.eval() "
                             "first, which stills dropout")

    # ------------------------------------------------------------------------------------------ parameters
    @property
    def start(self) -> np.ndarray:
        """The current parameters of the model, (dim,)."""
        return np.concatenate([p.detach().cpu().double().numpy().ravel() for p in self._parameters.values()])

    def write(self, theta) -> None:
        """Set the parameters of the model to `theta`, (dim,), rounded to their precision."""
        theta = np.asarray(theta, dtype=float)
        if theta.shape != (self.dim,):
            raise ValueError(f"write(theta): theta must have shape ({self.dim},), got {theta.shape}; take one column "
                             "of an ensemble")
        with self._torch.no_grad():
            for p, piece in zip(self._parameters.values(), self._pieces(self._tensor(theta)).values(), strict=True):
                p.copy_(piece)

    def _tensor(self, theta):
        """(dim,) to (dim,), (dim, lanes) to (lanes, dim)."""
        return self._torch.as_tensor(np.ascontiguousarray(theta.T), device=self.inputs.device)

    def _double(self, x, device=None):
        return x.detach().to(device, self._torch.float64 if x.is_floating_point() else x.dtype, copy=True)

    def _pieces(self, theta) -> dict:
        sizes = [p.numel() for p in self._parameters.values()]
        return {k: piece.view(p.shape) for (k, p), piece in zip(self._parameters.items(), theta.split(sizes),
                                                                strict=True)}

    # ---------------------------------------------------------------------------------------- the quantities
    def output(self, theta):
        """The model at θ, (dim,); what it keeps besides (frozen parameters, buffers) is a copy,
        so it stays as it is."""
        kept = [*self.model.named_buffers(), *((k, p) for k, p in self.model.named_parameters() if not p.requires_grad)]
        state = {k: self._double(x) for k, x in kept}
        return self._torch.func.functional_call(self.model, state | self._pieces(theta), (self.inputs,))

    def _at(self, theta):
        return self.loss_fn(self.output(theta), self.targets)

    def _linearised(self, theta):
        """t ↦ loss_fn(model(θ) + J (t − θ)): its Hessian at θ is the Gauss–Newton matrix Jᵀ ∇²loss_fn J."""
        at, jacobian = self.output(theta), self._torch.func.jacrev(self.output)(theta)
        return lambda t: self.loss_fn(at + jacobian @ (t - theta), self.targets)

    def _second(self, function):
        """The Hessian of a function of θ, in reverse mode twice, which more models allow than forward over reverse."""
        return self._torch.func.jacrev(self._torch.func.jacrev(function))

    @functools.cached_property
    def vectorized(self) -> bool:
        """Whether lanes are evaluated in one batched call."""
        func, start = self._torch.func, self._tensor(self.start)
        try:
            func.vmap(func.grad(self._at))(self._torch.stack([start, start]))
        except RuntimeError:  # the model was evaluated before: this is what vmap cannot do
            return False
        return True

    def _each(self, batched, one, *points):
        """A function of θ (and a direction) over lanes, lanes last: `batched` under vmap, or `one` after another."""
        torch, thetas = self._torch, [self._numbers(theta) for theta in points]
        rows = [self._tensor(theta) for theta in thetas]
        if thetas[0].ndim == 1:
            return one(*rows).detach().cpu().numpy()
        if not len(rows[0]):  # of no starts, the shape of one
            return np.empty((*one(*(self._tensor(np.zeros(self.dim)) for _ in rows)).shape, 0))
        if self.vectorized:
            chunk = min(LANES, max(1, NUMBERS // max(self.dim, math.prod(self.inputs.shape))))
            out = torch.func.vmap(batched, chunk_size=chunk)(*rows)
        else:
            out = torch.stack([one(*row) for row in zip(*rows, strict=True)])
        return np.moveaxis(out.detach().cpu().numpy(), 0, -1)

    def value(self, theta):
        with self._torch.no_grad():
            return self._each(self._at, self._at, theta)

    def gradient(self, theta):
        return self._each(self._torch.func.grad(self._at), self._backward, theta)

    def _backward(self, theta):
        with self._torch.enable_grad():  # also where the caller has switched it off
            theta = theta.requires_grad_()
            return self._torch.autograd.grad(self._at(theta), theta, materialize_grads=True)[0]

    def hessian(self, theta):
        return self._each(self._second(self._at),
                          lambda t: self._torch.autograd.functional.hessian(self._at, t), theta)

    def hessian_product(self, theta, v):
        """The Hessian times v: the gradient of ⟨∇F, v⟩, in reverse mode twice."""
        func = self._torch.func
        product = lambda t, v: func.grad(lambda s: func.grad(self._at)(s) @ v)(t)  # noqa: E731
        return self._each(product, product, theta, self._direction(v, theta))

    def gauss_newton(self, theta):
        """Jᵀ ∇²loss_fn J, J the Jacobian of the outputs, (dim, dim) or (dim, dim, lanes); JᵀJ of a sum of squares."""
        hessian = lambda t: self._second(self._linearised(t))(t)  # noqa: E731
        return self._each(hessian, hessian, theta)

    def gauss_newton_product(self, theta, v):
        """Jᵀ ∇²loss_fn J v without a matrix: v to the outputs, through the loss, and back."""
        func = self._torch.func

        def product(t, v):
            output, back = func.vjp(self.output, t)
            forth = func.vjp(lambda u: back(u)[0], self._torch.zeros_like(output))[1]  # back is linear: transposed, J
            moved = forth(v)[0]
            slope = func.grad(lambda o: self.loss_fn(o, self.targets))
            return back(func.grad(lambda o: (slope(o) * moved).sum())(output))[0]

        return self._each(product, product, theta, self._direction(v, theta))

    def lacks(self, quantity):
        return "loss_fn need not be a sum of squares, and gauss_newton(theta) is there"


def import_torch(what: str):
    """The module torch, or an ImportError that says how to get it."""
    try:
        import torch
    except ImportError as error:
        raise ImportError(f"{what} needs PyTorch, which is not installed: pip install 'optiflows[torch]'") from error
    return torch
