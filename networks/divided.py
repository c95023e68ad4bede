"""Divided differences of the columns of a hidden layer, and the determinants of which its critical points are zeros.

Source: de Boor 2005.
"""
from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import sympy

from arithmetic import Program, from_sympy
from arithmetic.enclose import System
from arithmetic.jets import Jet
from arithmetic.tape import ExactGraph, Tape

Z = sympy.Symbol("z", real=True)  #: the argument of a unit's function


class Zone:
    """A recording of M on hidden coordinates, in one way to write the columns.

    means : inputs that stand for unknown points between others, one for each that is met, as they may all differ.
    """

    def __init__(self, phi: sympy.Expr, names: Sequence[str]):
        self.graph = ExactGraph()
        self.inputs = [self.graph.input(n) for n in names]
        self.phi, self.means = phi, list[tuple]()
        tanh = sympy.Wild("c", exclude=[Z], properties=[lambda e: e.is_positive])
        self.rate = (phi.match(sympy.tanh(tanh * Z)) or {}).get(tanh)

    def lift(self, x):
        return self.graph.lift(x)

    def mean(self, of: str):
        """A point of the interval that is called `of`."""
        node = self.graph.input(f"mean {len(self.means)}")
        self.means.append((of, node))
        return node

    def derivatives(self, z, most: int) -> list:
        """φ … φ^(most) at z; of tanh by v = 1 − tanh, which has relative precision where z is large, and φ is −v."""
        if self.rate is None:
            return [from_sympy(self.phi.diff(Z, k), {Z: z}) for k in range(most + 1)]
        V = sympy.Symbol("v", real=True)
        v = from_sympy(2 / (sympy.exp(2 * self.rate * Z) + 1), {Z: z})
        forms = [-V]
        for _ in range(most):
            forms.append(sympy.factor(-self.rate * V * (2 - V) * forms[-1].diff(V)))
        return [from_sympy(e, {V: v}) for e in forms]

    def taylor(self, z, n: int) -> list:
        """Taylor coefficients of φ at z up to order n."""
        jet = Jet([z, self.graph.constant(1.0), *[self.graph.constant(0.0)] * (n - 1)])
        return from_sympy(self.phi, {Z: jet}).coefficients

    def tape(self, outputs, executor=None) -> Tape:
        return Tape(Program((*self.inputs, *(node for _, node in self.means)), tuple(outputs)), executor)


def confluent(zone: Zone, coefficients, nodes, rest, away):
    """The divided difference of f at k + 1 nodes, which may meet, from its Taylor polynomial of order n − 1 at 0.

    coefficients : of f, the first n.  nodes : numbers.  rest : the coefficient of order n at an unknown point.  away :
    an unknown point between the nodes.  The polynomial's are Σ c_j h_(j−k) with complete homogeneous polynomials h; the
    remainder's is its k-th derivative over k! at `away`, C(n, k) f_n(ξ) awayⁿ⁻ᵏ.
    """
    k, n = len(nodes) - 1, len(coefficients)
    h = [zone.lift(1), *[zone.lift(0)] * (n - k)]
    for node in nodes:
        for j in range(1, n - k + 1):
            h[j] = h[j] + node * h[j - 1]
    total = zone.lift(int(sympy.binomial(n, k))) * rest * power(zone, away, n - k)
    for j in range(k, n):
        total = total + coefficients[j] * h[j - k]
    return total


def power(zone: Zone, x, n: int):
    return zone.lift(1) if n == 0 else x ** n


def determinant(columns, rows):
    """The determinant of columns in these rows."""
    if len(rows) == 1:
        return columns[0][rows[0]]
    total = None
    for i, row in enumerate(rows):
        part = columns[0][row] * determinant(columns[1:], (*rows[:i], *rows[i + 1:]))
        total = part if total is None else total - part if i % 2 else total + part
    return total


def projected(zone: Zone, columns, y, others) -> list:
    """M_ψ for each ψ; with one row more than columns only their factors det (Φ, ψ), and then det (Φ, y)."""
    rows, size = range(len(y)), len(columns) + 1
    if len(y) == size:
        return [determinant([*columns, o], tuple(rows)) for o in (*others, y)]
    totals = [zone.lift(0) for _ in others]
    for S in itertools.combinations(rows, size):
        first = determinant([*columns, y], S)
        totals = [t + first * determinant([*columns, o], S) for t, o in zip(totals, others, strict=True)]
    return totals


class Cover:
    """Systems and exclusions of M on hidden boxes (n, boxes): `Search`'s `settle` by every zone.

    zones : (zone, outputs, intervals), intervals(low, high) the ends of the further inputs and of the means by name.
    """

    def __init__(self, zones: Sequence[tuple[Zone, list, Callable]], executor: str | None):
        self.zones = [(zone, zone.tape(outputs, executor), intervals) for zone, outputs, intervals in zones]

    def excludes(self, low, high) -> np.ndarray:
        """In which boxes one zone proves that not all outputs vanish."""
        done = np.zeros(low.shape[1], dtype=bool)
        for zone, tape, intervals in self.zones:
            left = np.flatnonzero(~done)
            a, b = low[:, left], high[:, left]
            named = intervals(a, b)
            further = [named[of] for of in (*["centre"] * (len(zone.inputs) - len(a)), *(of for of, _ in zone.means))]
            ends = [np.vstack([x, *(e[side] for e in further)]) for side, x in enumerate((a, b))]
            p, q, _ = tape(*ends)
            done[left] = ((p > 0) | (q < 0)).any(axis=0)
        return done


def system_of(zone: Zone, outputs, executor) -> System:
    return System.of(Program(tuple(zone.inputs), tuple(outputs)), executor)
