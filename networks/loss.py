"""What a flow descends: a function of the parameters, on numbers, symbols, recorded numbers and intervals."""
from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import arithmetic as ar
from arithmetic import (
    Array, Box, Graph, Program, Quantity, SymbolicLoss, Vector, gradient, gram, is_symbolic, repeated, tangent, times,
)
from arithmetic.late import sympy

from .objective import Objective
from .points import Atlas
from .torch_loss import TorchLoss


class Loss(Objective):
    """A loss with its derivatives.

    definition : plain arithmetic in `theta`, the value; or, with `squares=True`, the list of the residuals r_p, and
    then the value is the mean of their halved squares, Σ r_p²/(2P).  It is recorded once; gradient, Hessian and
    Jacobian are derivatives of that recording, and the value on symbols is the same definition.

    Attributes: `name`, `dim`, `box` (a (low, high) per coordinate, where starts are drawn), `recordable`, `symbols`
    and `expression` (sympy; None when numeric only).  `theta` is (dim,) or (dim, lanes) everywhere, or a `Vector`.

    symbols : sympy's, or names of real ones, between spaces.
    """

    recordable = symbolic = True

    def __init__(self, definition: Callable, dim: int, *, squares: bool = False, name: str = "loss",
                 box: Box | None = None, symbols: Sequence[sympy.Symbol] | str | None = None):
        super().__init__(dim, name, box)
        self.definition, self._squares, self._symbols = definition, squares, symbols

    # ----------------------------------------------------------------------------------------- the readings
    @property
    def symbols(self) -> Any:
        if self._symbols is None or isinstance(self._symbols, str):
            self._symbols = tuple(sympy.Symbol(name, real=True) for name in self.names)
        return tuple(self._symbols)

    @property
    def names(self) -> tuple[str, ...]:
        if self._symbols is None or not self.symbolic:
            return super().names
        return tuple(self._symbols.split() if isinstance(self._symbols, str) else map(str, self._symbols))

    def _defined(self, theta: Vector):
        """The definition; where it calls a function of NumPy that knows floats alone, what to write instead."""
        try:
            return self.definition(theta)
        except TypeError as error:
            if found := re.search(r"loop of ufunc .* no callable (\w+) method", str(error)):
                raise TypeError(f"{self.name}: NumPy's {found[1]} takes neither recorded numbers nor symbols; write "
                                f"arithmetic.{found[1]}, which takes them and floats") from error
            raise

    @functools.cached_property
    def residual_expressions(self) -> list | None:
        """The residuals r_p in symbols, F = Σ r_p²/(2P); None where F is not a sum of squares."""
        return [sympy.sympify(r) for r in self._defined(Vector(self.symbols))] if self._squares else None

    @functools.cached_property
    def expression(self) -> Any:
        """The value in symbols."""
        if (residuals := self.residual_expressions) is not None:
            return sum(r**2 for r in residuals) / (2 * len(residuals))
        return sympy.sympify(self._defined(Vector(self.symbols)))

    @functools.cached_property
    def _symbolic(self) -> SymbolicLoss:
        residuals = self.residual_expressions
        scaled = None if residuals is None else [r / sympy.sqrt(len(residuals)) for r in residuals]
        return SymbolicLoss(self.expression, self.symbols, residuals=scaled, name=self.name)

    @functools.cached_property
    def _recorded(self) -> tuple:
        return self.record(Graph())

    def record(self, graph: Graph) -> tuple:
        """(θ, value, residuals or None) as nodes of the graph."""
        x = graph.inputs("theta", self.dim)
        out = repeated(self.name, lambda: self._defined(x) if self._squares else [self._defined(x)], graph)
        return (x, sum(r * r for r in out) / (2 * len(out)), out) if self._squares else (x, out[0], None)

    @functools.cached_property
    def _direction_inputs(self) -> Vector:
        return self._recorded[0][0].graph.inputs("v", self.dim)

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
    def _hessian_product(self) -> Program:
        """Forward over reverse: the gradient's derivative along v."""
        x, v = self._recorded[0], self._direction_inputs
        return Program((*x, *v), tuple(tangent(self._gradient.outputs, x, v)))

    @functools.cached_property
    def _residual(self) -> Program:
        x, _, residuals = self._recorded
        return Program(tuple(x), tuple(residuals))

    @functools.cached_property
    def _jacobian(self) -> Program:
        return self._residual.jacobian()

    @functools.cached_property
    def _gauss_newton_product(self) -> Program:
        """Σ_p r_p' (r_p'·v): forward along v, and the result back."""
        x, v, residuals = self._recorded[0], self._direction_inputs, self._residual.outputs
        w = x[0].graph.inputs("w", len(residuals))
        back = Program((*x, *w), tuple(gradient(sum(a * r for a, r in zip(w, residuals, strict=True)), x)))
        return Program((*x, *v), tuple(map(x[0].graph.lift, back(*x, *tangent(residuals, x, v)))))

    def _run(self, quantity: str, theta, *shape: int, along=()):
        """A recorded program at `theta`, floats or another reading than symbols, in the shape of its quantity."""
        out = getattr(self, f"_{quantity}")(*theta, *along)
        if theta.dtype != object:
            lanes = theta.shape[1:]
            return np.array([np.broadcast_to(o, lanes) for o in out], dtype=float).reshape((*shape, *lanes))
        if isinstance(theta[0], ar.Node):  # constants are recorded too
            out = [theta[0].graph.lift(o) for o in out]
        return Vector(out).reshape(shape) if shape else out[0]

    def _reading(self, theta) -> tuple[np.ndarray, bool]:
        """`theta`, checked, and whether it is in symbols."""
        theta = self._check(theta)
        return theta, theta.dtype == object and any(is_symbolic(x) for x in theta.flat)

    # --------------------------------------------------------------------------------------- the quantities
    def value(self, theta: Array) -> Quantity:
        theta, symbolic = self._reading(theta)
        return self._symbolic.value(theta) if symbolic else self._run("value", theta)

    def gradient(self, theta: Array) -> Array:
        theta, symbolic = self._reading(theta)
        return self._symbolic.gradient(theta) if symbolic else self._run("gradient", theta, self.dim)

    def hessian(self, theta: Array) -> Array:
        theta, symbolic = self._reading(theta)
        return self._symbolic.hessian(theta) if symbolic else self._run("hessian", theta, self.dim, self.dim)

    def hessian_product(self, theta: Array, v: Array) -> Array:
        theta, symbolic = self._reading(theta)
        v = self._direction(v, theta)
        if symbolic:
            return times(self._symbolic.hessian(theta), v)
        return self._run("hessian_product", theta, self.dim, along=v)

    def residual(self, theta: Array) -> Array:
        """Residuals r with F = |r|²/2 (scipy's convention), shape (P,) or (P, lanes): the definition's, over √P."""
        if not self._squares:
            return super().residual(theta)
        theta, symbolic = self._reading(theta)
        if symbolic:
            return self._symbolic.residual(theta)
        return self._run("residual", theta, self._count) / np.sqrt(self._count)

    def jacobian(self, theta: Array) -> Array:
        if not self._squares:
            return super().jacobian(theta)
        theta, symbolic = self._reading(theta)
        return self._symbolic.jacobian(theta) if symbolic else self._slopes(theta) / np.sqrt(self._count)

    def gauss_newton(self, theta: Array) -> Array:
        if not self._squares:
            return super().gauss_newton(theta)
        theta, symbolic = self._reading(theta)
        return self._symbolic.gauss_newton(theta) if symbolic else gram(self._slopes(theta)) / self._count

    def gauss_newton_product(self, theta: Array, v: Array) -> Array:
        theta, symbolic = self._reading(theta)
        v = self._direction(v, theta)
        if symbolic or not self._squares:
            return times(self.gauss_newton(theta), v)
        return self._run("gauss_newton_product", theta, self.dim, along=v) / self._count

    def _slopes(self, theta):
        """The derivatives of the definition's residuals."""
        return self._run("jacobian", theta, self._count, self.dim)

    @property
    def _count(self) -> int:
        return len(self._residual.outputs)

    def lacks(self, quantity: str) -> str:
        return "it is not a sum of squares"

    def critical_points(self, region: Box | None = None, budget: float = 60.0) -> Atlas:
        return self._critical_points if region is None and budget == 60.0 else self._find(region, budget)

    @functools.cached_property
    def _critical_points(self) -> Atlas:
        from .answers import known

        found = known(self) if self.kept else None
        return self._find() if found is None else found

    def _find(self, region: Box | None = None, budget: float = 60.0) -> Atlas:
        from .critical import critical_points  # a room full of algebra, which many losses are never asked for

        return critical_points(self, region, budget)

    # ---------------------------------------------------------------------------------------- constructors
    @classmethod
    def from_expression(cls, expression: sympy.Expr, symbols: Sequence, *, name: str = "loss",
                        box: Box | None = None) -> Loss:
        """A loss from a sympy expression in `symbols`, its coordinates in order."""
        symbols = (symbols,) if isinstance(symbols, sympy.Symbol) else tuple(symbols)
        expression = sympy.sympify(expression)
        if not isinstance(expression, sympy.Expr):
            raise TypeError(f"expression={expression} must be a sympy expression with real values, not a condition")
        loose = expression.free_symbols - set(symbols)
        if twins := {str(x) for x in loose} & set(map(str, symbols)):
            raise ValueError(f"expression and symbols have different symbols of the name {', '.join(sorted(twins))}: "
                             "assumptions such as real=True belong to a symbol; pass the expression's own")
        if loose:
            raise ValueError(f"expression has free symbols {sorted(map(str, loose))} besides symbols={symbols}: "
                             "substitute numbers for them")
        loss = cls(lambda theta: ar.from_sympy(expression, dict(zip(symbols, theta, strict=True))), len(symbols),
                   name=name, box=box, symbols=symbols)
        loss.made_by = functools.partial(cls.from_expression, name=name, box=box), (expression, symbols)
        return loss

    @classmethod
    def from_residuals(cls, residuals: Callable, dim: int, *, name: str = "loss", box: Box | None = None) -> Loss:
        """A sum of squares, F = Σ r_p²/(2P), from `residuals(theta)` in plain arithmetic."""
        return cls(residuals, dim, squares=True, name=name, box=box)

    @classmethod
    def from_callables(cls, dim: int, value: Callable, gradient: Callable, *, hessian: Callable | None = None,
                       residual: Callable | None = None, jacobian: Callable | None = None,
                       hessian_product: Callable | None = None, name: str = "loss",
                       box: Box | None = None) -> Objective:
        """A numeric loss from functions of `theta`, each taking (dim,) and (dim, lanes); hessian_product(theta, v)."""
        return Functions(dim, {"value": value, "gradient": gradient, "hessian": hessian, "residual": residual,
                               "jacobian": jacobian, "hessian_product": hessian_product}, name, box)

    @classmethod
    def from_torch(cls, model: Any, loss_fn: Callable, data: Any, *, name: str | None = None, box: Box | None = None,
                   vectorized: bool | None = None) -> TorchLoss:
        """The loss of a `torch.nn.Module` on its data, F(θ) = loss_fn(model(inputs), targets); needs the extra `torch`.

        data : (inputs, targets), tensors or arrays, or a TensorDataset.  θ is the flat vector of the trainable
        parameters, `start` their values in the model, `write(theta)` puts others into it.  vectorized : whether lanes
        are one batched call; where torch can, unless given.  See `networks.torch_loss.TorchLoss`.
        """
        return TorchLoss(model, loss_fn, data, name=name, box=box, vectorized=vectorized)


class Functions(Objective):
    """A loss of numeric functions."""

    made_of_functions = True

    def __init__(self, dim: int, functions: dict, name: str, box):
        super().__init__(dim, name, box)
        self._functions = functions

    def _run(self, quantity: str, theta, *shape: int | None, along=()):
        """A function at `theta`, its result of this shape; None : any length."""
        theta = self._numbers(theta)
        out = np.array(self._functions[quantity](theta.copy(), *along), dtype=float)  # a function may work in place
        expected = (*shape, *theta.shape[1:])
        if len(out.shape) != len(expected) or any(n not in (None, m) for n, m in zip(expected, out.shape, strict=True)):
            text = f"({', '.join('P' if n is None else str(n) for n in expected)}{',' * (len(expected) == 1)})"
            raise ValueError(f"{self.name}: {quantity}(theta) must have shape {text} for theta of shape {theta.shape}, "
                             f"got {out.shape}: a column is a point, so let it act on columns")
        return out

    def value(self, theta):
        return self._run("value", theta)

    def gradient(self, theta):
        return self._run("gradient", theta, self.dim)

    def hessian(self, theta):
        return self._run("hessian", theta, self.dim, self.dim) if self._functions["hessian"] else super().hessian(theta)

    def hessian_product(self, theta, v):
        v = self._direction(v, theta)
        if self._functions["hessian_product"]:
            return self._run("hessian_product", theta, self.dim, along=(v,))
        return super().hessian_product(theta, v)

    def residual(self, theta):
        return self._run("residual", theta, None) if self._functions["residual"] else super().residual(theta)

    def jacobian(self, theta):
        return self._run("jacobian", theta, None, self.dim) if self._functions["jacobian"] else super().jacobian(theta)

    def gauss_newton_product(self, theta, v):
        J, v = self.jacobian(theta), self._direction(v, theta)
        return np.einsum("pi...,pj...,j...->i...", J, J, v, optimize=["einsum_path", (1, 2), (0, 1)])

    def lacks(self, quantity):
        return f"pass {quantity}=... to Loss.from_callables"


Loss.register(Functions)
Loss.register(TorchLoss)
