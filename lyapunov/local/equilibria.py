"""Whether a flow stays near a critical point, returns to it or leaves it, with the function that proves it."""
from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import sympy
from sympy import Integer, Rational, Symbol

from arithmetic import (
    GivenOracle, Oracle, Quantity, Readable, aligned, entry, exact_sign, from_sympy, is_symbolic, latex, short,
    total,
)
from flows import Flow, State
from networks import CriticalPoint, Nature, Objective, as_point

from ..coordinate import as_flow
from ..classes import F, H, J
from ..decrease import falls
from ..derivation import judged_energies
from ..energy import Energy
from ..nearby import objection
from .leading import Leading, Moved, Unscalable, leading_at, linear

UNDECIDED, UNSTABLE, STABLE, ATTRACTING = "undecided", "unstable", "stable", "asymptotically stable"
MOVED = "not an equilibrium"
F0 = Symbol("F0", real=True)  # F at the point
DIGITS = 20  #: of eigenvalues that have no short closed form


@dataclass(frozen=True)
class Stability(Readable):
    """What a flow does near a critical point (with its memory near rest), and why.

    status : "asymptotically stable", "stable" (but not asymptotically, or that is not known), "unstable", "undecided",
    or "not an equilibrium" where the flow does not rest at the point at all.
    argument : the steps of the proof, in words.
    kind, function : "Lyapunov" with V − F(θ*), or "Chetaev" with W = F(θ*) − V, of one coordinate in sympy symbols (F
    itself occurs once, not once per coordinate; `F0` is F(θ*)).  energy : V as an `Energy`, to evaluate on states.
    delta : the value of the symbol δ in it where rates and curvature are numbers.
    eigenvalues : of the linearisation, where it has one and they are known.
    rest : {block: value} of the memory at rest; symbols there are arbitrary.
    """

    status: str
    argument: tuple[str, ...]
    kind: str = ""
    function: sympy.Expr | None = None
    eigenvalues: tuple = ()
    energy: Energy | None = field(default=None, repr=False)
    delta: Rational | None = field(default=None, repr=False)
    rest: dict = field(default_factory=dict, repr=False)
    point: CriticalPoint | None = field(default=None, repr=False)

    def because(self, status: str, *steps: str) -> Stability:
        """This record with further steps of the argument, which end in a status."""
        return replace(self, status=status, argument=(*self.argument, *steps))

    def __str__(self):
        lines = [self.status]
        if self.function is not None:
            name = "V - F0" if self.kind == "Lyapunov" else "W"
            lines.append(f"{self.kind} function  {name} = {sympy.sstr(self.function)}")
        if self.eigenvalues:
            lines.append("eigenvalues        " + ", ".join(map(short, self.eigenvalues)))
        return "\n".join([*lines, entry("because", *self.argument)])

    def _repr_latex_(self) -> str:
        rows = [rf"&\text{{{self.status}}}"]
        if self.function is not None:
            rows.append(rf"{'V - F_0' if self.kind == 'Lyapunov' else 'W'} &= {latex(self.function)}")
        if self.eigenvalues:
            rows.append(r"\lambda &= " + r",\ ".join(map(latex, self.eigenvalues)))
        return aligned(rows)


def stability(flow: Flow | type[Flow], critical_point: CriticalPoint | Sequence,
              loss: Objective | None = None) -> Stability:
    """The stability of a critical point under a flow, proved from the nature of the point, or "undecided".

    flow : an instance, or a class (read as `flow.symbolic()`).  Float rates are the decimals that they print as.
    critical_point : a `CriticalPoint` (of `loss.critical_points()`), or the numbers θ*, which then need `loss`.

    - The leading part of the flow at the point (see `leading`) decides through a quadratic function
      V = F + Σ Pz²/2 + δ Σ qzg that falls strictly: a strict minimum attracts, at another minimum the flow is stable
      (Łojasiewicz), and near any other critical point W = F(θ*) − V grows (Chetaev); no Hessian need be invertible.
    - Flows whose field jumps (sign) are decided through their proved energy, in LaSalle's form.
    - Newton's flow is −(θ − θ*) near every critical point with invertible Hessian, whatever its nature.
    - Where none of this applies the eigenvalues decide, if the linearisation exists and none is on the axis.

    Degenerate points are decided for F that is analytic near them.  Raises ValueError where θ* is not critical.
    Sources: Chetaev 1934; LaSalle 1960; Absil & Kurdyka 2006 (stable points of analytic gradient flows).
    """
    flow = as_flow(flow, "stability(flow, critical_point): flow").exact()
    point = as_point(critical_point, loss)
    loss = loss if loss is not None else point.loss
    try:
        found = _Local(flow, point, loss).result()
    except Moved as reason:
        found = Stability(MOVED, (
            f"{reason}: the field contains θ itself (weight decay), so its points of rest are not the critical points "
            "of F", "where the decay is L2, use the critical points of the penalised loss F + λ|θ|²/2 with the flow "
            "without decay"), point=point)
    except Unscalable as reason:
        found = _by_energy(flow, point, str(reason))
    if broken := objection(flow, point, loss, found):
        return Stability(UNDECIDED, (f"the referee does not confirm it: {broken}",), point=point)
    return found


class _Local:
    """The leading part of a flow at a point, split into the gradient's share, the core of memory that feeds back on θ,
    the blocks that only follow, and those that rest anywhere:

    θ' = −α g − Σ p z,  z' = β g − K z (core),  w' = −K w + h(g, z) (followers),  G' = O(|y|²) (free).
    """

    def __init__(self, flow: Flow, point: CriticalPoint, loss):
        self.flow, self.point, self.loss = flow, point, loss
        self.lead: Leading = leading_at(flow, point)
        self.g, self.own = self.lead.gradient, self.lead.own
        self.theta = self.lead.slopes["theta"]

    # -------------------------------------------------------------------------------------------- the routes
    def result(self) -> Stability:
        lead = self.lead
        if self.theta.has(lead.theta) or any(f.has(lead.theta) for f in lead.slopes.values()):
            return self._by_eigenvalues("the field contains θ itself; θ* is a point of rest")
        if self.theta == -self.g / H and not self.own:
            return self._newton()
        if reason := self._singular():
            return Stability(UNDECIDED, (reason,), point=self.point)
        parts = self._split()
        if parts is None:
            return self._by_eigenvalues("no quadratic function was found that falls along the leading part")
        return self._by_function(*parts)

    def _singular(self) -> str:
        """Why the field may not be defined around the point:
        a divisor made of H or of JᵀJ that may be singular there."""
        point = self.point
        for pole in self.lead.poles:
            if pole.has(H):
                values = [exact_sign(pole.subs(H, e)) for e in point.eigenvalues]
                if point.family or not values or None in values or 0 in values:
                    return (f"the field divides by {pole}, which is singular at the point, or its eigenvalues are not "
                            "known")
            elif point.family or not self._full_rank():
                return "the field divides by JᵀJ, which is singular at the point, or not known (pass loss=...)"
        return ""

    def _full_rank(self) -> bool:
        """Whether the Jacobian of the residuals has full rank at the point, exactly."""
        residuals = getattr(self.loss, "residual_expressions", None)
        if residuals is None or not self.point.exact:
            return False
        at = dict(zip(self.loss.symbols, self.point.theta, strict=True))
        jacobian = sympy.Matrix(residuals).jacobian(self.loss.symbols).subs(at).applyfunc(sympy.simplify)
        return jacobian.rank() == len(at)

    def _newton(self) -> Stability:
        signs = _signs(self.point)
        if signs is None or 0 in signs or self.point.family:
            return Stability(UNDECIDED, ("the Hessian is singular at the point (or its eigenvalues are not known), and "
                                         "Newton's flow is not defined there",), point=self.point)
        energy = Energy(_squared_gradient, "local", flow=self.flow)
        return Stability(ATTRACTING, (
            "H is invertible near the point and ∇F(θ) = H(θ)(θ − θ*) + o(|θ − θ*|), so θ' = −(θ − θ*) + o(|θ − θ*|): "
            f"the linearisation is −1, whatever the signs of H; this {self.point.nature} attracts",
            "V = |∇F|²/2 is positive around the point and V' = −|∇F|²"), "Lyapunov", self.g**2 / 2,
            (Integer(-1),) * len(self.point.theta), energy, point=self.point)

    def _split(self):
        """(α, core {block: (p, β, K)}, followers {block: (K, h)}), or None where the leading part has another form."""
        g, own, slopes = self.g, self.own, self.lead.slopes
        rest = {name: x for name, x in own.items() if name not in self.lead.free}
        if not self.lead.linear and not linear(self.theta, [*own.values(), g]):
            return None
        alpha = -self.theta.coeff(g)
        core, followers = {}, {}
        for name, x in rest.items():
            p, f = -self.theta.coeff(x), slopes[name]
            if p != 0:
                beta, K = f.coeff(g), -f.coeff(x)
                if name in self.lead.scalars or beta == 0 or sympy.expand(f - beta * g + K * x) != 0:
                    return None
                if not (K.is_positive and (p / beta).is_positive):
                    return None
                core[name] = p, beta, K
        for name, x in rest.items():
            if name not in core:
                K = -sympy.expand(slopes[name]).coeff(x)
                h = sympy.expand(slopes[name] + K * x)
                if not K.is_positive or h.free_symbols & {y for n, y in rest.items() if n not in core}:
                    return None
                followers[name] = K, h
        if alpha.has(H):  # a function of H: definite where it is positive at each eigenvalue
            if core or self.point.family or {exact_sign(alpha.subs(H, e)) for e in self.point.eigenvalues} != {1}:
                return None
        elif alpha.has(J) and self.lead.poles:
            if core or not alpha.subs(J, Symbol("J", nonzero=True, real=True)).is_positive:
                return None
        elif not (alpha.is_positive or (alpha == 0 and core)):
            return None
        return alpha, core, followers

    # ------------------------------------------------------------------------------ by a function that falls
    def _by_function(self, alpha, core, followers) -> Stability:
        point, own, g = self.point, self.own, self.g
        delta, value = Symbol("delta", positive=True), None
        cross = alpha == 0
        kappa = {name: Symbol(f"kappa_{name}", positive=True) if h != 0 else Integer(1)
                 for name, (_, h) in followers.items()}
        q = {name: -1 / core[name][1] if cross and i == 0 else Integer(0) for i, name in enumerate(core)}
        psi = sum((p / beta * own[n]**2 / 2 + delta * q[n] * own[n] * g for n, (p, beta, _) in core.items()),
                  Integer(0))
        psi += sum((kappa[n] * own[n]**2 / 2 for n in followers), Integer(0))
        steps = [f"at rest {self._resting()}; there the flow is {self.lead} + o(deviation), by scaling: nothing is "
                 "differentiated where it has no derivative"]
        small = [str(s) for s in (*((delta,) if cross else ()), *(k for k in kappa.values() if k.is_Symbol))]
        fixed = self._small(alpha, core, followers, q, kappa) if small else {}
        if fixed:
            value = fixed.get(delta)
            psi = psi.subs(fixed)
        shown = psi.subs({own[n]: own[n] - self.lead.rest[n] for n in (*core, *followers)}, simultaneous=True)
        squares = " + ".join(["|g|²", *(f"{n}²" if self.lead.rest[n] == 0 else f"({n} - {self.lead.rest[n]})²"
                                        for n in (*core, *followers))])
        how = (f" for {', '.join(f'{k} = {v}' for k, v in fixed.items())}, as |H| <= {self._reach()} near the point"
               if fixed
               else f" for all small enough {', '.join(small)} > 0" if small else "")
        steps.append(f"V = {_sum(shown)} has V' <= -const ({squares}) near the point{how}")
        energy = self._energy(psi)
        found = Stability(UNDECIDED, tuple(steps), energy=energy, delta=value, rest=self.lead.rest, point=point,
                          eigenvalues=self.eigenvalues())
        nature, leaves = point.nature, self._leaves()
        if leaves is None:
            return found.because(UNDECIDED, f"the nature of the point is not known: {point.evidence}")
        if leaves:
            return replace(found.because(UNSTABLE, (
                f"the point is a {leaves}: F < F(θ*) arbitrarily near it, so W = F(θ*) - V > 0 there with resting "
                "memory, and W' > 0 wherever W > 0 near the point (W' = 0 at critical points only, and there W <= 0, "
                "because the critical value is isolated): Chetaev's theorem")), kind="Chetaev", function=F0 - F - shown)
        found = replace(found, kind="Lyapunov", function=F - F0 + shown)
        steps, names = [], ", ".join(self.lead.free)
        if self.lead.free:
            steps.append(f"{names} moves by O({squares}) only, whose integral is at most const (V(0) - F(θ*)): it "
                         "stays near")
        if nature.is_strict_minimum:
            analytic = " (F being analytic)" if nature.degenerate else ""
            steps.append(f"the point is a {nature}, isolated{analytic}: V - F(θ*) is positive definite around it, as "
                         "|g|² <= 2L (F - F(θ*))")
            if self.lead.free:
                steps.append(f"states with other {names} are at rest too: as a point it does not attract, though θ -> "
                             "θ*")
            return found.because(STABLE if self.lead.free else ATTRACTING, *steps)
        return found.because(STABLE, *steps, (
            f"the point is a {nature}, not isolated: by Łojasiewicz' inequality |∇F| >= C (F - F(θ*))^s, s < 1, "
            "of analytic F, (V - F(θ*))^(1-s) bounds the length of the curve, which is small; neighbours at the "
            "same height are at rest, so it does not attract"))

    def _resting(self) -> str:
        free = self.lead.free
        return "g = 0" + "".join(f", any {n} = {v} > 0" if n in free else f", {n} = {v}"
                                 for n, v in self.lead.rest.items())

    def _leaves(self) -> str | None:
        """What the point is where F < F(θ*) arbitrarily near it; empty at a minimum, None where that is not known."""
        if self.point.nature.decided:
            return "" if self.point.nature.is_minimum else str(self.point.nature)
        return "point with a negative eigenvalue of H" if -1 in (_signs(self.point) or ()) else None

    def _reach(self):
        """A bound of |H| near the point, or None where it is not a number."""
        values = [sympy.N(e) for e in self.point.eigenvalues]
        if self.point.family or not values or not all(v.is_number for v in values):
            return None
        return sympy.ceiling(max(abs(v) for v in values)) + 1

    def _small(self, alpha, core, followers, q, kappa) -> dict:
        """Rational δ (and κ), by halving, for which −V' is at every curvature |H| ≤ L at least half its squares.

        (The form with doubled products is positive definite, which leaves room for o(deviation)²; {} if not numbers.)
        """
        L, g = self._reach(), self.g
        if L is None or self.theta.free_symbols - {*self.own.values(), g} or self.lead.free:
            return {}
        own, slopes = self.own, self.lead.slopes
        unknown = [Symbol("delta", positive=True)] if any(q.values()) else []
        unknown += [k for k in kappa.values() if k.is_Symbol]
        psi = sum(p / b * own[n]**2 / 2 for n, (p, b, _) in core.items()) + sum(kappa[n] * own[n]**2 / 2
                                                                                for n in followers)
        fall = -g * self.theta - sum((sympy.diff(psi, own[n]) * slopes[n] for n in (*core, *followers)), Integer(0))
        delta = unknown[0] if any(q.values()) else Integer(0)
        cross = sum(q[n] * (slopes[n] * g + own[n] * H * self.theta) for n in core)
        fall = sympy.expand(fall - delta * cross)
        forms = [fall.subs(H, h) for h in (L, -L)]  # affine in H
        for a in fall.atoms(sympy.Abs):
            forms = [f.subs(a, s * a.args[0]) for f in forms for s in (1, -1)]
        x = [g, *(own[n] for n in (*core, *followers))]
        if any(not f.is_polynomial(*x) or f.free_symbols - {*x, *unknown} for f in forms):
            return {}
        hessians = [sympy.hessian(f, x) for f in forms]
        for k in range(1, 200):
            values = {u: Rational(1, 2**k) for u in unknown} if len(unknown) < 2 else {
                unknown[0]: Rational(1, 2**(k // 2)), **{u: Rational(1, 2**k) for u in unknown[1:]}}
            d = values.get(delta, 0)
            positive = all(2 * (d * q[n])**2 * L < p / b for n, (p, b, _) in core.items())
            if positive and all(_definite(_doubled(M.subs(values))) for M in hessians):
                return values
        return {}

    def _energy(self, psi) -> Energy:
        """V as a function of states, the memory in its own values (not deviations)."""
        own, names = self.own, [n for n in self.own if n not in self.lead.free]
        terms = sympy.Add.make_args(psi)
        single = [t for t in terms if t.free_symbols & {own[n] for n in self.lead.scalars}]
        single, each = sympy.Add(*single), sympy.Add(*(t for t in terms if t not in single))

        deviations = {n: (own[n], self.lead.rest[n]) for n in names}
        loose = psi.free_symbols - {*own.values(), self.g}
        function = functools.partial(_of_states, each, single, deviations, self.g, loose)  # that can be pickled
        return Energy(function, "local", flow=self.flow)

    # -------------------------------------------------------------------------------------- by linearisation
    def eigenvalues(self) -> tuple:
        """Eigenvalues of the linearisation, each once per coordinate it belongs to; () where they are not known."""
        point, lead = self.point, self.lead
        if not lead.linear or not point.eigenvalues or point.family:
            return ()
        if any(f.has(J) for f in lead.slopes.values()):
            return self._preconditioned()
        vectors = ["theta", *(n for n in self.own if n not in lead.scalars)]
        x = {"theta": lead.theta, **self.own}
        found = []
        for value in point.eigenvalues:
            rows = [sympy.expand(lead.slopes[n].subs({self.g: value * lead.theta, H: value})) for n in vectors]
            found += _eigenvalues(sympy.Matrix([[f.coeff(x[m]) for m in vectors] for f in rows]))
        scalars = [n for n in lead.scalars if n in self.own]
        if scalars:
            found += _eigenvalues(sympy.Matrix([[lead.slopes[n].coeff(x[m]) for m in scalars] for n in scalars]))
        return tuple(found)

    def _preconditioned(self) -> tuple:
        """θ' = −M g, M from JᵀJ, which has other axes than H: numbers, from the loss."""
        if len(self.own) or getattr(self.loss, "residual_expressions", None) is None:
            return ()
        theta = self.point.numeric
        hessian, oracle = self.loss.hessian(theta), self.loss.oracle(theta)
        columns = [self._flow_at(GivenOracle(theta, gradient=column, gauss_newton=oracle.gauss_newton, hessian=hessian))
                   for column in hessian.T]
        return tuple(sympy.Float(e, 15) for e in sorted(np.linalg.eigvals(np.array(columns).T).real))

    def _flow_at(self, oracle):
        numbers = {k: float(v) if isinstance(v, sympy.Number) else v for k, v in vars(self.flow).items()}
        return type(self.flow)(**numbers).field(State(theta=self.point.numeric, t=0.0), oracle)["theta"]

    def _by_eigenvalues(self, why: str) -> Stability:
        found = self.eigenvalues()
        signs = [exact_sign(sympy.re(e)) for e in found]
        record = Stability(UNDECIDED, (why,), eigenvalues=found, rest=self.lead.rest, point=self.point)
        if 1 in signs:
            return record.because(UNSTABLE, "the linearisation has an eigenvalue with positive real part")
        if signs and all(s == -1 for s in signs):
            return record.because(ATTRACTING, "all eigenvalues of the linearisation have negative real part")
        return record.because(UNDECIDED, "its eigenvalues do not decide" if found else "it has no linearisation that "
                                                                                       "is known")


def _squared_gradient(s: State, oracle: Oracle) -> Quantity:
    return total(oracle.gradient**2) / 2


def _of_states(each, single, deviations: dict, g: Symbol, loose: set, s: State, oracle: Oracle) -> Quantity:
    """F + Σ each + single at a state; deviations : block -> (its symbol there, its value at rest)."""
    symbolic = is_symbolic(oracle.value)
    if loose and not symbolic:
        raise ValueError(f"V contains the symbols {', '.join(sorted(map(str, loose)))}: it has no value on numbers")
    values = {x: getattr(s, n) - (rest if symbolic else float(rest)) for n, (x, rest) in deviations.items()}
    values[g] = oracle.gradient
    out = oracle.value
    if each != 0:
        out = out + total(from_sympy(each, values))
    return out if single == 0 else out + from_sympy(single, values)


def _by_energy(flow: Flow, point: CriticalPoint, reason: str) -> Stability:
    """Flows that have no leading part, because they jump: by a proved energy and LaSalle's principle."""
    def undecided(text: str) -> Stability:
        return Stability(UNDECIDED, (f"the flow has no leading part at the point: {reason}", text), point=point)

    if "jumps" not in reason:
        return undecided("so neither a linearisation nor a quadratic function exists there")
    _, oracle, derivatives = flow.coordinate()
    if any(sympy.fraction(sympy.together(f))[1].free_symbols for f in map(sympy.sympify, derivatives.values())):
        return undecided("and speeds are not bounded near it")
    for energy, verdict in judged_energies(flow):
        blocks, proof = {str(n) for n in flow.memory if n != "theta"}, falls(verdict)
        if proof is None or not {"g", *blocks} <= proof[1]:
            continue
        derivative, zero = proof
        psi = sympy.expand(energy.expression - F)
        if psi.has(F):
            continue
        steps = (f"the field jumps ({reason}): its solutions are Filippov's, at bounded speed",
                 f"V = {_sum(psi)} falls along them, V' = {sympy.sstr(derivative)} <= 0, and bounded curves end where "
                 f"{', '.join(sorted(zero))} = 0")
        found = Stability(UNDECIDED, steps, energy=energy, rest=dict.fromkeys(blocks, Integer(0)), point=point)
        nature = point.nature
        if not nature.decided or nature == Nature.NON_STRICT_MINIMUM:
            return undecided("the nature of the point is not known" if not nature.decided else
                             "the minimum is not isolated, and no inequality of Łojasiewicz' kind is known for this "
                             "flow")
        if not nature.is_minimum:
            return replace(found.because(UNSTABLE, (
                f"the point is a {nature}: W = F(θ*) - V > 0 arbitrarily near it, W does not fall, and no critical "
                "point near it has another value: a curve with W > 0 cannot stay near (Chetaev's function in LaSalle's "
                "form)")),
                kind="Chetaev", function=F0 - F - psi)
        if not psi.free_symbols >= {Symbol(n, real=True) for n in blocks}:
            return undecided("V is not positive definite in the memory")
        return replace(found.because(ATTRACTING, (
            f"the point is a {nature}, isolated, and V - F(θ*) is positive definite around it")),
            kind="Lyapunov", function=F - F0 + psi)
    return undecided("and no energy of it is proved to end in critical points alone")


# ------------------------------------------------------------------------------------------------ small helpers
def _signs(point: CriticalPoint):
    """The signs of the eigenvalues of the Hessian, None where one cannot be told."""
    signs = [exact_sign(e) for e in point.eigenvalues]
    return None if None in signs or not signs else signs


def _eigenvalues(M: sympy.Matrix) -> list:
    """Eigenvalues of a small matrix, a decoupled coordinate at a time, in closed form up to quadratics.

    Of larger blocks in decimals, where all real parts are well away from 0: nested radicals say less to a reader.
    """
    left, out = list(range(M.rows)), []
    while left:
        alone = next((i for i in left if all(M[i, j] == 0 for j in left if j != i)
                      or all(M[j, i] == 0 for j in left if j != i)), None)
        if alone is None:
            break
        out.append(M[alone, alone])
        left.remove(alone)
    if not left:
        return out
    block = M.extract(left, left)
    if len(left) == 2:
        trace, det = sympy.expand(block.trace()), sympy.expand(block.det())
        root = sympy.sqrt(sympy.expand(trace**2 / 4 - det))
        return [trace / 2 - root, trace / 2 + root, *out]
    if not block.free_symbols:
        characteristic = sympy.Poly(block.charpoly().as_expr().evalf(3 * DIGITS))
        roots = characteristic.nroots(n=2 * DIGITS, maxsteps=200)
        size = 1 + max(map(abs, roots))
        if all(abs(sympy.re(z)) > size * sympy.Float(10)**(-DIGITS // 2) for z in roots):  # of a multiple root too
            return [*(sympy.N(z, DIGITS, chop=True) for z in roots), *out]
    return [*block.eigenvals(multiple=True), *out]


def _definite(M: sympy.Matrix) -> bool:
    """Whether an exact symmetric matrix is positive definite (Sylvester)."""
    return all(M[:k, :k].det().is_positive for k in range(1, M.rows + 1))


def _doubled(M: sympy.Matrix) -> sympy.Matrix:
    return sympy.Matrix(*M.shape, lambda i, j: M[i, j] * (1 if i == j else 2))


def _sum(psi) -> str:
    """F + psi as text."""
    return f"F + {sympy.sstr(psi)}" if psi != 0 else "F"
