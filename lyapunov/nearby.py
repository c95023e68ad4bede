"""The referee of points: what is said of a flow near a critical point, tried on its own field and on the loss.

It shares no code with the search (`local`): the field and the loss are evaluated with many digits at the point, with
memory at rest, and at tiny deviations from both.
- The flow rests there, or it does not.
- Its linear part, if it has one, has the eigenvalues that are told, on no side of the axis that contradicts the status.
- The function falls along the flow, and is nonnegative, or negative somewhere, as its theorem asks.
- The loss is below the height of the point where, and only where, it is said to be.
"""

from __future__ import annotations

import functools

import mpmath
import numpy as np
import sympy
from sympy import Float, Rational

from arithmetic import GivenOracle, Missing, Vector, as_decimals
from flows import Flow, State, scalar
from networks import CriticalPoint


DIGITS, TINY, STATES = 420, Rational(1, 2**200), 6
SMALL = Rational(1, 10**60)  # of numbers that vanish


class Nowhere(Exception):
    """Why the field or the loss has no numbers near the point."""


@functools.lru_cache(maxsize=256)
def _derivatives(expression, symbols, residuals):
    """(F, ∇F, H, JᵀJ) at a point, of many digits, and F alone."""
    J = sympy.Matrix(residuals).jacobian(symbols) if residuals else None
    parts = [expression, [expression.diff(x) for x in symbols], sympy.hessian(expression, symbols).tolist()]
    parts.append((J.T * J / len(residuals)).tolist() if J is not None else [])
    return sympy.lambdify(symbols, parts, "mpmath", cse=True), sympy.lambdify(symbols, expression, "mpmath", cse=True)


class Place:
    """A loss around a critical point: the loss itself where it has a formula, else the quadratic of its Hessian."""

    def __init__(self, point: CriticalPoint, loss):
        expression, member = getattr(loss, "expression", None), dict.fromkeys(point.family, sympy.S.One)
        theta = [sympy.sympify(x).subs(member) for x in (point.member or point.theta)]
        self.exact = expression is not None and point.exact and not point.member and len(theta) <= 4
        if self.exact:
            squares = getattr(loss, "residual_expressions", None)
            residuals = None if squares is None else tuple(map(as_decimals, squares))
            self.read, self.value = _derivatives(as_decimals(expression), tuple(loss.symbols), residuals)
            self.theta = [sympy.N(x, DIGITS) for x in theta]
            self.exact = all(x.is_number and x.is_real for x in self.theta)
        if not self.exact:
            self.H, self.JJ = self._curvature(point, loss)
            self.theta = [Float(sympy.N(x), DIGITS) for x in theta[: len(self.H)]]
        self.dim, self._seen = len(self.theta), dict[tuple, tuple]()
        with mpmath.workdps(DIGITS):
            self.height = self.read(*map(_mpf, self.theta))[0] if self.exact else 0

    @staticmethod
    def _curvature(point, loss) -> tuple:
        """(H, JᵀJ) in floats; of points that are known by their eigenvalues alone, on any axes of up to three."""
        JJ = None
        if loss is not None and loss.dim <= 8:
            values, axes = np.linalg.eigh(np.asarray(loss.hessian(point.numeric), dtype=float))
            if getattr(loss, "residual_expressions", None) is not None:
                JJ = loss.oracle(point.numeric).gauss_newton
        else:
            values = np.array([float(sympy.N(e)) for e in point.eigenvalues if sympy.sympify(e).is_number][:3])
            if len(values) < min(3, len(point.theta)):
                raise Nowhere("neither a formula of the loss nor the eigenvalues of its Hessian are known")
            axes = np.linalg.qr(np.random.default_rng(5).normal(size=(len(values),) * 2))[0]
        values = np.where(abs(values) < 1e-9 * abs(values).max(), 0.0, values)
        n, weights = len(values), [Float(x, DIGITS) for x in values]
        rows = [[Float(x, DIGITS) for x in row] for row in axes.tolist()]
        H = [[sum(w * a[k] * b[k] for k, w in enumerate(weights)) for b in rows] for a in rows]
        return H, [[Float(x, DIGITS) for x in row] for row in (np.eye(n) if JJ is None else JJ).tolist()]

    def at(self, shift) -> tuple:
        """(θ, F − F(θ*), ∇F, H, JᵀJ) at θ* + shift, in sympy's numbers; JᵀJ is 1 where no residuals are known."""
        if tuple(shift) not in self._seen:
            self._seen[tuple(shift)] = self._at(shift)
        return self._seen[tuple(shift)]

    def _at(self, shift) -> tuple:
        theta = [a + b for a, b in zip(self.theta, shift, strict=True)]
        if not self.exact:
            g = [sum(a * b for a, b in zip(row, shift, strict=True)) for row in self.H]
            rise = sum(a * b for a, b in zip(g, shift, strict=True)) / 2
            return theta, rise, Vector(g), _matrix(self.H), _matrix(self.JJ)
        with mpmath.workdps(DIGITS):
            F, g, H, JJ = self.read(*map(_mpf, theta))
            rise = Float(F - self.height, DIGITS)
        H, JJ = ([[Float(x, DIGITS) for x in row] for row in M] for M in (H, JJ))
        return (theta, rise, Vector(Float(x, DIGITS) for x in g), _matrix(H),
                _matrix(JJ or np.eye(self.dim, dtype=int).tolist()))

    @functools.cached_property
    def falls(self) -> bool | None:
        """Whether F < F(θ*) is met near the point: along its Hessian, else on small spheres.

        None where it is met on larger ones only, so that it may be beyond the rim of a well.
        """
        H = np.array([[float(x) for x in row] for row in self.at([sympy.S.Zero] * self.dim)[3]])
        values, vectors = np.linalg.eigh(H)
        tiny = 1e-9 * (1 + abs(values).max())
        if values[0] < -tiny:
            return bool(self.at([TINY * Float(x, DIGITS) for x in vectors[:, 0]])[1] < 0)
        if values[0] > tiny or not self.exact:
            return False
        with mpmath.workdps(30):
            if self._lowest(0.01) < -1e-25 and self._lowest(0.003) < -1e-25:
                return True
            return None if any(self._lowest(size) < -1e-25 for size in (0.1, 0.3)) else False

    def _lowest(self, size: float):
        """The least F − F(θ*) that is met on a sphere, at random and then downhill."""
        rng = np.random.default_rng(0)
        points = rng.normal(size=(100, self.dim))
        best, least = points[0], mpmath.inf
        for step in (0, 0.3, 0.1, 0.03, 0.01, 0.003):
            trials = points if step == 0 else best + step * points[:20] * size
            for p in trials * (size / np.linalg.norm(trials, axis=1)[:, None]):
                if (value := self._rise(p)) < least:
                    best, least = p, value
        return least

    def _rise(self, shift):
        return self.value(*(_mpf(a) + float(b) for a, b in zip(self.theta, shift, strict=True))) - self.height


@functools.lru_cache(maxsize=256)
def _digits(symbols: tuple, expressions: tuple):
    """Expressions as a function of numbers of many digits: the same at every point and seed of a flow."""
    f = sympy.lambdify(symbols, expressions, "mpmath")

    def value(*numbers):
        with mpmath.workdps(DIGITS):
            return [Float(mpmath.mpf(x), DIGITS) for x in f(*map(_mpf, numbers))]

    return value


def _mpf(x) -> mpmath.mpf:
    return mpmath.mpf(x._mpf_) if isinstance(x, Float) else mpmath.mpf(int(x.p)) / int(x.q)


def _matrix(rows) -> np.ndarray:
    return Vector(x for row in rows for x in row).reshape(len(rows), len(rows))


place_of = functools.lru_cache(maxsize=128)(Place)


class Near:
    """A flow with numbers for its rates around a place, memory in deviations from its rest."""

    def __init__(self, flow: Flow, place: Place, rest: dict, rates: dict):
        self.flow, self.place, self.rates = flow.subs(rates), place, rates
        self.names = [str(name) for name in flow.memory if name != "theta"]
        self.widths = [1 if isinstance(name, scalar) else place.dim for name in flow.memory if name != "theta"]
        start = {str(name): int(isinstance(name, scalar)) for name in flow.memory} | rest
        self.rest = {name: sympy.N(sympy.sympify(start[name]).subs(rates), DIGITS) for name in self.names}
        self.free = [name for name in self.names if sympy.sympify(rest.get(name, 0)) in rates]
        upward = [name in flow.nonnegative and self.rest[name] == 0 for name in self.names]
        self.upward = [False] * place.dim + sum(([up] * w for up, w in zip(upward, self.widths, strict=True)), [])
        self.size = place.dim + sum(self.widths)

    def split(self, y) -> dict:
        out, start = {"theta": y[: self.place.dim]}, self.place.dim
        for name, width in zip(self.names, self.widths, strict=True):
            out[name] = y[start : start + width]
            start += width
        return out

    def slopes(self, y) -> tuple:
        """(the flow's slopes, F − F(θ*), ∇F, H) at a deviation y."""
        parts = self.split(y)
        theta, rise, g, H, JJ = self.place.at(parts["theta"])
        known = {"value": rise, "gradient": g, "hessian": H, "gauss_newton": JJ}
        memory = {
            name: x[0] + self.rest[name] if isinstance(block, scalar) else Vector(e + self.rest[name] for e in x)
            for block, name in zip((b for b in self.flow.memory if b != "theta"), self.names, strict=True)
            for x in [parts[name]]
        }
        s = State(t=sympy.S.One, theta=Vector(theta), **memory)
        field = {str(k): v for k, v in self.flow.field(s, GivenOracle(s.theta, **known)).items()}
        out = [sympy.sympify(e) for name in ("theta", *self.names) for e in np.atleast_1d(field[name])]
        if not all(e.is_Float or e.is_Rational for e in out):
            raise Nowhere("the field has no value near the point")
        return [sympy.N(e, DIGITS) for e in out], rise, g, H

    def linear(self):
        """The matrix of the linear part, (size, size) floats, or None where there is none: f(y) = A y + o(|y|)."""

        def part(y, size):
            return np.array([float(e / size) for e in self.slopes([Float(size * int(x), DIGITS) for x in y])[0]])

        inside = np.array(self.upward, dtype=int)
        still = part(inside, TINY)
        A = np.array([part(row + inside, TINY) - still for row in np.eye(self.size, dtype=int)]).T
        for seed, size in ((1, TINY), (2, TINY), (3, TINY / 16)):
            y = np.random.default_rng(seed).integers(-8, 9, self.size)
            y = np.where(self.upward, 1 + abs(y), y)
            if not np.allclose(part(y, size), A @ y, rtol=0, atol=1e-6 * (1 + np.abs(A).max())):
                return None
        return A


def objection(flow: Flow, point: CriticalPoint, loss, found) -> str:
    """What numbers say against a `Stability`; empty if nothing.  flow : with exact rates.

    Symbols of the rates, and of memory that rests anywhere, are drawn; δ and κ of the function are small.
    """
    if found.status == "undecided" and not found.eigenvalues:
        return ""
    try:
        place = place_of(point, loss)
        for seed in range(2 if _symbols(flow, found) else 1):
            if said := _tried(flow, place, found, seed):
                return said
    except (Nowhere, Missing) as reason:
        return str(reason)
    return ""


def _symbols(flow, found) -> list:
    return sorted(flow.free_symbols.union(*(sympy.sympify(x).free_symbols for x in found.rest.values())), key=str)


def _tried(flow, place, found, seed) -> str:
    rng = np.random.default_rng(seed)
    rates = {x: Rational(int(rng.integers(1, 9)), 4) * (1 if x.is_positive else int(rng.choice([-1, 1])))
             for x in _symbols(flow, found)}
    near = Near(flow, place, found.rest, rates)
    still = [sympy.S.Zero] * near.size
    if found.status == "not an equilibrium":
        return _moved(near)
    if any(abs(e) > SMALL for e in near.slopes(still)[0]):
        return "the flow does not rest there"
    signs, A = "", near.linear()
    if A is not None:
        signs = _of_linear_part(A, found, rates)
    elif found.eigenvalues or found.function is None:
        signs = "the flow has no linear part there"
    return signs or (_of_function(near, found, seed) if found.function is not None else "")


def _moved(near: Near) -> str:
    """Whether memory settles, by Newton's steps on one block after the other, and θ moves then."""
    y = [sympy.S.Zero] * near.size
    for _ in range(6):
        for i in range(near.place.dim, near.size):
            f = near.slopes(y)[0][i]
            slope = (near.slopes([*y[:i], y[i] + TINY, *y[i + 1 :]])[0][i] - f) / TINY
            y[i] = y[i] - f / slope if abs(slope) > SMALL else y[i]
    f = near.slopes(y)[0]
    if any(abs(e) > SMALL for e in f[near.place.dim :]):
        return "no rest of the memory was found"
    return "" if any(abs(e) > SMALL for e in f[: near.place.dim]) else "the flow does rest there"


def _of_linear_part(A, found, rates) -> str:
    if found.eigenvalues:
        told = [complex(sympy.N(sympy.sympify(e).subs(rates))) for e in found.eigenvalues]
        if any(np.isnan(told)) or len(told) != len(A):
            return "" if len(told) != len(A) and len(A) < len(told) else "the eigenvalues are not those of its field"
        own = np.linalg.eigvals(A)
        for z in (0.7 + 1.3j, -2.1 + 0.4j, 3.3 - 2.2j):
            one, two = np.prod(z - own), np.prod(z - np.array(told))
            if abs(one - two) > 1e-6 * np.prod(abs(z) + abs(own)):
                return "the eigenvalues are not those of its field"
    real, size = np.linalg.eigvals(A).real, 1e-9 * (1 + np.abs(A).max())
    if found.status in ("stable", "asymptotically stable") and real.max() > size:
        return "its linear part has an eigenvalue with positive real part"
    if found.status == "unstable" and real.max() < -size:
        return "all eigenvalues of its linear part have negative real parts"
    if found.function is None and found.status != "undecided" and abs(real).max() and -size < real.max() < size:
        return "its linear part decides nothing"
    return ""


def _of_function(near: Near, found, seed: int) -> str:
    """V' ≤ 0 at tiny deviations; V ≥ F(θ*) there, or F < F(θ*) near the point where it is said to leave."""
    F, F0, g = sympy.symbols("F F0 g", real=True)
    V = found.function.subs(near.rates) * (1 if found.kind == "Lyapunov" else -1)
    loose = [x for x in V.free_symbols if x.is_positive and x.name not in near.names]
    V = V.subs({x: Rational(1, 2 ** (60 if x.name.startswith("kappa") else 30)) for x in loose})
    blocks = [next((x for x in V.free_symbols if x.name == name), sympy.Symbol(name)) for name in near.names]
    share, psi = V.diff(F), V.subs({F: 0, F0: 0})
    single = [w == 1 and near.place.dim > 1 for w in near.widths]
    if (psi.free_symbols | share.free_symbols) - {g, *blocks}:
        return "the function has symbols of which nothing is said"
    value = _digits((g, *blocks), (psi, psi.diff(g), *(psi.diff(x) for x in blocks)))
    alone = psi.as_independent(*(x for x, one in zip(blocks, single, strict=True) if one), as_Add=True)[1] if any(
        single) else sympy.S.Zero  # what belongs to scalar blocks counts once
    once = _digits((g, *blocks), (alone,))
    n = near.place.dim
    for k in range(STATES):
        y = [Float(TINY * int(x), DIGITS) / 8 for x in np.random.default_rng((seed, k)).integers(-16, 17, near.size)]
        scale = max(map(abs, near.place.at(y[:n])[2])) / TINY if k % 2 else sympy.S.One  # memory of the gradient's size
        y = [*y[:n], *(scale * (abs(x) + TINY if up else x) for x, up in zip(y[n:], near.upward[n:], strict=True))]
        y = sum(([x * int(name not in near.free) for x in part] for name, part in near.split(y).items()), [])
        f, rise, grad, H = near.slopes(y)
        parts, slopes = near.split(y), near.split(f)
        turned = [sum(H[i, j] * slopes["theta"][j] for j in range(n)) for i in range(n)]
        terms, level = [share * grad[i] * slopes["theta"][i] for i in range(n)], share * rise
        for i in range(n):
            at = [parts[name][0 if one else i] + near.rest[name] for name, one in zip(near.names, single, strict=True)]
            out = value(grad[i], *at)
            level += out[0] if i == 0 or alone == 0 else out[0] - once(grad[i], *at)[0]
            terms.append(out[1] * turned[i])
            for name, one, slope in zip(near.names, single, out[2:], strict=True):
                if i == 0 or not one:
                    terms.append(slope * slopes[name][0 if one else i])
        scale = sum(map(abs, terms), sympy.S.Zero)
        if sum(terms) > scale * Rational(1, 10**25):
            return "the function grows at a state near the point"
        if found.kind == "Lyapunov" and level < -abs(rise) * SMALL - SMALL**8:
            return "the function is negative at a state near the point"
    if found.status == "unstable" and near.place.falls is False:
        return "no point near it was met at which the loss is lower"
    if found.status != "unstable" and share == 1 and near.place.falls:
        return "the loss is lower at a point near it"
    return ""
