"""What a flow descends: a function of the parameters, on numbers, symbols, recorded numbers and intervals."""
from __future__ import annotations

import functools
import numbers
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

import arithmetic as ar
from arithmetic import Graph, Program, Vector, gradient, is_symbolic

if TYPE_CHECKING:
    from .critical import Atlas


class Loss:
    """A loss with its derivatives.

    definition : plain arithmetic in `theta`, the value; or, with `squares=True`, the list of the residuals r_p, and
    then the value is the mean of their halved squares, Σ r_p²/(2P).  It is recorded once; gradient, Hessian and
    Jacobian are derivatives of that recording, and the value on symbols is the same definition.

    Attributes: `name`, `dim`, `box` (a (low, high) per coordinate, where starts are drawn), `recordable`, `symbols`
    and `expression` (sympy; None when numeric only).  `theta` is (dim,) or (dim, lanes) everywhere, or a `Vector`.
    """

    recordable = True
    _made_by = None  # (function, arguments) that make this loss again: how it is sent to other processes

    def __init__(self, definition: Callable, dim: int, *, squares: bool = False, name: str = "loss", box=None, symbols=None):
        self.definition, self.dim, self.name, self._squares, self._symbols = definition, dim, name, squares, symbols
        self.box = _check_box(box, dim)

    # ----------------------------------------------------------------------------------------- the readings
    @property
    def symbols(self):
        if self._symbols is None:
            import sympy

            self._symbols = sympy.symbols(f"theta1:{self.dim + 1}", real=True)
        return tuple(self._symbols)

    @functools.cached_property
    def residual_expressions(self):
        """The residuals r_p in symbols, F = Σ r_p²/(2P); None where F is not a sum of squares."""
        return list(self.definition(Vector(self.symbols))) if self._squares else None

    @functools.cached_property
    def expression(self):
        """The value in symbols."""
        if self._squares:
            return sum(r**2 for r in self.residual_expressions) / (2 * len(self.residual_expressions))
        return self.definition(Vector(self.symbols))

    @functools.cached_property
    def _recorded(self) -> tuple:
        return self._record(Graph())

    def _record(self, graph: Graph) -> tuple:
        """(θ, value, residuals or None) as nodes of the graph."""
        x = graph.inputs("theta", self.dim)
        out = self.definition(x)
        residuals = [graph.lift(r) for r in out] if self._squares else None
        value = sum(r * r for r in residuals) / (2 * len(residuals)) if self._squares else graph.lift(out)
        return x, value, residuals

    @functools.cached_property
    def _value(self) -> Program:
        x, value, _ = self._recorded
        return Program(tuple(x), (value,))

    @functools.cached_property
    def _gradient(self) -> Program:
        x, value, _ = self._recorded
        return Program(tuple(x), tuple(gradient(value, x)))

    @functools.cached_property
    def _hessian(self) -> Program:
        x = self._recorded[0]
        rows = [gradient(g, x) for g in self._gradient.outputs]
        return Program(tuple(x), tuple(rows[min(i, j)][max(i, j)] for i in range(self.dim) for j in range(self.dim)))

    @functools.cached_property
    def _residual(self) -> Program:
        if not self._squares:
            raise TypeError(f"{self.name} is not a sum of squares: it has no residuals; methods of Gauss–Newton kind "
                            "need one, such as a Network or Loss.from_residuals")
        x, _, residuals = self._recorded
        return Program(tuple(x), tuple(residuals))

    @functools.cached_property
    def _jacobian(self) -> Program:
        x, residuals = self._recorded[0], self._residual.outputs
        return Program(tuple(x), tuple(entry for r in residuals for entry in gradient(r, x)))

    def _run(self, quantity: str, theta, *shape: int):
        theta = self._check(theta)
        if isinstance(theta.flat[0], numbers.Number) or theta.dtype != object:
            out = getattr(self, f"_{quantity}")(*theta)
            return np.array([np.broadcast_to(o, theta.shape[1:]) for o in out]).reshape((*shape, *theta.shape[1:]))
        if is_symbolic(theta[0]):
            out = [e.xreplace(dict(zip(self.symbols, theta, strict=True))) for e in self._symbolic(quantity)]
        else:
            out = getattr(self, f"_{quantity}")(*theta)
        array = np.empty(len(out), dtype=object)
        array[:] = out
        return array.reshape(shape).view(Vector) if shape else out[0]

    def _symbolic(self, quantity: str) -> list:
        x, f = self.symbols, self.expression
        if quantity == "value":
            return [f]
        if quantity == "gradient":
            return [f.diff(s) for s in x]
        if quantity == "hessian":
            return [f.diff(s, t) for s in x for t in x]
        residuals = self.residual_expressions
        if residuals is None:
            self._residual  # says what is missing
        return residuals if quantity == "residual" else [r.diff(s) for r in residuals for s in x]

    def _check(self, theta):
        if not (isinstance(theta, np.ndarray) and theta.dtype == object):
            try:
                theta = np.asarray(theta, dtype=float)
            except (TypeError, ValueError):
                theta = Vector(theta)
        if theta.ndim not in (1, 2) or theta.shape[0] != self.dim:
            raise ValueError(f"{self.name}: theta must have shape ({self.dim},) or ({self.dim}, lanes), got {theta.shape}: "
                             "a column is a point, so transpose an array of rows")
        return theta

    # --------------------------------------------------------------------------------------- the quantities
    def value(self, theta):
        """F(θ), shape () or (lanes,)."""
        return self._run("value", theta)

    def gradient(self, theta):
        """∇F(θ), shape (dim,) or (dim, lanes)."""
        return self._run("gradient", theta, self.dim)

    def hessian(self, theta):
        """The Hessian, shape (dim, dim) or (dim, dim, lanes)."""
        return self._run("hessian", theta, self.dim, self.dim)

    def residual(self, theta):
        """Residuals r with F = |r|²/2 (scipy's convention), shape (P,) or (P, lanes): the definition's, over √P."""
        count = self._residual_count
        return self._run("residual", theta, count) / self._root(theta, count)

    def jacobian(self, theta):
        """∂r/∂θ of `residual`, shape (P, dim) or (P, dim, lanes)."""
        count = self._residual_count
        return self._run("jacobian", theta, count, self.dim) / self._root(theta, count)

    def gauss_newton(self, theta):
        """JᵀJ, shape (dim, dim) or (dim, dim, lanes): the Hessian where the residuals vanish."""
        count = self._residual_count
        J = self._run("jacobian", theta, count, self.dim)
        rows = [[ar.total(J[:, i] * J[:, j]) / count for j in range(self.dim)] for i in range(self.dim)]
        out = np.empty((self.dim, self.dim, *np.shape(J)[2:]), dtype=J.dtype)
        for i in range(self.dim):
            for j in range(self.dim):
                out[i, j] = rows[min(i, j)][max(i, j)]
        return out.view(type(J))

    @property
    def _residual_count(self) -> int:
        return len(self._residual.outputs)

    @staticmethod
    def _root(theta, count: int):
        if is_symbolic(np.asarray(theta, dtype=object).flat[0]):
            import sympy

            return sympy.sqrt(count)
        return float(np.sqrt(count))

    def oracle(self, theta) -> Oracle:
        """The loss at one point, lazily: what a flow sees."""
        return Oracle(self, theta)

    def critical_points(self, region=None, budget: float = 60.0) -> Atlas:
        """The known critical points (`CriticalPoint`) and what is proved about them, computed from the definition.

        region : a box ((low, high), …); by default all of Rⁿ where that can be done, else the loss's box.
        budget : seconds; past it the `Atlas` says what is open.  The answer to the default call is kept.
        """
        from .critical import critical_points

        return self._critical_points if region is None and budget == 60.0 else critical_points(self, region, budget)

    @functools.cached_property
    def _critical_points(self) -> Atlas:
        from .critical import critical_points

        return critical_points(self)

    def __getstate__(self):
        cached = {name for kind in type(self).__mro__ for name, value in vars(kind).items()
                  if isinstance(value, functools.cached_property)}
        return {name: value for name, value in vars(self).items() if name not in cached}

    def __reduce_ex__(self, protocol):
        return self._made_by or super().__reduce_ex__(protocol)

    def __repr__(self):
        return f"<{type(self).__name__} {self.name}, dim {self.dim}>"

    # ---------------------------------------------------------------------------------------- constructors
    @classmethod
    def from_expression(cls, expression, symbols: Sequence, *, name: str = "loss", box=None) -> Loss:
        """A loss from a sympy expression in `symbols`, its coordinates in order."""
        symbols = tuple(symbols)
        loose = expression.free_symbols - set(symbols)
        if loose:
            raise ValueError(f"expression has free symbols {sorted(map(str, loose))} besides symbols={symbols}: "
                             "substitute numbers for them")
        loss = cls(lambda theta: ar.from_sympy(expression, dict(zip(symbols, theta, strict=True))), len(symbols), name=name,
                   box=box, symbols=symbols)
        loss._made_by = functools.partial(cls.from_expression, name=name, box=box), (expression, symbols)
        return loss

    @classmethod
    def from_residuals(cls, residuals: Callable, dim: int, *, name: str = "loss", box=None) -> Loss:
        """A sum of squares, F = Σ r_p²/(2P), from `residuals(theta)` in plain arithmetic."""
        return cls(residuals, dim, squares=True, name=name, box=box)

    @classmethod
    def from_callables(cls, dim: int, value: Callable, gradient: Callable, *, hessian=None, residual=None, jacobian=None,
                       name: str = "loss", box=None) -> Loss:
        """A numeric loss from functions of `theta`, each taking (dim,) and (dim, lanes)."""
        return _Numeric(dim, {"value": value, "gradient": gradient, "hessian": hessian, "residual": residual,
                              "jacobian": jacobian}, name, box)

    @classmethod
    def from_torch(cls, model, loss_fn, data, *, name: str | None = None, box=None, vectorized: bool | None = None) -> Loss:
        """The loss of a `torch.nn.Module` on its data, F(θ) = loss_fn(model(inputs), targets); needs the extra `torch`.

        data : (inputs, targets), tensors or arrays, or a TensorDataset.  θ is the flat vector of the trainable parameters,
        `start` their values in the model, `write(theta)` puts others into it.  vectorized : whether lanes are one batched
        call; where torch can, unless given.  See `networks.torch_loss.TorchLoss`.
        """
        from .torch_loss import TorchLoss

        return TorchLoss(model, loss_fn, data, name=name, box=box, vectorized=vectorized)


class _Numeric(Loss):
    """A loss on numbers only."""

    recordable = False
    symbols = expression = None

    def __init__(self, dim: int, functions: dict, name: str, box):
        self.dim, self.name, self.box, self._functions = dim, name, _check_box(box, dim), functions

    def _run(self, quantity, theta, *shape):
        theta = self._check(theta)
        if theta.dtype == object:
            raise TypeError(f"{self.name} is numeric only (made from functions): it has neither symbols nor a recording; "
                            "use Loss.from_expression or a Network for those")
        function = self._functions[quantity]
        if function is None:
            raise TypeError(f"{self.name} has no {quantity}: pass {quantity}=... to Loss.from_callables")
        return np.asarray(function(theta), dtype=float)

    def residual(self, theta):
        return self._run("residual", theta)

    def jacobian(self, theta):
        return self._run("jacobian", theta)

    def gauss_newton(self, theta):
        J = self.jacobian(theta)
        return np.einsum("pi...,pj...->ij...", J, J)

    def critical_points(self, region=None, budget: float = 60.0):
        raise TypeError(f"{self.name} is numeric only: its critical points cannot be computed exactly")


class Oracle:
    """One point of a loss: `value gradient hessian residual jacobian gauss_newton`, each computed at most once."""

    def __init__(self, loss: Loss, theta):
        self._loss, self.theta = loss, theta

    def __getattr__(self, quantity):
        if quantity not in ("value", "gradient", "hessian", "residual", "jacobian", "gauss_newton"):
            raise AttributeError(f"a loss has no {quantity!r}")
        result = getattr(self._loss, quantity)(self.theta)
        setattr(self, quantity, result)
        return result


def _check_box(box, dim: int) -> tuple:
    box = ((-3.0, 3.0),) * dim if box is None else tuple((float(low), float(high)) for low, high in box)
    if len(box) != dim or not all(np.isfinite([low, high]).all() and low < high for low, high in box):
        raise ValueError(f"box={box} must have a finite (low, high) with low < high for each of {dim} coordinates")
    return box
