"""A witness as a loss: a polynomial with given F, ∇F and Hessian at a point, of the class that was assumed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import sympy
from sympy import Max, Rational

from arithmetic import Printed, Vector, as_decimals, from_sympy
from flows import Flow, State, scalar
from networks import Loss

DIGITS = 40


@dataclass(frozen=True)
class Counterexample(Printed):
    """A loss, a flow and a state at which V grows: `flow.on(loss)` from there, for all to see.

    derivative : V' there.  step, rise : V(step) − V(0) along the flow, integrated with 40 digits (of V e^(∫k dt) where
    the claim was V' ≤ −kV).
    """

    loss: Loss
    flow: Flow = field(repr=False)
    state: State
    derivative: float
    step: float
    rise: float

    def __str__(self):
        at = ", ".join(f"{name} = {np.array2string(np.asarray(x), precision=6)}"
                       for name, x in vars(self.state).items())
        return (f"F = {sympy.sstr(self.loss.expression)} at {at}: V' = {self.derivative:.6g}, and V has grown by "
                f"{self.rise:.6g} after the time {self.step:.3g}")


def realise(motion, point: dict, law, function, rates: dict) -> Counterexample | None:
    """The counterexample of an exact point of a `Motion` with V' > 0, or None where no such loss was found."""
    free = set(motion.symbols) - set().union(*(p.free_symbols for p in motion.parts),
                                             *(g.free_symbols for g in law.gaps(motion)))
    value = {x: sympy.sympify(v) for x, v in point.items()}
    found = _loss(motion, value, law, rates, free)
    if found is None:
        return None
    loss, theta = found
    flow = motion.flow.subs(rates)
    exact = {x: sympy.N(v, DIGITS) for x, v in value.items()}
    state = {name: [exact[x] for x in block] for name, block in motion.blocks.items()}
    state["theta"] = [sympy.N(x, DIGITS) for x in theta]
    names = list(motion.blocks)

    def packed(t, blocks):
        return State(t=t, **{name: blocks[name][0] if isinstance(name, scalar) else Vector(blocks[name])
                             for name in names})

    def numbers(x):
        return [sympy.N(sympy.sympify(e).subs(rates), DIGITS) for e in (x if isinstance(x, np.ndarray) else [x])]

    def slope(t, blocks):
        s = packed(t, blocks)
        out = flow.field(s, loss.oracle(s.theta))
        return {name: numbers(out[name]) for name in names}

    def V(t, blocks):
        s = packed(t, blocks)
        return numbers(function(s, loss.oracle(s.theta)))[0]

    t, start = exact[motion.t], V(exact[motion.t], state)
    derivative = sympy.N(sum(p.xreplace(value) for p in motion.parts), DIGITS)
    for k in (12, 20, 30, 45):
        h = sympy.Float(2, DIGITS) ** -k
        end = _step(slope, t, state, h)
        if any(not x.is_Float and not x.is_Integer for x in sum(end.values(), [])):
            continue  # it left the states in one step
        rise = V(t + h, end) * (1 + h * sympy.N(motion.rate.xreplace(value), DIGITS)) - start
        if rise.is_real and rise > derivative * h / 2 > 0:
            shown = {name: np.array([float(x) for x in state[name]]) for name in names}
            shown = {name: x[0] if isinstance(name, scalar) else x for name, x in shown.items()}
            return Counterexample(loss, flow, State(t=float(t), **shown), float(derivative), float(h), float(rise))
    return None


def _step(slope, t, y, h):
    """One step of the classical Runge–Kutta method."""

    def moved(k, share):
        return {name: [a + share * h * b for a, b in zip(y[name], k[name], strict=True)] for name in y}

    a = slope(t, y)
    b = slope(t + h / 2, moved(a, Rational(1, 2)))
    c = slope(t + h / 2, moved(b, Rational(1, 2)))
    d = slope(t + h, moved(c, 1))
    return {name: [x + h * (p + 2 * q + 2 * r + s) / 6 for x, p, q, r, s in zip(
        y[name], a[name], b[name], c[name], d[name], strict=True)] for name in y}


# --------------------------------------------------------------------------------------------------------- losses
def _loss(motion, at, law, rates, free):
    """(loss, θ) with the numbers of a point, exactly; quantities in `free` may be others."""
    n, x = motion.dim, sympy.symbols(f"x1:{motion.dim + 1}" if motion.dim > 1 else "x,", real=True)
    theta = [at[y] for y in motion.blocks["theta"]]
    F, g = at[motion.F], [at[y] for y in motion.g]
    H = sympy.Matrix(n, n, lambda i, j: at[motion.H[i, j]])
    if any(not y.is_Rational for y in (*theta, F, *g, *H)):
        return None
    low, high = (None if b is None else as_decimals(b).subs(rates) for b in (law.low, law.high))
    if motion.asked & {"jacobian", "residual"}:
        bounded = law.convex or low is not None or high is not None
        return None if bounded else _of_squares(motion, at, x, theta, F, g, H, free)
    if law.convex:
        still = sum((a * b for a, b in zip(g, theta, strict=True)), sympy.S.Zero)
        if H * sympy.Matrix(theta) == sympy.Matrix(g) and F == still / 2:
            form = (sympy.Matrix([x]) * H * sympy.Matrix(x))[0] / 2
            return Loss.from_expression(form, x, name="witness"), theta
        return _convex(motion, x[0], theta[0], F, g[0], H[0], low, high, free) if n == 1 else None
    if any(gap.has(law.oracle.value) for gap in law.states):  # which all θ must meet, as Polyak and Łojasiewicz'
        h, y = g[0] ** 2 / (2 * F) if n == 1 and F > 0 else sympy.S.Zero, sympy.Symbol("y", real=True)
        if n > 1 or h == 0 or not set(motion.H.flat) <= free:  # h θ²/2 has F = g²/2h
            return None
        if any(gap.has(law.s.theta) for gap in law.states) and g[0] != h * theta[0]:
            return None  # the minimum is at 0
        there = {law.oracle.value: h * y**2 / 2, law.oracle.gradient: h * y, law.s.theta: y}
        if any((gap.subs(there).subs(rates) / y**2).simplify().is_negative is not False for gap in law.states):
            return None
        H = sympy.Matrix([[h]])
    d = [a - b for a, b in zip(x, theta, strict=True)]
    form = F + sum(a * b for a, b in zip(g, d, strict=True)) + (sympy.Matrix([d]) * H * sympy.Matrix(d))[0] / 2
    return Loss.from_expression(sympy.expand(form), x, name="witness"), theta


def _of_squares(motion, at, x, theta, F, g, H, free):
    """Residuals r + J d + d²C/2 with Jᵀr = g, |r|²/2 = F and JᵀJ + Σ r C = H."""
    n = motion.dim
    J = sympy.Matrix(n, n, lambda i, j: at[motion.J[i, j]])
    if "residual" in motion.asked:
        r = sympy.Matrix([at[y] for y in motion.r])
    elif J.det() == 0:
        return None
    else:
        r = J.T.inv() * sympy.Matrix(g)
    d = sympy.Matrix([a - b for a, b in zip(x, theta, strict=True)])
    out = list(r + J * d)
    if not set(motion.H.flat) <= free:
        k = next((i for i, y in enumerate(r) if y != 0), None)
        if k is None and H != J.T * J:
            return None
        if k is not None:
            out[k] += (d.T * (H - J.T * J) * d)[0] / (2 * r[k])
    if motion.F not in free:
        rest = 2 * F - (r.T * r)[0]
        if rest < 0:
            return None
        out += [sympy.sqrt(rest)] if rest else []
    out = [sympy.expand(sympy.sqrt(len(out)) * e) for e in out]
    return Loss(lambda t: [from_sympy(e, dict(zip(x, t, strict=True))) for e in out], n, squares=True, name="witness",
                symbols=x), theta


def _convex(motion, x, theta, F, g, H, low, high, free):
    """A convex loss of one variable with minimum 0 at 0: f'' a polynomial, or piecewise constant below `high`."""
    (y,), (slope,), curvature = motion.blocks["theta"], motion.g, motion.H[0, 0]
    low = sympy.S.Zero if low is None else low
    if curvature in free:
        H = low + 1 if high is None else (low + high) / 2
        H = g / theta if y not in free and theta != 0 and low <= g / theta <= (high or g / theta) else H
    if y in free and motion.F in free:
        if g == 0 or H > 0:
            theta, F = (g / H, g**2 / (2 * H)) if g else (sympy.S.Zero, sympy.S.Zero)
            return Loss.from_expression(H * x**2 / 2, (x,), name="witness"), [theta]
        theta, F = sympy.sign(g), abs(g) / 2
    elif motion.F in free:
        F = g * theta / 2
    elif y in free and g != 0:
        theta = 2 * F / g
    if slope in free and theta != 0:
        g = 2 * F / theta
    if theta == 0:
        return None if F or g or H < low else (Loss.from_expression(H * x**2 / 2, (x,), name="witness"), [theta])
    size, side = abs(theta), sympy.sign(theta)
    f, m, h = F - low * size**2 / 2, g * side - low * size, H - low  # of f − low θ²/2 at |θ|
    base = low * x**2 / 2
    if h < 0 or f < 0 or m * size < f:
        return None
    if f == 0 == m == h:
        return Loss.from_expression(base, (x,), name="witness"), [theta]
    found = _bowl(side * x, size, f, m, h) if high is None else _steps(side * x, size, f, m, h, high - low)
    return None if found is None else (Loss.from_expression(base + found, (x,), name="witness"), [theta])


def _bowl(x, size, F, g, H):
    """A polynomial with f'' ≥ 0, f(0) = f'(0) = 0 and numbers at `size`: f'' = a (1−s)^2j + b s^2j (1−s)² + H s^l."""
    s = sympy.Symbol("s", real=True)
    for j in (1, 3, 8, 20):
        parts = [(1 - s) ** (2 * j), s ** (2 * j) * (1 - s) ** 2, s ** (4 * j + 8)]
        mass = [size * sympy.Poly(p, s).integrate().eval(1) for p in parts]
        lift = [size**2 * sympy.Poly(p * (1 - s), s).integrate().eval(1) for p in parts]
        a, b = sympy.Matrix([mass[:2], lift[:2]]).inv() * sympy.Matrix([g - H * mass[2], F - H * lift[2]])
        if a >= 0 and b >= 0:
            second = sympy.expand((a * parts[0] + b * parts[1] + H * parts[2]).subs(s, x / size))
            return sympy.Poly(second, *x.free_symbols).integrate().integrate().as_expr()
    return None


def _steps(x, size, F, g, H, top):
    """f'' = top on one interval, H around `size`, 0 elsewhere."""
    for k in range(2, 24):
        w = size / 2**k
        length = (g - H * w) / top
        if length <= 0:
            continue
        middle = size - (F - H * w**2 / 2) / (top * length)
        a, b = middle - length / 2, middle + length / 2
        if a >= 0 and b <= size - w and H <= top:
            return (top * (Max(x - a, 0) ** 2 - Max(x - b, 0) ** 2) + H * Max(x - size + w, 0) ** 2) / 2
    return None
