"""The discrete decrease: under which step the energy of a flow falls along its algorithm too."""
from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import overload

import sympy
from sympy import Poly, Rational, Symbol, expand, factor_list, fraction, together

from arithmetic import CoordinateLoss, Rate, Readable, Vector, aligned, as_decimals, entry, latex, worded
from flows import Field, Flow, State
from schemes import Euler, FixedStep, Optimizer, SequentialEuler

from .coordinate import Coordinate, as_flow, refuse_names
from .decrease import as_relations
from .derivation import derive
from .energy import Assumptions, Energy, energies
from .exact import (
    Certificate, Domain, Fresh, Status, Unreadable, matrix, negative_direction, positive, rate_sign, readable,
)
from .pace import RateVerdict, rate_verdict
from .trials import rise

h, L = positive("h"), positive("L")
#: Names that conditions on a step have of their own: a rate may not be called so.
TAKEN = {"h", "L", "lambda", "beta2", "sigma", "D_next", "D_old"}
ratio_symbol = Symbol("lambda", nonnegative=True)


@dataclass(frozen=True)
class StepVerdict(Readable):
    """Whether one step takes V down by at least λ h D, for every loss with H ≤ L and every state.

    status : PROVED, REFUTED or UNDECIDED.  conditions : sympy relations under which it is proved; `bound` the largest
    step, where they are of the form h ≤ bound.  energy, dissipation : V and D of one coordinate, D at the new memory.
    difference : V⁺ − V + λ h D of one step on F = L θ²/2, exactly, in the symbols of the old state.
    sharp : the condition is necessary too: with a larger step V⁺ − V + λ h D > 0 for some state on F = L θ²/2;
    None where that is not known.  witness : where REFUTED, numbers with `difference.subs(witness) > 0`.
    meaning : what symbols in the conditions stand for.
    """

    status: Status
    conditions: tuple = ()
    bound: sympy.Expr | None = None
    energy: sympy.Expr | None = None
    dissipation: sympy.Expr | None = None
    difference: sympy.Expr | None = field(default=None, repr=False)
    sharp: bool | None = None
    witness: dict | None = None
    certificate: Certificate | None = None
    meaning: tuple[str, ...] = ()
    reason: str = ""

    def __str__(self):
        lines = []
        if self.energy is not None:
            lines += [f"V  = {self.energy}", f"D  = {self.dissipation}  (dissipation, at the new memory)"]
        lines.append(f"{self.status}: {self._claim()}")
        if self.conditions:
            sharp = "  (sharp: attained on F = L*theta**2/2)" if self.sharp else ""
            lines.append(f"if         {', '.join(map(readable, self.conditions))}{sharp}")
        lines += [f"where      {m}" for m in self.meaning]
        if self.certificate:
            lines.append(entry("because", *self.certificate.steps))
        if self.witness:
            lines.append("witness    on F = L*theta**2/2: " + ", ".join(f"{k} = {v}" for k, v in self.witness.items()))
        return "\n".join(lines)

    def _repr_latex_(self) -> str:
        rows = [] if self.energy is None else [rf"V &= {latex(self.energy)}", rf"D &= {latex(self.dissipation)}"]
        rows.append("&" + worded(f"{self.status}: {self._claim()}"))
        if self.conditions:
            rows.append(r"&\text{if }" + r",\ ".join(map(latex, self.conditions))
                        + r"\text{ (sharp: attained on }F = L\theta^2/2)" * bool(self.sharp))
        rows += ["&" + worded(f"where {m}") for m in self.meaning]
        if self.witness:
            rows.append(r"&\text{witness on }F = L\theta^2/2\colon\ " + r",\ ".join(
                f"{latex(k)} = {latex(v)}" for k, v in self.witness.items()))
        return aligned(rows)

    def _claim(self) -> str:
        return {"PROVED": "V+ - V <= -lambda*h*D for every loss with H <= L and every state",
                "REFUTED": "V+ - V > -lambda*h*D occurs"}.get(str(self.status), self.reason)


class Undecided(Exception):
    """What blocks the argument."""


@overload
def check_step(optimizer: Optimizer | Flow | type[Flow], energy: Energy | Callable | None = None, *,
               ratio: Rate | None = None, curvature: Rate | None = None, step: Rate | None = None,
               rate: None = None, assuming: Assumptions = None) -> StepVerdict: ...


@overload
def check_step(optimizer: Optimizer | Flow | type[Flow], energy: Energy | Callable | None = None, *,
               step: Rate | None = None, rate: Rate, assuming: Assumptions = None) -> RateVerdict: ...


def check_step(optimizer: Optimizer | Flow | type[Flow], energy: Energy | Callable | None = None, *,
               ratio: Rate | None = None, curvature: Rate | None = None, step: Rate | None = None,
               rate: Rate | None = None, assuming: Assumptions = None) -> StepVerdict | RateVerdict:
    """The discrete decrease V⁺ − V ≤ −λ h D of an optimizer, as a condition on its step; or V⁺ ≤ ρV, with a `rate` ρ.

    optimizer : an `Optimizer` (Euler or SequentialEuler), or a flow or class of flows with its classical scheme, then
    of any step h.  energy : an `Energy` (the flow's own, else the derived one).  D is its dissipation (−V' without
    one), at the new memory and the old gradient, as steps under `EnergyControl` measure it.
    ratio : λ in [0, 1), the symbol lambda unless given.  curvature : L, H ≤ L along the step; a symbol unless given.
    step : a claimed step, a number or an expression in the rates and L, to be proved or refuted.

    With F⁺ − F ≤ ⟨g, Δθ⟩ + L|Δθ|²/2, which is an equality on F = L θ²/2, the difference is bounded by a quadratic form
    in old and new memory; the condition is that it is nowhere positive.  Scales of the past, D = √v + ε, enter by
    v⁺ ≥ β₂ v.  Averages m' = a (g − m) are written with β = 1 − a h.

    rate : ρ, the claim V(θ_{n+1}) ≤ ρ V(θ_n) for every loss of the class `assuming` (as in `check`, with relations
    between the parameters, such as h ≤ 1/L) and every state: a number or an expression in the rates, the step h, the
    class's μ and L, and the hyperparameters by their names, of which the others have their values.  V is F unless
    given; it is linear in values of F and quadratic in vectors, `oracle.loss.value(place)` is F elsewhere, and s.t/h
    the number of steps.  The scheme may be any with an explicit step, or implicit Euler (the proximal point).  Raises
    ValueError for arguments that have no meaning together.
    """
    if rate is not None:
        if ratio is not None or curvature is not None:
            raise ValueError("check_step(rate=): ratio and curvature are of the other claim, V+ - V <= -lambda*h*D; "
                             "write assuming=[H <= L] for a bound of the curvature")
        return _rate(optimizer, energy, rate, assuming, step)
    if assuming is not None:
        raise ValueError(f"check_step(assuming={assuming!r}) narrows the losses of a claimed rate: give rate=rho too")
    flow, scheme, h_given = _parts(optimizer)
    energy = energy if energy is not None else energies(flow)[0] if flow.energy is not None else derive(flow).energy
    share = ratio_symbol if ratio is None else as_decimals(ratio)
    refuse_names(flow, TAKEN, "check_step")
    if share.is_number and not 0 <= share < 1:
        raise ValueError(f"check_step: ratio={ratio} must be in [0, 1): the share of the dissipation a step must "
                         "realise")
    try:
        if energy is None:
            raise Undecided("no energy of this flow is known")
        exact = flow.exact()
        form = Form(exact, scheme, energy if isinstance(energy, Energy) else Energy(energy), share)
        taken = h_given if step is None else as_decimals(step)
        known = None if curvature is None else as_decimals(curvature)
        verdict = form.verdict(L if known is None else known, taken, refute=step is not None or curvature is not None)
        if verdict.status == Status.PROVED and (broken := rise(exact, scheme, verdict, share, known, taken)):
            raise Undecided(f"the referee tried the bound on numbers: {broken}")
        return verdict
    except (Undecided, Unreadable) as reason:
        return StepVerdict(Status.UNDECIDED, reason=str(reason))


def _parts(optimizer):
    if isinstance(optimizer, Optimizer):
        if type(optimizer.scheme) not in (Euler, SequentialEuler):
            raise TypeError("check_step: the scheme must be Euler or SequentialEuler, got "
                            f"{type(optimizer.scheme).__name__}")
        return (optimizer.flow, optimizer.scheme,
                as_decimals(optimizer.step.h) if isinstance(optimizer.step, FixedStep) else None)
    flow = as_flow(optimizer, "check_step(optimizer): optimizer", "an Optimizer, a Flow or a class of flows")
    return flow, SequentialEuler(), None


def _rate(optimizer, energy, rate, assuming, step) -> RateVerdict:
    """The verdict on V⁺ ≤ ρV."""
    energy = energy if isinstance(energy, Energy) else Energy(energy or (lambda s, oracle: oracle.value))
    relations, rate = as_relations(energy, assuming), as_decimals(rate)
    if isinstance(optimizer, Optimizer):
        spoken = {x.name: x for e in (rate, *relations) if not isinstance(e, str) for x in e.free_symbols}
        flow, scheme, taken = optimizer.flow, optimizer.scheme, getattr(optimizer.step, "h", None)
        if optimizer.recipe is not None and not optimizer.step.adaptive:
            flow, scheme, taken, _ = optimizer.symbolic
            known = {Symbol(name, positive=True): as_decimals(value)
                     for name, value in optimizer.hyperparameters.items() if name not in spoken}
            flow, taken = flow.subs(known), sympy.sympify(taken).subs(known)
        if taken is None:
            raise ValueError(f"check_step(rate=): the steps of {optimizer} are chosen by "
                             f"{type(optimizer.step).__name__}, and a rate is one of fixed steps")
    else:
        flow, scheme, _ = _parts(optimizer)
        taken = h
    return rate_verdict(flow.exact(), scheme, as_decimals(taken if step is None else step), energy.function, rate,
                        relations)


class OneStep(Field):
    """One step of one coordinate, each new block a symbol: `new[name]` is defined by `formula[name]`.

    The scheme itself decides which of the old and new symbols a formula contains: it runs on slopes (new − old)/h.
    """

    def __init__(self, flow: Flow, scheme, h=h):
        super().__init__(flow, CoordinateLoss())
        self.h = h
        self.formula: dict[str, sympy.Expr] = {}
        self.old, self.oracle, _ = flow.coordinate()
        self.new = State(t=self.old.t + h, **{name: self._next(name) for name in self.blocks})
        self.gradient = self.oracle.gradient
        scheme.advance(self, self.old.t, Vector(getattr(self.old, name) for name in self.blocks), h)

    def _next(self, name):
        x = getattr(self.old, name)
        return Symbol(f"{name}_next", **{"positive": True} if x.is_positive else {"real": True})

    def slope(self, name, s, oracle):
        """(new − old)/h: asking for it defines the new value."""
        derivative = super().slopes(s, oracle)[name]
        vector = isinstance(self.blocks[name], slice)
        old, new = getattr(self.old, name), getattr(self.new, name)
        self.formula.setdefault(name, old + self.h * as_decimals(derivative[0] if vector else derivative))
        slope = (new - old) / self.h
        return Vector([slope]) if vector else slope

    def slopes(self, s, oracle):
        return {name: self.slope(name, s, oracle) for name in self.blocks}

    def solved(self, expr):
        """An expression of new symbols in those of the old state alone."""
        expr = sympy.sympify(expr)
        while found := expr.free_symbols & set(self._values):
            expr = expr.xreplace({x: self._values[x] for x in found})
        return expr

    @property
    def _values(self):
        return {getattr(self.new, name): f for name, f in self.formula.items()}


class Form:
    """V⁺ − V + λ h D of one coordinate, bounded by a quadratic form."""

    def __init__(self, flow: Flow, scheme, energy: Energy, ratio):
        self.flow, self.ratio, self.energy = flow, ratio, energy
        energy = energy.on(flow) if energy.flow is not None else energy
        one = Coordinate(flow, energy.function)
        if blocked := one.coupling():
            raise Undecided(blocked)
        share = one.V.diff(one.oracle.value)
        scalars = {getattr(one.s, name) for name in one.scalars}
        if share.free_symbols & {*one.vectors, one.s.t, one.oracle.value, *scalars}:
            raise Undecided("the weight of F in V changes along the flow")
        if share.is_number and share < 0:
            raise Undecided("F has a negative weight in V, and H <= L bounds F from above only")
        if one.derivative.has(one.oracle.value):
            raise Undecided("the dissipation contains F itself")
        self.share = share
        self.step = step = OneStep(flow, scheme)
        self.old = {getattr(step.old, name): getattr(step.new, name) for name in flow.blocks}
        self.psi = one.V - share * one.oracle.value
        if self.psi.has(one.oracle.gradient, one.s.theta):
            raise Undecided("V contains the gradient or theta itself, whose change over a step F and L do not bound")
        D = (as_decimals(energy.dissipation(step.old, step.oracle)) if energy.dissipation is not None
             else -one.derivative)
        self.V, self.D, self.scalars = one.V, D, one.scalars
        memory = {x: y for x, y in self.old.items() if x != step.old.theta}
        delta = (step.formula["theta"] - step.old.theta)
        self.rates: dict[Symbol, sympy.Expr] = {}
        self.weights: dict[sympy.Expr, Symbol] = {}
        self.roots: dict[Symbol, sympy.Expr] = {}
        self.shares: dict[Symbol, sympy.Expr] = {}
        self.meaning: list[str] = []
        self.steps: list[str] = []
        self.exact = True
        rest = self.psi.xreplace(memory) - self.psi + ratio * h * self._with_share(D.xreplace(memory))
        self.gap = share * (step.gradient * delta + L * delta**2 / 2) + rest
        self.difference = step.solved(self.gap.xreplace(self.shares))

    def _with_share(self, D):
        """D with the share that the rates say of it, Adam's, as one symbol kappa."""
        state = {*self.old.values(), self.step.gradient}
        for factor in sympy.Mul.make_args(D):
            if (factor.is_Add or factor.has(sympy.Min)) and not factor.free_symbols & state:
                kappa = Symbol("kappa", real=True)
                self.shares[kappa] = factor
                self.meaning.append(f"kappa = {factor}")
                return D / factor * kappa
        return D

    # ----------------------------------------------------------------------------------------------- the verdict
    def verdict(self, curvature, claimed, refute: bool) -> StepVerdict:
        steps = [f"F+ - F <= g*d + L*d**2/2 for the step d = {self.step.formula['theta'] - self.step.old.theta} of "
                 "theta"]
        form, x = self._quadratic(self._scales(self._averages(self.gap)))
        facts = {"energy": self.V, "dissipation": self.D, "difference": self.difference}
        needed, identities, elimination = self._nonpositive(form, x)
        known = {L: curvature} | ({} if claimed is None else {h: claimed})
        if claimed is not None:
            weights = {s: 1 - rate * h for rate, s in self.weights.items()}
            known = {s: e.subs(weights).subs(known) for s, e in (*weights.items(), *self.roots.items())} | known
        certificate = Certificate((*steps, *self.steps, *elimination), identities)
        pivot, needed = needed[0] if len(needed) > 1 else None, [self.share, *needed]
        left = [(g, f is pivot) for f in needed if (g := _essential(f.subs(known), f is pivot)) is not None]
        fixed = {k: v for k, v in known.items() if k in (h, L)}
        if claimed is not None and refute and left and (witness := self._witness([f for f, _ in left], fixed)):
            return StepVerdict(Status.REFUTED, witness=witness, **facts)
        solved = [_solved(f, strict) for f, strict in left]
        relations = tuple(r.subs(self.roots) for r, _ in solved)
        if sympy.false in relations:
            raise Undecided("the bound of the difference is positive somewhere, and no witness was found")
        bound = solved[0][1].subs(self.roots) if len(solved) == 1 and solved[0][1] is not None else None
        symbols = set().union(*(r.free_symbols for r in relations)) if relations else set()
        meaning = tuple(m for m in self.meaning if any(str(s) == m.split(" = ")[0] for s in symbols))
        return StepVerdict(Status.PROVED, relations, bound, certificate=certificate, meaning=meaning,
                           sharp=True if self.exact and relations else None, **facts)

    def _averages(self, gap):
        """g in old and new memory where a block is driven by it; averages m⁺ = βm + (1 − β)g with β for their rate."""
        step, g = self.step, self.step.gradient
        for name, f in step.formula.items():
            x, new = getattr(step.old, name), getattr(step.new, name)
            if name == "theta" or not self.psi.has(x) or not f.is_polynomial(g) or Poly(f, g).degree() != 1:
                continue
            slope = f.diff(g)
            if slope.has(*step.old.__dict__.values()):
                raise Undecided(f"the new {name} is not linear in g")
            rate = sympy.cancel(slope / h)
            beta = positive("beta" if "beta" not in map(str, gap.free_symbols) else f"beta_{name}")
            if rate.is_Symbol and expand(f - (x + h * rate * (g - x))) == 0:
                self.rates[rate], self.weights[rate] = (1 - beta) / h, beta
                self.meaning.append(f"beta = 1 - {rate}*h, the weight of the old {name}")
            value = sympy.solve(sympy.Eq(new, f), g)[0]
            self.steps.append(f"g = {sympy.simplify(value.subs(self.rates))} from the update of {name}")
            return sympy.sympify(gap).subs(g, value).subs(self.rates)
        return gap

    def _scales(self, gap):
        """Old scales bounded by new ones: the weight w of x² in ψ satisfies w(v) ≥ σ w(v⁺) if v⁺ ≥ σ² v."""
        step = self.step
        for name, f in step.formula.items():
            z, new = getattr(step.old, name), getattr(step.new, name)
            if name == "theta" or not z.is_positive or not gap.has(z, new) or name in self.scalars:
                continue
            factor, root = self._denominator(new), positive("D_next")
            if gap.has(*(getattr(step.new, c) for c in self.scalars)):
                return self._corrected(gap, factor)
            replaced = gap.subs(factor, root)
            if replaced.has(new):
                raise Undecided(f"the step depends on the new {name} through more than {factor}")
            if gap.has(z):
                old = factor.subs(new, z)
                sigma = self._kept(f, z, name)
                self._shrinks(old, z, name)
                replaced = replaced.subs(old, root / sigma)
                kept = self.roots.get(sigma, sigma)
                self.steps.append(f"{factor} >= {kept}*({old}), since {name}_next >= {kept**2}*{name}")
                self.exact = False
                if replaced.has(z):
                    raise Undecided(f"V depends on {name} through more than {old}")
            self.meaning.append(f"D_next = {factor}")
            gap = replaced
        return gap

    def _corrected(self, gap, factor):
        """With bias corrections the old and the new scale stay two numbers: c₁D and c₁⁺D⁺, c₁ the correction of m."""
        step = self.step
        to_old = {getattr(step.new, name): getattr(step.old, name) for name in step.blocks}
        outer = [c for c in self.scalars if gap.has(getattr(step.new, c)) and not factor.has(getattr(step.new, c))]
        if len(outer) != 1:
            raise Undecided(f"of the corrections {', '.join(self.scalars)} not exactly one scales the whole step")
        c, old = outer[0], factor.xreplace(to_old)
        scales = {getattr(step.new, c): (positive("D_next"), factor), getattr(step.old, c): (positive("D_old"), old)}
        gap = sympy.cancel(together(gap.subs({x: D / f for x, (D, f) in scales.items()}, simultaneous=True)))
        if gap.has(*to_old) and gap.free_symbols & {x for x in to_old if x.is_positive}:
            raise Undecided("the step depends on its memory through more than its scale")
        self.meaning += [f"{D} = {x}*({f})" for x, (D, f) in scales.items()]
        self.exact = False
        return gap

    def _denominator(self, z):
        """The denominator of θ⁺ that holds the scale."""
        powers = [p for p in self.step.formula["theta"].atoms(sympy.Pow) if p.base.has(z) and p.exp.is_negative]
        factors = {p.base if p.exp.is_Integer else sympy.sqrt(p.base) for p in powers}
        outermost = [f for f in factors if not any(f != other and other.has(f) for other in factors)]
        if len(outermost) != 1:
            raise Undecided(f"the scale of the step is not one factor in {z}")
        return outermost[0]

    def _kept(self, f, z, name):
        """σ with z⁺ ≥ σ² z: the share of z that is kept, the rest being nonnegative."""
        share = sympy.expand(f).coeff(z)
        rest = sympy.expand(f - share * z)
        if isinstance(f - z, sympy.Mul) and f.has(sympy.Max) and any(
                isinstance(a, sympy.Max) and 0 in a.args for a in (f - z).args):
            return sympy.S.One  # z + h r max(0, …)
        proof = Domain(free=frozenset({self.step.gradient}), positive=frozenset({z})).nonnegative(rest)
        rate = sympy.cancel((1 - share) / h)
        if proof is None or proof.conditions or rate.free_symbols & {z, self.step.gradient} or rate_sign(rate) <= 0:
            raise Undecided(f"the new {name} is not bounded below by a share of the old one")
        beta = positive("beta2")
        self.weights[rate] = beta
        self.meaning.append(f"beta2 = 1 - {rate}*h, the weight of the old {name}")
        self.roots[positive("sigma")] = sympy.sqrt(beta)
        return positive("sigma")

    def _shrinks(self, D, z, name):
        """D(σ² z) ≥ σ D(z) for 0 < σ ≤ 1, and D grows with z."""
        s, w = Fresh("s", positive=True), Fresh("w", positive=True)
        sigma = 1 / (1 + w)
        below = together((D.subs(z, sigma**2 * s**2) - sigma * D.subs(z, s**2)) * (1 + w))
        grows = together(D.subs(z, s**2).diff(s))
        domain = Domain(positive=frozenset({s, w}))
        for f in (below, grows):
            top, bottom = fraction(sympy.cancel(f))
            if not top.is_polynomial(*top.free_symbols) or domain.nonnegative(expand(top)) is None:
                raise Undecided(f"the scale {D} of {name} does not shrink as a root does")

    def _quadratic(self, gap):
        step, g = self.step, self.step.gradient
        states = [x for x in sorted(gap.free_symbols, key=str)
                  if x in {g, *(getattr(s, n) for s in (step.old, step.new) for n in step.blocks)}]
        top, bottom = fraction(together(gap))
        if bottom.free_symbols & set(states) or not top.is_polynomial(*states) or not states:
            raise Undecided("the difference is no quadratic form in old and new memory")
        poly = Poly(expand(top), *states)
        if not poly.is_homogeneous or poly.total_degree() != 2 or len(states) > 2:
            raise Undecided("the difference is no quadratic form in one pair of old and new memory")
        return matrix(poly) / bottom, states

    def _nonpositive(self, M, x):
        """What must be ≥ 0 for −form ≥ 0 (of two the first, a pivot, > 0), the identities that prove it, and words."""
        M = (-M).applyfunc(lambda e: sympy.factor(together(e)))
        if len(x) == 1:
            return [M[0, 0]], (), (f"the difference is -({M[0, 0]})*{x[0]}**2",)
        det = sympy.factor(together(M.det()))
        for i in (0, 1):
            if _never_zero(M[i, i]) and _essential(M[i, i]) is None:
                j = 1 - i
                form = sum(M[k, n] * x[k] * x[n] for k in (0, 1) for n in (0, 1))
                identity = sympy.cancel(together(M[i, i] * form - (M[i, i] * x[i] + M[i, j] * x[j])**2 - det * x[j]**2))
                return [det], (identity,), (f"the negative of the difference is at least a quadratic form in {x[0]}, "
                                            f"{x[1]} with the positive pivot {M[i, i]}",
                                            f"its determinant must be >= 0: {det}")
        i = 0 if sympy.count_ops(M[0, 0]) < sympy.count_ops(M[1, 1]) else 1
        return [M[i, i], det], (), (
            f"the negative of the difference is at least a quadratic form in {x[0]}, {x[1]}; it is nonnegative if a "
            "pivot is positive and the determinant not negative",)

    # ---------------------------------------------------------------------------------------------------- witnesses
    def _witness(self, needed, known) -> dict | None:
        """Rates and a state on F = L θ²/2 at which V⁺ − V + λ h D > 0, exactly."""
        difference = self.difference.subs(known)
        states = [s for s in sorted(difference.free_symbols, key=str)
                  if s in {self.step.gradient, *(getattr(self.step.old, n) for n in self.step.blocks)}]
        others = sorted(difference.free_symbols.union(*(e.free_symbols for e in known.values())) - set(states), key=str)
        levels = [Rational(2)**k for k in (0, 1, -1, 3, -3, 6, -6)]
        for numbers in itertools.islice(itertools.product(levels, repeat=len(others)), 400):
            at = dict(zip(others, numbers, strict=True))
            values = [f.subs(at) for f in needed]
            if at.get(self.ratio, 0) >= 1 or values and all(v.is_nonnegative for v in values):
                continue
            there = difference.subs(at)
            for state in self._states(there, states):
                value = there.subs(state)
                if value.is_extended_real and value.is_finite and value > 0:
                    return state | at | {k: sympy.sympify(v).subs(at) for k, v in known.items() if k not in at}
        return None

    def _states(self, there, states):
        there = sympy.cancel(there) if there.is_rational_function(*states) else there
        if there.is_polynomial(*states):
            poly = Poly(there, *states)
            if poly.is_homogeneous and poly.total_degree() == 2 and (
                u := negative_direction(-matrix(poly))) is not None:
                yield dict(zip(states, u, strict=True))
            return
        choices = [(1, 4, Rational(1, 4), 16) if s.is_positive else (0, 1, -1, 4, -4) for s in states]
        yield from (dict(zip(states, map(sympy.sympify, c), strict=True)) for c in itertools.product(*choices))


def _essential(f, strict: bool = False):
    """f without factors that are positive for all rates; None if nothing is left and f ≥ 0, else what decides f ≥ 0.

    strict : likewise of f > 0, for which squares count too.
    """
    if f == 0:
        return sympy.S.Zero if strict else None
    top, bottom = fraction(together(f))
    sign, left = sympy.S.One, list[sympy.Expr]()
    for part in (top, bottom):
        constant, factors = (part, []) if part.is_number else factor_list(part)
        sign *= sympy.sign(constant)
        for p, power in factors:
            if power % 2 == 0:
                left += [p**2] * (strict and not _sign(p))
                continue
            known = _sign(p)
            sign, left = (sign * known, left) if known else (sign, [*left, p])
    if not left:
        return None if sign > 0 else sympy.S.NegativeOne
    return sympy.expand(sign * sympy.prod(left))


def _never_zero(f) -> bool:
    """Whether every factor of f has a sign: a square such as (1 − ch)² vanishes somewhere."""
    return f != 0 and all(part.is_number or all(_sign(p) for p, _ in factor_list(part)[1])
                          for part in fraction(together(f)))


def _sign(p) -> int:
    """The sign of a polynomial in positive rates; 1 − β is positive for a weight β."""
    if (s := rate_sign(p)) != 0:
        return s
    weights = {x: 1 / (1 + Symbol(f"w_{x}", positive=True)) for x in p.free_symbols
               if str(x).startswith(("beta", "sigma"))}
    top, bottom = fraction(together(p.subs(weights)))
    return rate_sign(expand(top)) * rate_sign(bottom) if weights else 0


def _solved(f, strict: bool = False):
    """f ≥ 0 (or f > 0) as a bound of h (of L where h is a number): (relation, bound or None)."""
    if f.is_number:
        return (sympy.true if f > 0 or f == 0 and not strict else sympy.false), None
    for x in (h, L):
        if f.has(x) and f.is_polynomial(x) and Poly(f, x).degree() == 1:
            slope, rest = Poly(f, x).all_coeffs()
            if _sign(slope) < 0:
                bound = sympy.signsimp(sympy.factor(-rest / slope))
                return (sympy.Lt if strict else sympy.Le)(x, bound), bound if x == h else None
    return (sympy.Gt if strict else sympy.Ge)(sympy.factor(f), 0), None
