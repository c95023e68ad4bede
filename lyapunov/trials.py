"""The referee of algorithms: their bounds on the step and their multipliers, tried on numbers by the scheme."""

from __future__ import annotations

import numpy as np
import sympy

from arithmetic import as_decimals
from flows import Flow, scalar
from networks import Loss

LANES = 400


def rise(flow: Flow, scheme, claim, ratio, curvature, step) -> str:
    """A step, within the conditions of a claim, over which V falls by less than λ h D; empty if none was met.

    On Σ κ θ²/2 with κ ≤ L, from random states; conditions whose symbols are no rates of the
    flow (scales of the past) are not tried.  claim : a `StepVerdict` that is PROVED.
    """
    h, L, share = (sympy.Symbol("h", positive=True), sympy.Symbol("L", positive=True),
                   sympy.Symbol("lambda", nonnegative=True))
    open_ = [x for x, value in ((h, step), (L, curvature), (share, ratio)) if value is None or value == x]
    given = (sympy.sympify(e).free_symbols for e in (step, curvature) if e is not None)
    known = {*flow.free_symbols, *open_}.union(*given)
    if any(not c.free_symbols <= known for c in claim.conditions) or claim.dissipation is None:
        return ""
    rng = np.random.default_rng(0)
    symbols = sorted(known, key=str)
    for _ in range(3):
        at = {x: sympy.Rational(2) ** int(rng.integers(-3, 3)) for x in symbols}
        at |= {x: sympy.Rational(1, 2 ** int(rng.integers(1, 4))) for x in (share,) if x in at}
        if h in at and claim.bound is not None:
            bound = claim.bound.subs({x: v for x, v in at.items() if x != h})
            if not bound.is_number or bound <= 0:
                continue
            at[h] = bound * rng.choice([1, 1, sympy.Rational(1, 2), sympy.Rational(1, 16)])
        if not all(c.subs(at) == sympy.true for c in claim.conditions):
            continue
        numbers = [float(as_decimals(x).subs(at))
                   for x in (h if step is None else step, L if curvature is None else curvature, ratio)]
        if found := _tried(flow, scheme, claim, at, numbers, rng):
            return found
    return ""


def _tried(flow, scheme, claim, at, numbers, rng) -> str:
    h, L, ratio = numbers
    x = sympy.symbols("x1 x2", real=True)
    numeric = _numbers(flow, at)
    V, oracle = claim.energy.subs(at), flow.coordinate()[1]
    if any(e.has(sympy.zoo, sympy.nan) for e in (V, claim.dissipation.subs(at))):
        return ""
    share = V.diff(oracle.value)
    for kappa in ((L, -8 * L), (0.0, L)):
        loss = Loss.from_expression(sum(k * y**2 for k, y in zip(kappa, x, strict=True)) / 2, x)
        field = numeric.on(loss)
        y = rng.normal(size=(field.size, LANES)) * 2.0 ** rng.integers(-4, 5, (field.size, LANES))
        for name in field.blocks:
            if name in numeric.nonnegative:
                y[field.blocks[name]] = np.abs(y[field.blocks[name]]) if not isinstance(name, scalar) else 0.5
        with np.errstate(all="ignore"):
            new = scheme.step(field, 1.0, y, h)[0]
            old_state, new_state = field.state(1.0, y), field.state(1.0 + h, new)
            psi = [_summed(flow, V - share * oracle.value, s, s.theta, loss) for s in (old_state, new_state)]
            D = _summed(flow, claim.dissipation.subs(at), new_state, old_state.theta, loss)
            if any(x is None for x in (D, *psi)):
                return ""
            gap = (float(share) * (loss.value(new_state.theta) - loss.value(old_state.theta)) + psi[1] - psi[0]
                   + ratio * h * D)
            scale = np.abs(psi).sum(axis=0) + np.abs(loss.value(new_state.theta)) + np.abs(loss.value(old_state.theta))
        if np.any(np.isfinite(gap) & (gap > 1e-9 * (scale + np.abs(ratio * h * D)))):
            return f"on the quadratic loss of curvatures {kappa[0]:.4g}, {kappa[1]:.4g}, h = {h:.4g}, a step breaks it"
    return ""


def _numbers(flow: Flow, at: dict) -> Flow:
    """The flow with floats for its symbols."""
    return flow.with_rates(lambda x: float(x.subs(at)) if isinstance(x, sympy.Basic) else x)


def _summed(flow: Flow, formula, s, theta, loss):
    """A formula of one coordinate summed over coordinates, with the gradient at θ; None where it has other symbols."""
    symbols, oracle, _ = flow.coordinate()
    known = {getattr(symbols, name): getattr(s, name) for name in flow.blocks}
    known |= {symbols.theta: theta, oracle.gradient: loss.gradient(theta), symbols.t: s.t}
    if not formula.free_symbols <= set(known):
        return None
    used = sorted(formula.free_symbols, key=str)
    value = np.asarray(sympy.lambdify(used, formula, "numpy")(*(known[x] for x in used)), dtype=float)
    return np.broadcast_to(value, theta.shape).sum(axis=0)


def as_told(flow: Flow, scheme, h, polynomial, curvatures, of_squares: bool) -> bool | None:
    """Whether a polynomial in z and η has the multipliers of the step at each curvature, its rates drawn at random.

    None where it, or the step, has symbols that are no rates of the flow, or is read at symbols alone.
    """
    z, eta = sympy.Symbol("z"), sympy.Symbol("eta", positive=True)
    names = sorted((polynomial.free_symbols | h.free_symbols) - {z, eta}, key=str)
    own = flow.free_symbols
    if not set(names) <= own:
        return None
    rng = np.random.default_rng(0)
    at = {x: sympy.Rational(int(rng.integers(1, 8)), 8) for x in sorted(own, key=str)}
    numeric, step = _numbers(flow, at), float(h.subs(at))
    numbers = [float(e) for e in curvatures if e.is_number and e.is_real and (e > 0 or not of_squares)]
    return all(multiplied(numeric, scheme, step, polynomial.subs(at).subs(eta, e), e, of_squares) for e in numbers)


def bears(polynomial, threshold) -> bool:
    """Whether all roots are inside the unit circle below a sharpness, and one is outside above it, at drawn rates."""
    z, eta = sympy.Symbol("z"), sympy.Symbol("eta", positive=True)
    names = polynomial.free_symbols - {z, eta}
    draws = [{x: sympy.Rational(k, 10) for x in names} for k in (9, 8)] if names else [{}]
    draws = [at | {x: sympy.Rational(1, 10) for x in names if str(x) in ("lr", "eps")} for at in draws]
    for at in draws:
        limit = sympy.N(threshold.subs(at), 30)
        if not limit.is_Float or limit <= 0:
            continue  # these rates have none
        sizes = [max(map(abs, np.roots([complex(c) for c in sympy.Poly(
            polynomial.subs(at).subs(eta, share * limit), z).all_coeffs()])))
                 for share in (0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1.01)]
        if max(sizes[:-1]) >= 1 + 1e-7 or sizes[-1] <= 1 - 1e-7:
            return False
    return True


RESTING = 2000  #: steps in which a scale comes to rest


def multiplied(flow: Flow, scheme, h, polynomial, eta: float, of_squares: bool) -> bool:
    """Whether the roots of a polynomial are the multipliers of one step of the scheme, by numbers, on F = η θ²/2.

    Each block that may have either sign is moved by a tiny number in turn, and the answers are the columns of the map.
    """
    x = sympy.Symbol("x", real=True)
    loss = (Loss(lambda t: [float(np.sqrt(eta)) * t[0]], 1, squares=True) if of_squares
            else Loss.from_expression(sympy.Float(eta) * x**2 / 2, (x,)))
    field = flow.on(loss)
    moving = [name for name in field.blocks if not isinstance(name, scalar) and name not in flow.nonnegative]
    rest = np.zeros((field.size, 1))
    counts = [place for name, place in field.blocks.items() if isinstance(name, scalar)]
    for place in 3 * counts:  # whose steps are affine, each in itself where the others before it rest
        ends = []
        for rest[place] in (0.0, 1.0):
            with np.errstate(all="ignore"):
                ends.append(float(scheme.step(field, 1.0, rest, h)[0][place].ravel()[0]))
        rest[place] = ends[0] / (1 - (ends[1] - ends[0]))
    scales = [place for name, place in field.blocks.items()
              if name in flow.nonnegative and not isinstance(name, scalar)]
    with np.errstate(all="ignore"):
        for _ in range(RESTING):  # to where they rest, the others being at rest
            new = scheme.step(field, 1.0, rest, h)[0]
            if all((new[place] == rest[place]).all() for place in scales):
                break
            for place in scales:
                rest[place] = new[place]
    columns, tiny = [], 2.0**-100
    for name in moving:
        y = rest.copy()
        y[field.blocks[name]] += tiny
        with np.errstate(all="ignore"):
            new = scheme.step(field, 1.0, y, h)[0]
        columns.append([float(new[field.blocks[m]].ravel()[0]) / tiny for m in moving])
    if not np.all(np.isfinite(columns)):
        return True  # no linear part in floats: nothing was said by them
    z = sympy.Symbol("z")
    expected = np.array([complex(c) for c in sympy.Poly(polynomial, z).all_coeffs()])
    return bool(np.allclose(np.poly(np.array(columns).T), expected / expected[0], rtol=1e-6, atol=1e-7))
