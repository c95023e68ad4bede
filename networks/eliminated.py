"""Critical points of one hidden layer with squares: the output layer is eliminated, and with it its bounds.

F = Σ_p r_p²/(2P), r = Φ a − y, with a column φ(w_k x + b_k) of Φ for each unit and one of ones for an output bias.  At
a critical point r ⊥ Φ and a_k r ⊥ ψ for ψ = φ'(w_k x + b_k) and x φ'(w_k x + b_k): where every unit is used, a_k ≠ 0,
(Φ, y)ᵀ(Φ, ψ) is singular for each ψ, because it maps (a, −1) to (r·Φ, r·ψ) = 0.  By Cauchy and Binet's formula
M_ψ = Σ_S det (Φ, y)_S det (Φ, ψ)_S = 0 over the subsets S of the data: as many equations as hidden parameters, and the
output weights are any real numbers.  Where Φ has full rank they are sufficient, with a the least-squares solution.

Columns that become dependent, as units that become equal, a unit that becomes constant or vanishes, are replaced by
divided differences, which span the same space, up to the limit itself: M_ψ without its trivial zeros.  They are
quotients, or Taylor polynomials with Lagrange's remainder around a point (`confluent`); both enclose.

What is left are strata of their own: units that are not used (a_k = 0), equal up to a symmetry, or with w_k = 0.  They
are decided here for two kinds of networks (`Biased`, `Paired` by `merged`); for any other `layer` returns None.  With
weight decay there are none (`Ridge`).

Sources: Golub & Pereyra 1973 (variable projection); Fukumizu & Amari 2000 (strata).
"""
from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import sympy
from sympy.core.traversal import bottom_up

from arithmetic import as_decimals, from_sympy
from arithmetic.enclose import System, Zero, halved, newton, refined, same
from arithmetic.ends import above, below

from .bounds import affine, decay_and_squares
from .divided import Cover, Z, Zone, confluent, power, projected, system_of
from .enclosed import Enclosed, Open, every_zero, grouped, located
from .families import Vanishing
from .invariance import ordered
from .merged import Line, alone, merged
from .symmetry import Symmetry, representatives, searched_once

CENTRED, EDGE = 7, 8  # orders of the Taylor polynomials around the middle of a box and around 0
DEPTH = 24  # halvings of the region, over all coordinates, up to which boxes of one condition are cut


@dataclass(frozen=True)
class Layer:
    """r_p = Σ_k a_k φ(w_k x_p + b_k) (+ c) − y_p with the same factor for each square.

    phi : φ(z) in `Z`.  inputs, targets : x, y, numbers of sympy's.  hidden : indices of w (and b) of each unit.
    outputs : of a.  constant : of c, or None.
    """

    phi: sympy.Expr
    inputs: tuple
    targets: tuple
    hidden: tuple[tuple[int, ...], ...]
    outputs: tuple[int, ...]
    constant: int | None

    @property
    def linear(self) -> tuple[int, ...]:
        return (*self.outputs, *(() if self.constant is None else (self.constant,)))

    @property
    def flat(self) -> list[int]:
        """The hidden coordinates, in order."""
        return [i for unit in self.hidden for i in unit]


def layer(loss) -> Layer | None:
    """The hidden layer of a loss that has one of the forms that are eliminated here."""
    terms = [term.as_coeff_Mul() for term in sympy.Add.make_args(as_decimals(loss.expression))]
    if not all(c.is_positive and c == terms[0][0] and e.is_Pow and e.exp == 2 for c, e in terms):
        return None
    residuals, symbols = [e.base for _, e in terms], loss.symbols
    outputs = affine(residuals, symbols)
    columns = {s: [r.diff(s) for r in residuals] for s in outputs}
    targets = [-r.subs(dict.fromkeys(outputs, 0)) for r in residuals]
    ones = [s for s in outputs if all(e.is_number and e == columns[s][0] != 0 for e in columns[s])]
    units = sorted((s for s in outputs if s not in ones), key=symbols.index)
    inner = [sorted(set().union(*(e.free_symbols for e in columns[s])), key=symbols.index) for s in units]
    if not all(t.is_number for t in targets) or sum(map(len, inner)) != len({*itertools.chain(*inner)}) or (
            sum(map(len, inner)) + len(outputs) != len(symbols)):
        return None
    if [len(i) for i in inner] == [2] and len(ones) == 1 and columns[ones[0]][0] == 1:
        for w, b in (inner[0], inner[0][::-1]):
            found = _biased(columns[units[0]], w, b)
            if found is not None:
                phi, inputs = found
                return _checked(Layer(phi, inputs, tuple(targets), ((symbols.index(w), symbols.index(b)),),
                                      (symbols.index(units[0]),), symbols.index(ones[0])))
    if [len(i) for i in inner] == [1, 1] and not ones:
        first, second = ([e.subs(i[0], Z) for e in columns[s]] for s, i in zip(units, inner, strict=True))
        found = _plain(first) if first == second else None
        if found is not None:
            rows = [(x, y) if x.is_positive else (-x, -y) for x, y in zip(found[1], targets, strict=True) if x != 0]
            x, y = zip(*sorted(rows, key=lambda row: row[0]), strict=True)
            return _checked(Layer(found[0], x, y, tuple((symbols.index(i[0]),) for i in inner),
                                  tuple(map(symbols.index, units)), None))
    return None


def _checked(found: Layer) -> Layer | None:
    """With more data than output weights, at inputs that are told apart."""
    enough = len(found.inputs) > len(found.linear) + (found.constant is not None)
    return found if enough and len(set(found.inputs)) == len(found.inputs) else None


def _biased(column, w, b) -> tuple | None:
    """(φ, x) with column_p = φ(x_p w + b)."""
    inputs = [sympy.simplify(e.diff(w) / e.diff(b)) for e in column]
    if not all(x.is_number and x.is_real for x in inputs):
        return None
    functions = {bottom_up(e.subs(b, Z - x * w), ordered) for e, x in zip(column, inputs, strict=True)}
    phi = functions.pop()
    return (phi, tuple(inputs)) if not functions and phi.free_symbols == {Z} else None


def _plain(column) -> tuple | None:
    """(φ, x) with column_p = φ(x_p z), for an odd φ with φ'(0) ≠ 0."""
    slopes = [e.diff(Z).subs(Z, 0) for e in column]
    lead = next((k for k, s in enumerate(slopes) if s != 0), None)
    if lead is None or sympy.simplify(column[lead] + column[lead].subs(Z, -Z)) != 0:
        return None
    inputs, phi = [sympy.simplify(s / slopes[lead]) for s in slopes], column[lead]
    same = all(x.is_number and x.is_real and bottom_up(phi.subs(Z, x * Z), ordered) == bottom_up(e, ordered)
               for x, e in zip(inputs, column, strict=True))
    return (phi, tuple(inputs)) if same else None


def _middle(low, high):
    return low / 2 + high / 2


# ------------------------------------------------------------------------------------------ one unit with its biases
class Biased:
    """y = a φ(w x + b) + c.  Rows are subtracted from each other, which leaves divided differences over z = w x + b.

    With φ[p q] … of φ and g[p q] … of φ' at the points of three data p, q, s, and in x of the targets,
    det (1, φ, y)_S = V w (φ[p q] y[p q s] − w φ[p q s] y[p q]), det (1, φ, φ')_S = V w³ (φ[p q] g[p q s] − φ[p q s]
    g[p q]) and det (1, φ, x φ')_S = V w² (φ[p q] (w x_p g[p q s] + g[q s]) − φ[p q s] (w x_p g[p q] + g_q)), V their
    Vandermonde determinant: w³ and w² are left out, so that w = 0 is no zero by itself.
    """

    def __init__(self, layer: Layer, executor: str | None):
        self.layer, self.executor = layer, executor
        self.odd = sympy.simplify(layer.phi + layer.phi.subs(Z, -Z)) == 0
        self.xs = [float(f(layer.inputs)) for f in (min, max)]
        far, centred = self._zone(False), self._zone(True)
        self.system = system_of(*far, executor)
        self.cover = Cover([(*far, self._intervals), (*centred, self._intervals)], executor)

    def _zone(self, centred: bool) -> tuple[Zone, list]:
        layer = self.layer
        zone = Zone(layer.phi, ["w", "b", *["centre"] * centred])
        (w, b), x = zone.inputs[:2], [zone.lift(e) for e in layer.inputs]
        z = [w * e + b for e in x]
        if centred:
            centre = zone.inputs[2]

            def taylor(at) -> list[list]:
                """Of φ and of φ'."""
                coefficients = zone.taylor(at, CENTRED)
                return [coefficients, [coefficients[j] * j for j in range(1, CENTRED + 1)]]

            both, nodes = taylor(centre), [e - centre for e in z]

            def divided(of: int, *p):
                rest = taylor(zone.mean("z"))[of][-1]
                return confluent(zone, both[of][:-1], [nodes[i] for i in p], rest, zone.mean("z") - centre)
        else:
            both = [[from_sympy(layer.phi.diff(Z, k), {Z: e}) for e in z] for k in (0, 1)]

            def divided(of: int, *p):
                if len(p) == 1:
                    return both[of][p[0]]
                span = zone.lift(layer.inputs[p[-1]] - layer.inputs[p[0]])
                return (divided(of, *p[1:]) - divided(of, *p[:-1])) / (w * span)
        totals = [zone.lift(0)] * 2
        for p, q, s in itertools.combinations(range(len(x)), 3):
            first, second = divided(0, p, q), divided(0, p, q, s)
            line, curve = (zone.lift(_divided(layer.inputs, layer.targets, i)) for i in ((p, q), (p, q, s)))
            u = [layer.inputs[i] for i in (p, q, s)]
            V = zone.lift(((u[1] - u[0]) * (u[2] - u[0]) * (u[2] - u[1])) ** 2)
            weight = V * (first * curve - w * (second * line))
            slope, bend = divided(1, p, q), divided(1, p, q, s)
            totals[0] = totals[0] + weight * (first * bend - second * slope)
            totals[1] = totals[1] + weight * (first * (w * x[p] * bend + divided(1, q, s))
                                              - second * (w * x[p] * slope + divided(1, q)))
        return zone, totals

    def _intervals(self, low, high) -> dict:
        ends = np.array([low[0] * self.xs[0], low[0] * self.xs[1], high[0] * self.xs[0], high[0] * self.xs[1]])
        a, b = below(below(ends.min(axis=0)) + low[1]), above(above(ends.max(axis=0)) + high[1])
        return {"centre": (_middle(a, b),) * 2, "z": (a, b)}


def _divided(x, y, rows):
    """The divided difference of numbers."""
    if len(rows) == 1:
        return y[rows[0]]
    return (_divided(x, y, rows[1:]) - _divided(x, y, rows[:-1])) / (x[rows[-1]] - x[rows[0]])


# ---------------------------------------------------------------------------------------- two odd units without biases
class Paired:
    """y = a_1 φ(w_1 x) + a_2 φ(w_2 x), φ odd, in w_1 ≥ w_2 ≥ 0: columns f(w) = φ(w x) and their slopes in w.

    For w_1 near w_2 they span f[w_1], f[w_1 w_2], f[w_1 w_1 w_2], f[w_1 w_1 w_2 w_2].  For small w, G(w²) = f(w)/w
    takes the place of f, of which w = 0 is no singularity, and so does its slope in w² that of f'.
    """

    def __init__(self, layer: Layer, executor: str | None):
        self.layer, self.executor = layer, executor
        series = sympy.series(layer.phi, Z, 0, 2 * EDGE + 1).removeO()
        self.coefficients = [series.coeff(Z, 2 * j + 1) for j in range(EDGE)]
        far = self._zone("far")
        self.fitted = len(layer.inputs) == 3  # then M is a product with det (Φ, y), and the last output is this
        system = far[1][:2]
        self.system = system_of(far[0], system, executor)
        zones = [far, *map(self._zone, ("centred", "edge", "corner"))]
        self.cover = Cover([(z, o[:2], self._intervals) for z, o in zones], executor)
        self.fit = Cover([(z, o[2:], self._intervals) for z, o in zones], executor) if self.fitted else None

    def _even(self, zone: Zone, x, nodes, of: str):
        """G[nodes] at one datum: nodes w, which stand for w²; of : the interval from 0 that holds them."""
        x = zone.lift(x)
        square = [(w * x) * (w * x) for w in nodes]
        rest = zone.taylor(zone.mean(of) * x, 2 * EDGE + 1)[2 * EDGE + 1]
        away = zone.mean(of) * x
        return power(zone, x, 2 * len(nodes) - 1) * confluent(
            zone, [zone.lift(c) for c in self.coefficients], square, rest, away * away)

    def _zone(self, kind: str) -> tuple[Zone, list]:
        layer = self.layer
        zone = Zone(layer.phi, ["w1", "w2", *["centre"] * (kind == "centred")])
        (u, v), xs = zone.inputs[:2], layer.inputs
        y = [zone.lift(e) for e in layer.targets]
        if kind == "corner":
            columns = [[self._even(zone, x, n, "all") for x in xs] for n in ((u,), (u, v), (u, u, v), (u, u, v, v))]
        elif kind == "centred":
            columns = [list(c) for c in zip(*(self._centred(zone, x) for x in xs), strict=True)]
        else:
            first = [zone.derivatives(u * zone.lift(x), 1) for x in xs]
            ones = zone.lift(int(zone.rate is not None))
            slopes = [zone.lift(x) * d[1] for x, d in zip(xs, first, strict=True)]
            columns = [[ones + d[0] for d in first]]
            if kind == "edge":
                columns += [[self._even(zone, x, (v,), "second") for x in xs], slopes,
                            [self._even(zone, x, (v, v), "second") for x in xs]]
            else:
                second = [zone.derivatives(v * zone.lift(x), 1) for x in xs]
                columns += [[e[0] - d[0] for d, e in zip(first, second, strict=True)], slopes,
                            [zone.lift(x) * e[1] for x, e in zip(xs, second, strict=True)]]
        return zone, projected(zone, columns[:2], y, columns[2:])

    def _centred(self, zone: Zone, x) -> list:
        """f[w_1], f[w_1 w_2], … by Taylor's polynomial around the middle."""
        (u, v, centre), x = zone.inputs, zone.lift(x)
        coefficients = zone.taylor(centre * x, CENTRED)[:CENTRED]
        nodes = (u - centre) * x, (v - centre) * x
        differences = []
        for n in ((nodes[0],), nodes, (nodes[0], *nodes), (*nodes, *nodes)):
            rest = zone.taylor(zone.mean("hull") * x, CENTRED)[CENTRED]
            away = (zone.mean("hull") - centre) * x
            differences.append(power(zone, x, len(n) - 1) * confluent(zone, coefficients, n, rest, away))
        return differences

    def single(self) -> tuple[System, Cover]:
        """Of a network of one unit, w > 0."""
        zones: list[tuple] = []
        for kind in ("far", "edge"):
            zone = Zone(self.layer.phi, ["w"])
            (w,), xs = zone.inputs, [zone.lift(x) for x in self.layer.inputs]
            if kind == "far":
                ones, values = zone.lift(int(zone.rate is not None)), [zone.derivatives(w * x, 1) for x in xs]
                columns = [[ones + d[0] for d in values], [x * d[1] for x, d in zip(xs, values, strict=True)]]
            else:
                columns = [[self._even(zone, x, n, "all") for x in self.layer.inputs] for n in ((w,), (w, w))]
            y = [zone.lift(e) for e in self.layer.targets]
            zones.append((zone, projected(zone, columns[:1], y, columns[1:]), lambda a, b: {"all": (0 * a[0], b[0])}))
        zone, outputs, _ = zones[0]
        return system_of(zone, outputs, self.executor), Cover(zones, self.executor)

    @staticmethod
    def _intervals(low, high) -> dict:
        a, b = np.minimum(low[0], low[1]), np.maximum(high[0], high[1])
        return {"centre": (_middle(a, b),) * 2, "hull": (a, b), "all": (0 * a, b), "second": (0 * a, high[1])}


# ------------------------------------------------------------------------------------- two units with weight decay
class Ridge:
    """F = c Σ r_p² + Σ λ_i θ_i² with two units, r = Φ a − y, and λ > 0 for the output weights: a = (ΦᵀΦ + N)⁻¹ Φᵀ y.

    With N = diag(ν), ν = λ/c, everything is a quotient by det (ΦᵀΦ + N), expanded by Cauchy and Binet's formula, which
    has no cancellation between large terms.  There are no strata: h ↦ a is a function, and the critical points of F are
    the zeros of ν_i h_i + a_k Σ r_p ∂φ_pk/∂h_i in the hidden parameters h.
    """

    def __init__(self, enclosures, group: Sequence[Symmetry]):
        parts = decay_and_squares(as_decimals(enclosures.loss.expression), enclosures.loss.symbols)
        self.hidden: list[int] = []
        self.system: System | None = None
        if parts is not None and len({c for c, _ in parts[1]}) == 1:
            self._read(enclosures, *parts)
        self.group = []
        for g in group if self.hidden else ():
            if all(g.places[i] in self.hidden for i in self.hidden):
                h = Symmetry(tuple(self.hidden.index(g.places[i]) for i in self.hidden),
                             tuple(g.signs[i] for i in self.hidden))
                self.group += [h] * (not h.identical)

    def _read(self, enclosures, decay: dict, squares: list) -> None:
        symbols, c = enclosures.loss.symbols, squares[0][0]
        residuals = [r for _, r in squares]
        outputs = affine(residuals, symbols)[::-1]
        columns = [[r.diff(s) for r in residuals] for s in outputs]
        targets = [-r.subs(dict.fromkeys(outputs, 0)) for r in residuals]
        inner = [sorted(set().union(*(e.free_symbols for e in column)), key=symbols.index) for column in columns]
        own = len(outputs) == 2 and not {*inner[0]} & {*inner[1]} and 2 + len(inner[0]) + len(inner[1]) == len(symbols)
        if not own or not all(t.is_number for t in targets) or not all(symbols.index(s) in decay for s in outputs):
            return
        self.hidden = [symbols.index(s) for unit in inner for s in unit]
        zone = Zone(Z, [symbols[i].name for i in self.hidden])
        at = dict(zip((symbols[i] for i in self.hidden), zone.inputs, strict=True))

        def read(e):
            return zone.lift(from_sympy(e, at))

        def dot(u, v):
            return sum((a * b for a, b in zip(u, v, strict=True)), zone.lift(0))

        f, g = ([read(e) for e in column] for column in columns)
        y, (m, n) = [zone.lift(t) for t in targets], (zone.lift(decay[symbols.index(s)] / c) for s in outputs)
        rows = range(len(y))
        pairs = {(p, q): f[p] * g[q] - f[q] * g[p] for p in rows for q in rows if p != q}
        forward = [p for p in pairs if p[0] < p[1]]
        det = dot(*[[pairs[p] for p in forward]] * 2) + m * dot(g, g) + n * dot(f, f) + m * n
        a = [(dot([y[p] * g[q] - y[q] * g[p] for p, q in forward], [pairs[p] for p in forward]) + n * dot(f, y)) / det,
             (dot([f[p] * y[q] - f[q] * y[p] for p, q in forward], [pairs[p] for p in forward]) + m * dot(g, y)) / det]
        r = []
        for p in rows:
            rest = [q for q in rows if q != p]
            triple = [(q, s) for q in rest for s in rest if q < s]
            total = dot([pairs[q] for q in triple],
                        [y[p] * pairs[q, s] + y[q] * pairs[s, p] + y[s] * pairs[p, q] for q, s in triple])
            for nu, u in ((m, g), (n, f)):
                total = total + nu * dot([u[q] for q in rest], [u[q] * y[p] - u[p] * y[q] for q in rest])
            r.append(-((total + m * n * y[p]) / det))
        values, more = [], []
        for k, unit in enumerate(inner):
            nu = {h: zone.lift(decay.get(symbols.index(h), 0) / c) for h in unit}
            slopes = {h: dot(r, [read(e.diff(h)) for e in columns[k]]) for h in unit}
            values += [nu[h] * at[h] + a[k] * slopes[h] for h in unit]
            for h, i in itertools.combinations(unit, 2):
                more += [nu[h] * at[h] * slopes[i] - nu[i] * at[i] * slopes[h],
                         nu[h] * at[h] - nu[i] * at[i] + a[k] * dot(r, [read(sympy.factor_terms(e.diff(h) - e.diff(i)))
                                                                       for e in columns[k]])]
            along = [read(sympy.factor_terms(sum(h * e.diff(h) for h in unit))) for e in columns[k]]
            more.append(sum((nu[h] * (at[h] * at[h]) for h in unit), a[k] * dot(r, along)))
            more.append((m, n)[k] * a[k] + dot(r, (f, g)[k]))
        self.system = system_of(zone, values, enclosures.executor)
        self.rows = Cover([(zone, more, lambda low, high: {})], enclosures.executor)

    def keep(self, low, high) -> np.ndarray:
        """Boxes of representatives in which no consequence of the equations is seen to be violated."""
        keep = representatives(self.group, low, high)
        keep[keep] = ~self.rows.excludes(low[:, keep], high[:, keep])
        return keep


# ------------------------------------------------------------------------------------------------------- the search
ELIMINATED = ("the output layer is eliminated: with every unit used, determinants in the hidden parameters alone "
              "vanish, so the output weights may be any real numbers")


@dataclass
class Eliminated(Enclosed):
    """What the hidden parameters alone have told.  proof : sentences.  strata : what else is not decided.  linear :
    the output weights.  lines : of critical points."""

    proof: list[str] = field(default_factory=list)
    strata: list[str] = field(default_factory=list)
    linear: tuple[int, ...] = ()
    lines: list[Line] = field(default_factory=list)

    def region(self, box) -> tuple:
        """The box, without bounds of the output weights."""
        return tuple((-np.inf, np.inf) if i in self.linear else tuple(ends) for i, ends in enumerate(box))


def eliminated(enclosures, low, high, deadline: float, families: Sequence,
               group: Sequence[Symmetry]) -> Eliminated | None:
    """All critical points with the hidden parameters in the box (low, high), for all output weights.

    None where the loss has none of the forms that are eliminated, or where the output weights in the box do not hold
    those at which no unit is used.
    families : in which the manifold of unused units is noted.  group : symmetries of the loss and the box.
    """
    start, low, high = time.perf_counter(), np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    if not enclosures.smooth:
        return None
    if (found := layer(enclosures.loss)) is not None:
        solve = _biased_points if found.constant is not None else _paired_points
        result = solve(found, enclosures, low, high, deadline, families)
    else:
        result = _ridge_points(Ridge(enclosures, group), enclosures, low, high, deadline, group)
    if result is None:
        return None
    if result.open or result.strata:
        for zero in located(enclosures, low, high):
            if not any(same(zero, z) for z in result.zeros):
                result.zeros.append(zero)
    result.seconds = time.perf_counter() - start
    return result


def _searched(result: Eliminated, parts, hidden: Sequence[int], low, high, deadline: float, keep=None) -> list[Zero]:
    """The zeros of a system in a box of the hidden parameters; what is not decided is left open in `result`."""
    settle = getattr(parts, "cover", None) and parts.cover.excludes
    search, result.finished = every_zero(parts.system, low, high, deadline, keep, settle)
    a, b = search.open
    hulls = [(len(k), a[:, k].min(axis=1), b[:, k].max(axis=1)) for k in grouped(a, b)]
    result.open += [Open(n, _with_outputs(hidden, result.linear, *ends)) for n, *ends in hulls]
    result.boxes, result.rest = result.boxes + search.boxes, search.rest
    return search.found


def _with_outputs(hidden: Sequence[int], linear: Sequence[int], low, high) -> tuple:
    """A box of hidden parameters, with all output weights."""
    ends = dict(zip(hidden, zip(low.tolist(), high.tolist(), strict=True), strict=True))
    return tuple(ends.get(i, (-np.inf, np.inf)) for i in range(len(hidden) + len(linear)))


def _left(decided: Callable, low, high, deadline: float) -> int:
    """How many boxes are not decided after all cuts; low, high : (n, boxes)."""
    region = (high - low).max(axis=1)[:, None]
    for _ in range(DEPTH):
        left = ~decided(low, high)
        low, high = low[:, left], high[:, left]
        if not low.shape[1] or time.perf_counter() > deadline:
            break
        low, high = halved(low, high, region)
    return low.shape[1]


def _fitted(loss, hidden: Sequence[int], values: np.ndarray) -> np.ndarray:
    """θ with these hidden parameters and the output weights that fit best, in floats."""
    theta, outputs = np.zeros(loss.dim), [i for i in range(loss.dim) if i not in hidden]
    theta[list(hidden)] = values
    normal, slope = loss.hessian(theta)[np.ix_(outputs, outputs)], loss.gradient(theta)[outputs]
    theta[outputs] = -np.linalg.lstsq(normal, slope, rcond=None)[0]  # F is a quadratic form in them
    return theta


def _certified(enclosures, theta: np.ndarray, low, high, places: list[int]) -> Zero | None:
    """The critical point near θ if it is proved that there is one in a box of which the coordinates `places` lie in
    (low, high), a box that is known to hold those of exactly one."""
    loss = enclosures.loss
    for _ in range(5):
        theta = theta - np.linalg.lstsq(loss.hessian(theta), loss.gradient(theta), rcond=None)[0]
    for size in (1e-4, 1e-6, 1e-8, 1e-10):
        radius = np.full((len(theta), 1), size) * (1 + np.abs(theta[:, None]))
        if newton(enclosures.system, theta[:, None], radius).unique[0]:
            a, b = below(theta[:, None] - radius), above(theta[:, None] + radius)
            inner = refined(enclosures.system, a, b)
            zero = Zero(a[:, 0], b[:, 0], inner[0][:, 0], inner[1][:, 0])
            if (zero.inner_low[places] >= low).all() and (zero.inner_high[places] <= high).all():
                return zero
    return None


def _add(result: Eliminated, found: Layer, enclosures, zeros: Sequence[Zero], images: Sequence[tuple], low, high):
    """Every zero of M, and what the symmetries map it to, as a critical point in (low, high).

    images : (place of each hidden parameter's value, its sign).
    """
    for zero in zeros:
        for places, signs in images:
            a, b, middle = (e[list(places)] * signs for e in (zero.low, zero.high, zero.middle))
            a, b = np.minimum(a, b), np.maximum(a, b)
            _enter(result, enclosures, _fitted(enclosures.loss, found.flat, middle), a, b, found.flat, low, high)


def _enter(result: Eliminated, enclosures, theta: np.ndarray, a, b, hidden: list[int], low, high) -> Zero | None:
    """Keep the critical point near θ if it is certified (`_certified`) and lies in (low, high); else (a, b) is open."""
    point = _certified(enclosures, theta, a, b, hidden)
    if point is None:
        result.open.append(Open(1, _with_outputs(hidden, result.linear, a, b)))
    else:
        _keep(result, point, low, high)
    return point


def _keep(result: Eliminated, zero: Zero, low, high) -> None:
    inside = (zero.inner_high >= low).all() and (zero.inner_low <= high).all()
    if inside and not any(same(zero, z) for z in result.zeros):
        result.zeros.append(zero)


def _biased_points(found: Layer, enclosures, low, high, deadline: float, families) -> Eliminated | None:
    symbols, b = enclosures.loss.symbols, found.hidden[0][1]
    mean = sympy.Rational(1, len(found.targets)) * sum(found.targets)
    tilt = sum((y - mean) * x for x, y in zip(found.inputs, found.targets, strict=True))
    first = symbols[found.outputs[0]]
    unused = next((m for m in families if isinstance(m, Vanishing) and m.equations[0] == first), None)
    centre = np.zeros(enclosures.dim)
    centre[found.constant] = float(mean)
    inside = all(low[i] <= centre[i] <= high[i] for i in found.linear)
    slope = Zone(found.phi, ["b"])
    ends = slope.tape([from_sympy(found.phi.diff(Z), {Z: slope.inputs[0]})])(low[[b], None], high[[b], None])
    if sympy.simplify(tilt) == 0 or unused is None or not inside or not (ends[0][0, 0] > 0 or ends[1][0, 0] < 0):
        return None
    parts, result = Biased(found, enclosures.executor), Eliminated([], linear=found.linear)
    images: list[tuple] = [((0, 1), np.array([1, 1]))]
    a, b = low[found.flat], high[found.flat]
    if parts.odd:
        most = np.maximum(np.abs(a), np.abs(b))
        a, b = np.array([0.0, -most[1]]), most
        images.append(((0, 1), np.array([-1, -1])))
    zeros = _searched(result, parts, found.flat, a, b, deadline)
    _add(result, found, enclosures, zeros, images, low, high)
    if _unused(unused, found, low, high, float(mean), deadline) and not unused.met:
        result.strata.append(f"whether {{{', '.join(f'{e} = 0' for e in unused.equations)}}} passes through the region")
    result.proof += [
        ELIMINATED, "a unit that is not used, a = 0, leaves the mean of the targets and one condition on (w, b), which "
        "are a family; a constant one, w = 0, is not critical with a ≠ 0, as targets and inputs are correlated"]
    if parts.odd:
        result.proof.append("the sign of the unit is a symmetry: w ≥ 0 was searched")
    return result


def _unused(m: Vanishing, found: Layer, low, high, mean: float, deadline: float) -> int:
    """Where the unit that is not used may be in the region, and the signs of the Hessian across it; how many boxes are
    not decided.

    With q = 0 the condition and g = ∂q/∂(w, b), the Hessian has the blocks g between (w, b) and a, |φ|² and Σφ at a and
    c, and P: where g ≠ 0 two positive eigenvalues and a negative one.
    """
    place = next(i for i, e in enumerate(m.equations) if e.has(*(m.enclosures.loss.symbols[k] for k in found.flat)))
    region = (high - low)[found.flat]

    def full(a, b):
        box = np.zeros((2, m.dim, a.shape[1]))
        box[0, found.flat], box[1, found.flat] = a, b
        box[0, found.constant], box[1, found.constant] = below(mean, 2), above(mean, 2)
        return box

    def decided(a, b):
        box = full(a, b)
        p, q, _ = m.tapes[0](*box)
        off = (p[place] > 0) | (q[place] < 0)
        g, spread, usable = m.jacobian(*box)
        steep = usable & (np.abs(g[place][found.flat]) > spread[place][found.flat]).any(axis=0)
        small = ((b - a) <= region[:, None] / 32).all(axis=0)
        if (near := ~off & steep & small).any():
            m.met.append((box[0][:, near], box[1][:, near]))
            m.signs.add((2, 1))
        return off | (steep & small)

    left = _left(decided, low[found.flat, None], high[found.flat, None], deadline)
    m.signs |= {None} if left else set()
    return left


def _paired_points(found: Layer, enclosures, low, high, deadline: float, families) -> Eliminated | None:
    inside = all(low[i] <= 0 <= high[i] for i in found.linear)
    if not inside or sympy.simplify(sum(x * y for x, y in zip(found.inputs, found.targets, strict=True))) == 0:
        return None
    parts, result = Paired(found, enclosures.executor), Eliminated([], linear=found.linear, proof=[ELIMINATED])
    most = np.full(2, np.abs([low[found.flat], high[found.flat]]).max())
    signs = [np.array(s) for s in itertools.product((1, -1), repeat=2)]
    images = [(places, s) for places in ((0, 1), (1, 0)) for s in signs]
    zeros = _searched(result, parts, found.flat, 0 * most, most, deadline, lambda a, b: b[0] >= a[1])
    _add(result, found, enclosures, zeros, images, low, high)
    _one_unit(result, parts, found, enclosures, low, high, most[0], deadline)
    if parts.fit is not None:
        fit = parts.fit.excludes
        if _left(lambda p, q: (q[0] < p[1]) | fit(p, q), np.zeros((2, 1)), most[:, None], deadline):
            result.strata.append("whether the residuals vanish, on a curve")
    _without_units(result, found, enclosures, low, high, most[0], deadline)
    result.proof += ["with no unit used, a = 0, each w is a zero of Σ y_p φ(w x_p)",
                     "signs and order of the units are symmetries: w_1 ≥ w_2 ≥ 0 was searched"]
    return result


def _one_unit(result: Eliminated, parts: Paired, found: Layer, enclosures, low, high, most: float, deadline) -> None:
    """One unit that is not used, or two that are equal up to a sign: what the critical points of one unit leave."""
    system, cover = parts.single()
    search, _ = every_zero(system, [0.0], [most], deadline, settle=cover.excludes)
    one = alone(found, enclosures)
    points = [_certified(one, _fitted(one.loss, [0], z.middle), z.low, z.high, [0]) for z in search.found]
    units = [p for p in points if p is not None]
    if search.open[0].shape[1] or len(units) < len(points):
        result.strata.append("which critical points a network of one unit has, and with them two units lines of them")
    result.proof.append("one unit that is not used, or two that are equal up to a sign, leave a network of one unit, "
                        "which has " + (f"{len(units)} critical points with w > 0 and a ≠ 0, each of which is one of "
                                        "lines here" if units else "no critical point but w = a = 0"))
    left = merged(found, units, one, enclosures.dim, most, deadline, low, high)
    result.lines, result.strata = left.lines, result.strata + left.strata
    for point in left.points:
        _enter(result, enclosures, *point, found.flat, low, high)


def _without_units(result: Eliminated, found: Layer, enclosures, low, high, most: float, deadline: float) -> None:
    """a = 0: the products of the zeros of Σ y_p φ(w x_p)."""
    zone = Zone(found.phi, ["w"])
    total = sum((zone.lift(y) * from_sympy(found.phi, {Z: zone.inputs[0] * zone.lift(x)})
                 for x, y in zip(found.inputs, found.targets, strict=True)), zone.lift(0))
    search, _ = every_zero(system_of(zone, [total], enclosures.executor), [-most], [most], deadline)
    if search.open[0].shape[1]:
        result.strata.append("which zeros Σ y_p φ(w x_p) has, at which units that are not used are critical")
    for first, second in itertools.product(search.found, repeat=2):
        theta = np.zeros(enclosures.dim)
        theta[found.flat] = first.middle[0], second.middle[0]
        a, b = (np.array([getattr(z, side)[0] for z in (first, second)]) for side in ("low", "high"))
        _enter(result, enclosures, theta, a, b, found.flat, low, high)


def _ridge_points(parts: Ridge, enclosures, low, high, deadline: float, group) -> Eliminated | None:
    if parts.system is None:
        return None
    result = Eliminated([], linear=tuple(i for i in range(enclosures.dim) if i not in parts.hidden))
    for zero in _searched(result, parts, parts.hidden, low[parts.hidden], high[parts.hidden], deadline, parts.keep):
        theta = _fitted(enclosures.loss, parts.hidden, zero.middle)
        point = _enter(result, enclosures, theta, zero.low, zero.high, parts.hidden, low, high)
        if point is not None:
            for g in group:
                _keep(result, Zero(*g.box(point.low, point.high), *g.box(point.inner_low, point.inner_high)), low, high)
    result.proof.append("the output layer is eliminated: with weight decay its weights are a function of the hidden "
                        "parameters, a = (ΦᵀΦ + N)⁻¹ Φᵀ y, and any real numbers")
    if parts.group:
        result.proof.append(searched_once(group))
    return result
