"""V' of a flow, read again from the definitions: the ground on which the referee stands.

It shares no code with the search.  `Motion` is V' by the chain rule on `flow.field` and V in 1, 2 or 3
coordinates, with one F, a full symmetric Hessian and a full Jacobian; `attack` looks for an admitted state with V' > 0,
at random and uphill, and believes exact numbers only; `separates` is the identity between V' and a formula of one
coordinate.  `Law` is what is assumed of losses, states and rates.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator

import numpy as np
import sympy
from sympy import Abs, Dummy, Heaviside, Max, Min, Piecewise, Rational, sign

from arithmetic import Oracle, Vector, as_decimals, gram
from flows import Flow, State, scalar

LANES, ROUNDS, DIGITS = 1500, 4, 50
CURVED = "H∇F"  #: the name of H∇F among the vectors of a frame
INEQUALITIES = (sympy.Le, sympy.Lt, sympy.Ge, sympy.Gt)
POINTS = 4  #: at which an identity is tried
FIRST: dict[tuple, tuple] = {}  #: the draws that attacks begin with
#: by which numbers are changed on the way uphill
FACTORS = np.array([1, 1, 1, 1, 1, 1, 2, 0.5, 1.125, 0.875, 4, 0.25, -1, 0, 16, 0.0625])


class _Asked(Oracle):
    """A loss at one point, of given quantities; it knows which were asked for."""

    def __init__(self, theta, quantities: dict):
        self.theta, self._quantities = theta, quantities

    def ask(self, quantity):
        return gram(self.jacobian) if quantity == "gauss_newton" else self._quantities[quantity]

    @property
    def asked(self) -> set:
        asked = vars(self).keys() & {"value", "hessian", "residual", "jacobian", "gauss_newton"}
        return {"jacobian" if q == "gauss_newton" else q for q in asked}


@functools.cache
def symbol_of(name: str, domain: str = "real", kind: str = "loss") -> Dummy:
    """A symbol that equals none of a user's; the same each time, so that sympy knows what was computed with it.

    kind : tells apart a block of the flow and a quantity of the loss that have one name.
    """
    return Dummy(name, **{domain: True})


class Motion:
    """V and V' of a flow in `dim` coordinates, in its own symbols: `V`, `slopes`, `parts`, whose sum is V' (+ kV)."""

    def __init__(self, flow: Flow, function: Callable, dim: int, rate=sympy.S.Zero):
        self._compiled: dict = {}
        self.flow, self.dim, self.t, self.F = flow, dim, symbol_of("t", "nonnegative"), symbol_of("F")
        self.blocks = {}
        for name in flow.blocks:
            domain = "positive" if name in flow.nonnegative else "real"
            self.blocks[name] = Vector(symbol_of(f"{name}_{i + 1}", domain, "block")
                                       for i in range(1 if isinstance(name, scalar) else dim))
        self.g, self.r = (Vector(symbol_of(f"{x}_{i + 1}") for i in range(dim)) for x in "gr")
        entry = {(i, j): symbol_of(f"H_{i + 1}{j + 1}") for i in range(dim) for j in range(i, dim)}
        self.H = Vector(entry[min(i, j), max(i, j)] for i in range(dim) for j in range(dim)).reshape(dim, dim)
        self.J = Vector(symbol_of(f"J_{i + 1}{j + 1}") for i in range(dim) for j in range(dim)).reshape(dim, dim)
        s = State(t=self.t, **{name: x[0] if isinstance(name, scalar) else x for name, x in self.blocks.items()})
        oracle = _Asked(s.theta, {"value": self.F, "gradient": self.g, "hessian": self.H, "residual": self.r,
                                  "jacobian": self.J})
        self.V = as_decimals(function(s, oracle))
        self.energy_asks = oracle.asked
        slopes = flow.field(s, oracle)
        self.slopes = {name: [as_decimals(slopes[name])] if isinstance(name, scalar)
                       else list(map(as_decimals, slopes[name])) for name in flow.blocks}
        self.asked = oracle.asked
        theta, terms = self.slopes["theta"], [(e, e.free_symbols) for e in sympy.Add.make_args(self.V)]

        def gradient(x):
            """∂V/∂x, of the terms that hold x."""
            return sympy.Add(*(e.diff(x) for e, held in terms if x in held))

        bent = [(gradient(a), row) for a, row in zip(self.g, self.H, strict=True)]
        parts = [gradient(self.t), gradient(self.F) * sympy.Add(*(a * b for a, b in zip(self.g, theta, strict=True))),
                 sympy.Add(*(slope * sum(h * b for h, b in zip(row, theta, strict=True))
                             for slope, row in bent if slope))]
        parts += [gradient(x) * f for name in flow.blocks
                  for x, f in zip(self.blocks[name], self.slopes[name], strict=True)]
        self.rate = rate.subs(flow.coordinate()[0].t, self.t)
        parts.append(self.rate * self.V)
        self.parts = [p for p in parts if p != 0] or [sympy.S.Zero]
        self.symbols = [self.t, self.F, *self.g, *self.r, *entry.values(), *self.J.flat,
                        *(x for b in self.blocks.values() for x in b)]
        everything = (self.V, *itertools.chain(*self.slopes.values()))
        self.free = set().union(*(p.free_symbols for p in (*self.parts, *everything)))
        self.rates = sorted(self.free - set(self.symbols), key=str)
        self.seams = list(dict.fromkeys(h for e in everything for h in seams_of(e)))

    @functools.cached_property
    def clocks(self) -> dict:
        """{c: k} of the scalar blocks with c' = k (1 − c), c(0) = 0, so that c = 1 − e^(−kt): no free numbers."""
        found = {}
        for name, (c, *_) in self.blocks.items():
            f = self.slopes[name][0]
            k = f.subs(c, 0)
            if (isinstance(name, scalar) and self.flow.initial.get(name, 0) == 0
                    and not k.free_symbols & set(self.symbols) and k != 0 and sympy.expand(f - k * (1 - c)) == 0):
                found[c] = k
        return found

    def compiled(self, parts):
        """Expressions and, after them, what vanishes on seams, on floats."""
        key = tuple(parts)
        if key not in self._compiled:
            used = sorted(set().union(*(e.free_symbols for e in (*parts, *self.seams))), key=str)
            named = {x: sympy.Symbol(f"x{i}", **x.assumptions0) for i, x in enumerate(used)}  # of names that print
            plain = [e.xreplace(named) for e in (*parts, *self.seams)]
            f = on_floats((*named.values(),), (*plain,))
            self._compiled[key] = lambda values: f(*(values[x] for x in used))
        return self._compiled[key]

    def __getstate__(self):
        return vars(self) | {"_compiled": {}}

    # ------------------------------------------------------------------------------------------------- states
    def matrices(self, law: Law) -> tuple[str, ...]:
        """Which of r, A (for H) and J states are drawn with: those that the claim or its class speaks of."""
        curved = law.convex or bool(self.free & set(self.H.flat))
        return ("A",) * curved + ("r", "J") * bool(self.asked & {"residual", "jacobian"})

    def first(self, seed: int, law: Law) -> tuple:
        """(the draw that an attack begins with, its generator after it): the same for all flows of these blocks."""
        matrices = self.matrices(law)
        key = self.dim, seed, matrices, tuple((name, len(x)) for name, x in self.blocks.items())
        if key not in FIRST:
            rng = np.random.default_rng(seed)
            if len(FIRST) > 100:  # of a few hundred kilobytes each
                FIRST.clear()
            FIRST[key] = self.draw(rng, 2 * LANES, matrices), rng.bit_generator.state
        draw, state = FIRST[key]
        rng = np.random.default_rng()
        rng.bit_generator.state = state
        return dict(draw), rng

    def draw(self, rng, lanes: int, matrices: tuple[str, ...] = ("A", "r", "J")) -> dict:
        """Random numbers of which `place` makes admitted states: powers of two, zeros, equal coordinates.

        Without `matrices` H, r and J are 0.
        """

        def numbers(*shape):
            reach = np.where(rng.random(lanes) < 0.2, 30, 8)
            x = 2.0 ** np.round(reach * (2 * rng.random((*shape, lanes)) - 1))
            x = x * rng.choice([-1.0, 1.0], (*shape, lanes))
            x = np.where(rng.random((*shape, lanes)) < 0.2, 2.0 ** rng.integers(-1, 2, (*shape, lanes)) * np.sign(x), x)
            x = np.where(rng.random((*shape, lanes)) < 0.2, 0.0, x)
            return np.where(rng.random(lanes) < 0.2, x[:1] * rng.choice([-1.0, 1.0], x.shape), x)  # on diagonals

        n = self.dim
        share = 2.0 ** -rng.integers(1, 12, lanes)
        return {
            "F": numbers(1),
            "g": numbers(n),
            **{x: numbers(n) if x == "r" else numbers(n, n) for x in matrices},
            "t": np.abs(numbers(1)),
            "share": np.where(rng.random(lanes) < 0.5, share, 1 - share)[None],
            "quadratic": (rng.random(lanes) < 0.5)[None] * 1.0,
            **{("block", name): numbers(len(x)) for name, x in self.blocks.items()},
        }

    @staticmethod
    def changed(draw: dict, best, rng) -> dict:
        """Draws near the best ones."""
        lanes = rng.choice(best, LANES)
        rows = np.concatenate([x.reshape(-1, x.shape[-1]) for x in draw.values()])[:, lanes]
        rows, out, last = rows * FACTORS[rng.integers(len(FACTORS), size=rows.shape, dtype=np.uint8)], {}, 0
        for name, x in draw.items():
            first, last = last, last + x[..., 0].size
            fixed = name in ("share", "quadratic")
            out[name] = x[..., lanes] if fixed else rows[first:last].reshape(*x.shape[:-1], LANES)
        return out

    def place(self, draw: dict, rates: dict, law: Law) -> dict:
        """{symbol: numbers} of the states that a draw stands for; exact where it is (object arrays)."""
        n, exact = self.dim, draw["g"].dtype == object
        exp = np.vectorize(sympy.exp, otypes=[object]) if exact else np.exp
        number = (lambda x: sympy.sympify(x)) if exact else float
        low, high = (None if b is None else number(as_decimals(b).subs(rates)) for b in (law.low, law.high))
        g, theta, F = (draw[x] for x in ("g", ("block", "theta"), "F"))
        F, zero = F[0], np.zeros((n, n, *F.shape[1:]), dtype=int)
        A, J, r = (draw.get(x, zero[0] if x == "r" else zero) for x in "AJr")
        if "residual" in self.asked:
            g = np.array([sum(J[k, i] * r[k] for k in range(n)) for i in range(n)])
            F = sum(x * x for x in r) / 2
        square = np.array([[sum(A[i, k] * A[j, k] for k in range(n)) for j in range(n)] for i in range(n)])
        eye = np.eye(n, dtype=int)[:, :, None]
        if low is None and high is None:
            H = A + np.swapaxes(A, 0, 1)
        elif low is None or high is None:
            H = square + low * eye if high is None else high * eye - square
        else:
            trace = sum(square[i, i] for i in range(n))
            H = low * eye + (high - low) * square / np.where(trace == 0, trace + 1, trace)
        if law.convex:  # a minimum F = 0 at θ = 0: quadratic losses, and others with ⟨g, θ⟩ ≥ F ≥ 0
            along = sum(a * b for a, b in zip(g, theta, strict=True))
            g = np.where(along < 0, -g, g)
            F = draw["share"][0] * np.where(along < 0, -along, along)
            linear = np.array([sum(H[i, j] * theta[j] for j in range(n)) for i in range(n)])
            flat = draw["quadratic"][0] == 1
            g = np.where(flat, linear, g)
            F = np.where(flat, sum(a * b for a, b in zip(linear, theta, strict=True)) / 2, F)
        values = {self.t: np.abs(draw["t"][0]), self.F: F, **dict(zip(self.g, g, strict=True)),
                  **dict(zip(self.r, r, strict=True))}
        values |= {x: H[i, j] for (i, j), x in np.ndenumerate(self.H)} | {x: J[i] for i, x in np.ndenumerate(self.J)}
        for name, block in self.blocks.items():
            for x, v in zip(block, draw["block", name], strict=True):
                values[x] = np.abs(v) if x.is_positive else v
        for c, k in self.clocks.items():
            values[c] = 1 - exp(-number(k.subs(rates)) * values[self.t])
        return values

    def exact(self, draw: dict, lane: int, rates: dict, law: Law) -> dict:
        """One lane in exact numbers."""
        one = {name: np.vectorize(Rational, otypes=[object])(x[..., lane : lane + 1]) for name, x in draw.items()}
        return {x: sympy.sympify(v[0]) for x, v in self.place(one, rates, law).items()} | rates

    # ------------------------------------------------------------------------------------------------ the attack
    def attack(self, law: Law, rates: dict, seed: int = 0, parts=None, *, quadratic: bool = False) -> dict | None:
        """An admitted state, exactly, with V' > 0 off the seams, or None: at random, then uphill from the best.

        parts : of another expression than V'.  quadratic : of convex losses take the quadratic ones alone.
        """
        parts = self.parts if parts is None else parts
        f, k = self.compiled(parts), len(parts)
        draw, rng = self.first(seed, law)
        if quadratic:
            draw["quadratic"] = np.ones_like(draw["quadratic"])
        for _ in range(ROUNDS):
            with np.errstate(all="ignore"):
                values = self.place(draw, rates, law)
                lanes = values[self.t].shape
                out = [np.broadcast_to(np.asarray(p, dtype=float), lanes) if np.isrealobj(p) else np.full(lanes, np.nan)
                       for p in f(values | {x: float(rates[x]) for x in self.rates})]
                score = sum(out[:k]) / sum(map(np.abs, out[:k]))
                score = np.where(np.isfinite(score) & law.admits(self, values, rates), score, -1.0)
            for h in out[k:]:
                score = np.where(h == 0, -1.0, score)
            order = np.argsort(-score, kind="stable")
            for lane in order[:6]:
                if score[lane] > 1e-11:
                    point = self.exact(draw, lane, rates, law)
                    if _positive(parts, point) and law.holds(self, point):
                        return point
            draw = self.changed(draw, order[:40], rng)
        return None

    # ---------------------------------------------------------------------------------------------- the identity
    def separates(self, derivative, s, oracle, seed: int = 1) -> bool:
        """Whether V' is the sum over coordinates of a formula of one, with F once: at random exact points.

        F that stands with single coordinates is a number that all share.  Where H or J is in the formula, it speaks of
        coordinates along the eigenvectors, and the points are turned there, or else of the diagonal entries of H.
        """
        curved = derivative.has(oracle.hessian, oracle.jacobian)
        return (curved and self._sums(derivative, s, oracle, seed, True)
                or not derivative.has(oracle.jacobian) and self._sums(derivative, s, oracle, seed, False))

    def _sums(self, derivative, s, oracle, seed: int, axes: bool) -> bool:
        rng, n = np.random.default_rng(seed), self.dim
        single = {oracle.value, oracle.gradient, oracle.hessian,
                  *(getattr(s, name) for name in self.blocks if not isinstance(name, scalar))}
        share, number = derivative.diff(oracle.value), functools.partial(_fraction, rng)
        share = sympy.cancel(sympy.together(share)) if share.free_symbols & single else share
        if share.free_symbols & single:
            share = sympy.S.Zero
        left = POINTS
        for _ in range(4 * POINTS):
            turn = _rotation(n, [number() for _ in range(n)]) if axes else None
            at = {self.t: number(True), self.F: number(), **{x: number(x.is_positive) for x in self.rates}}
            h, j = [number() for _ in range(n)], [number() for _ in range(n)]
            J = {x: number() for x in self.J.flat if turn is None}
            H = {x: number() for x in self.H.flat}
            if turn is not None:
                H = dict(zip(self.H.flat, turn * sympy.diag(*h) * turn.T, strict=True))
                J = dict(zip(self.J.flat, sympy.diag(*j) * turn.T, strict=True))
            at |= H | J
            h = [H[self.H[i, i]] for i in range(n)] if turn is None else h
            ones = [{oracle.value: at[self.F], s.t: at[self.t], oracle.hessian: h[i], oracle.jacobian: j[i]}
                    for i in range(n)]
            for name, block in [*self.blocks.items(), (None, self.g)]:
                own = [number(block[0].is_positive) for _ in block]
                turned = own if isinstance(name, scalar) or turn is None else turn * sympy.Matrix(own)
                at |= dict(zip(block, turned, strict=True))
                symbol = oracle.gradient if name is None else getattr(s, name)
                for i, one in enumerate(ones):
                    one[symbol] = own[0] if isinstance(name, scalar) else own[i]
            rates = {x: at[x] for x in self.rates}
            whole = sum(at_point(p, at) for p in self.parts)
            parts = sum(at_point(derivative, one | rates) for one in ones)
            parts -= (n - 1) * at_point(share * oracle.value, ones[0] | rates)
            if (whole - parts).has(sympy.nan, sympy.zoo):
                continue  # a pole, where both say nothing
            if not _zero(whole - parts, whole):
                return False
            left -= 1
            if not left:
                return True
        return False

    def spans(self, derivative, frame: tuple, s, oracle, seed: int = 1) -> bool:
        """Whether V' is a formula of the vectors of a frame in the axes that they span: at random exact points."""
        rng, n = np.random.default_rng(seed), self.dim
        for _ in range(POINTS):
            at = {x: _fraction(rng, x.is_nonnegative) for x in (*self.symbols, *self.rates)}
            one = {s.t: at[self.t], oracle.value: at[self.F]} | {x: at[x] for x in self.rates}
            one |= {getattr(s, name): at[x[0]] for name, x in self.blocks.items() if isinstance(name, scalar)}
            found: list = []  # orthonormal vectors, by Gram and Schmidt
            for name, row in zip(*frame, strict=True):
                if name == CURVED:
                    v = sympy.Matrix(n, n, [at[x] for x in self.H.flat]) * sympy.Matrix([at[x] for x in self.g])
                else:
                    v = sympy.Matrix([at[x] for x in (self.g if name == "gradient" else self.blocks[name])])
                parts = [(v.T * e)[0] for e in found]
                rest = v - sum((c * e for c, e in zip(parts, found, strict=True)), sympy.zeros(n, 1))
                size = sympy.N(sympy.sqrt((rest.T * rest)[0]), 2 * DIGITS) if len(found) < n else sympy.S.Zero
                found.append(rest / size if size != 0 else sympy.zeros(n, 1))
                one |= {x: c for x, c in zip(row, (*parts, size), strict=False) if x != 0}
            whole, part = sum(at_point(p, at) for p in self.parts), at_point(derivative, one)
            if not _zero(sympy.N(whole, 2 * DIGITS) - part, whole):
                return False
        return True


# ------------------------------------------------------------------------------------------------- what is assumed
class Law:
    """What is assumed: "convex", bounds of the Hessian's eigenvalues, relations of states, and of rates."""

    def __init__(self, relations: tuple, s, oracle, flow: Flow):
        self._gaps: dict = {}
        self.convex, self.relations = "convex" in relations, tuple(r for r in relations if r != "convex")
        self.s, self.oracle, self.rates, self.states = s, oracle, [], []
        vectors = {name: getattr(s, name) for name in flow.blocks}
        known = {*vectors.values(), oracle.value, oracle.gradient, s.t}
        lows: list = [sympy.S.Zero] * self.convex
        highs: list = []
        for r in self.relations:
            gap = as_decimals(r.gts - r.lts)
            if gap.has(oracle.hessian):
                slope, rest = gap.diff(oracle.hessian), gap.subs(oracle.hessian, 0)
                (lows if slope > 0 else highs).append(-rest / slope)
            elif gap.free_symbols & known:
                self.states.append(gap)
            else:
                self.rates.append(r)
        self.low = Max(*lows) if lows else None
        self.high = Min(*highs) if highs else None
        self.parameters = set().union(*(r.free_symbols for r in self.relations)) - known - {oracle.hessian}

    def gaps(self, motion: Motion) -> list:
        """Expressions that are ≥ 0, in the symbols of a motion: a relation with F is summed over coordinates."""
        s, o, out = self.s, self.oracle, []
        for gap in self.states:
            ones = []
            for i in range(motion.dim):
                ones.append({s.t: motion.t, o.value: motion.F, o.gradient: motion.g[i]}
                            | {getattr(s, name): x[0 if isinstance(name, scalar) else i]
                               for name, x in motion.blocks.items()})
            if gap.has(o.value):
                shared = gap.subs({x: 0 for x in ones[0] if x != o.value and x != s.t})
                out.append(shared.xreplace(ones[0]) + sum((gap - shared).xreplace(one) for one in ones))
            else:
                out += [gap.xreplace(one) for one in ones]
        if self.convex and (self.high is not None or self.low != 0):  # interpolation: Taylor, Hendrickx & Glineur 2017
            place = motion.blocks["theta"]
            along, gg, tt = (sum(a * b for a, b in zip(x, y, strict=True))
                             for x, y in ((motion.g, place), (motion.g, motion.g), (place, place)))
            mu, over = sympy.sympify(self.low), sympy.S.Zero if self.high is None else 1 / self.high
            width, Q = 2 * (1 - mu * over), gg * over + mu * tt - 2 * mu * over * along
            out += [width * (along - motion.F) - Q, width * motion.F - Q]
        return out

    def admits(self, motion: Motion, values: dict, rates: dict):
        ok = np.ones(len(values[motion.t]), dtype=bool)
        names = tuple(sorted(rates, key=str))
        if (motion, names) not in self._gaps:
            gaps = tuple(map(sympy.sympify, self.gaps(motion)))
            self._gaps[motion, names] = on_floats((*motion.symbols, *names), gaps) if gaps else None
        if (f := self._gaps[motion, names]) is None:
            return ok
        known = [float(rates[x]) for x in names]
        scales = f(*(np.abs(values[x]) for x in motion.symbols), *known)
        for gap, scale in zip(f(*(values[x] for x in motion.symbols), *known), scales, strict=True):
            ok &= np.asarray(gap, dtype=float) >= -1e-12 * np.abs(np.asarray(scale, dtype=float))
        return ok

    def holds(self, motion: Motion, point: dict) -> bool:
        """Whether an exact state is admitted."""
        return all(sign_of(gap.xreplace(point)) >= 0 for gap in self.gaps(motion))

    def some_rates(self, symbols, conditions=(), count: int = 4, seed: int = 0) -> Iterator[dict]:
        """Exact rates that meet the assumptions and the conditions, some of them at their bounds."""
        rng, found = np.random.default_rng(seed), 0
        symbols = sorted({*symbols, *self.parameters}, key=lambda x: (x.name, str(x.assumptions0)))
        relations = [r for r in (*self.rates, *conditions) if r.free_symbols <= set(symbols)]
        bounds = [r for r in (self.low, self.high) if r is not None]
        for _ in range(400):
            at = {x: Rational(2) ** int(rng.integers(-3, 4)) * (1 if x.is_positive else int(rng.choice([-1, 1])))
                  for x in symbols}
            for r in sorted(relations, key=lambda r: rng.random()):
                if met(r, at) and rng.random() < 0.5 and not isinstance(r, sympy.Eq):
                    continue
                x = next((x for x in sorted(r.free_symbols, key=str) if (r.lhs - r.rhs).is_polynomial(x)
                          and sympy.degree(r.lhs - r.rhs, x) == 1), r.lhs if r.lhs.is_Symbol else None)
                if x is not None:
                    root = _root((r.lhs - r.rhs).subs({y: v for y, v in at.items() if y != x}), x)
                    at[x] = root if root is not None and root.is_Rational else at[x]
                    if not met(r, at):
                        at[x] = next((w for w in (at[x] / 2, at[x] * 2) if met(r, at | {x: w})), at[x])
            ordered = len(bounds) < 2 or sign_of((bounds[1] - bounds[0]).subs(at)) >= 0
            if ordered and all(met(r, at) for r in relations) and all(v > 0 for x, v in at.items() if x.is_positive):
                yield at
                found += 1
                if found == (count if symbols else 1):
                    return


def met(relation, at) -> bool:
    """Whether a relation holds at some numbers."""
    return relation.subs(at) == sympy.true


def _root(e, x):
    """Where an expression of one symbol vanishes, in the first place; None where it does nowhere."""
    slope = e.diff(x)
    if slope.is_Rational and slope != 0:
        return -e.subs(x, 0) / slope
    return next(iter(sympy.solve(e, x)), None)


# --------------------------------------------------------------------------------------------------- small helpers
def seams_of(e) -> list:
    """What changes its sign at the seams of an expression."""
    found = [x.args[0] for x in e.atoms(Abs, sign, Heaviside)]
    found += [a - b for x in e.atoms(Max, Min) for a, b in itertools.combinations(x.args, 2)]
    return found + [c.gts - c.lts for x in e.atoms(Piecewise) for _, c in x.args if isinstance(c, INEQUALITIES)]


@functools.lru_cache(maxsize=256)
def on_floats(symbols: tuple, expressions: tuple) -> Callable:
    """Expressions as a function of floats: a proof that is verified asks for the same again."""
    halves = [e.replace(Heaviside, lambda x, *_: (1 + sign(x)) / 2) if e.has(Heaviside) else e for e in expressions]
    return sympy.lambdify(symbols, halves, ["scipy", "numpy"])


def _fraction(rng, square: bool | None = False) -> Rational:
    """A number drawn at random, or the square of one."""
    x = Rational(int(rng.integers(1, 60)) * int(rng.choice([-1, 1])), int(rng.integers(1, 12)))
    return x**2 if square else x


def _rotation(n: int, numbers: list) -> sympy.Matrix:
    """An exact orthogonal matrix, by Cayley's transform."""
    S = sympy.zeros(n)
    for (i, j), x in zip(itertools.combinations(range(n), 2), itertools.cycle(numbers)):
        S[i, j], S[j, i] = x, -x
    return (sympy.eye(n) - S) * (sympy.eye(n) + S).inv()


def at_point(e, at):
    """An expression at exact numbers; NaN where it is not defined (sympy's Max of what is not comparable raises)."""
    try:
        return sympy.sympify(e).xreplace(at)
    except ValueError:
        return sympy.nan


def sign_of(x) -> int:
    """The sign of an exact number: what 50 digits cannot tell from 0 is 0."""
    if x.is_Rational:
        return int(sympy.sign(x))
    x = sympy.N(x, DIGITS)
    return 0 if not x.is_Float or abs(x) < Rational(1, 10 ** (DIGITS - 15)) else int(sympy.sign(x))


def _positive(parts, point) -> bool:
    return sign_of(sum(at_point(p, point) for p in parts)) > 0


def _zero(x, scale) -> bool:
    if x.is_Rational:
        return x == 0
    x, scale = (sympy.N(e, DIGITS) for e in (x, scale))
    return bool(x.is_number and x.is_finite and abs(x) <= (1 + abs(scale)) * Rational(1, 10 ** (DIGITS - 15)))
