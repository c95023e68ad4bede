"""Finding an energy from the field alone: F + ψ(memory), with the terms of V' that have no sign cancelled."""
from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import sympy
from sympy import Symbol

from arithmetic import Readable, as_decimals, from_sympy, total, worded
from flows import Flow

from .coordinate import as_flow, read
from .decrease import as_relations, check, once
from .energy import Assumptions, Energy, H, energies, relations_of
from .fastest import fastest
from .exact import SEAMS, Fresh, Status, Verdict, positive, rate_sign, words


@dataclass(frozen=True)
class Derivation(Readable):
    """An energy that was found from the equations of a flow, or why none was.

    energy : an `Energy`, None where none was found.  verdict : of `check` on it (UNDECIDED, with the reason, where
    there is none).  conditions : sympy relations on the rates, derived.  steps : how it was found, in words.
    assuming : what was assumed beside positive rates.
    further : derivations of more energies of the same flow (a first integral, one that is strict, one of all memory).
    """

    flow: Flow
    energy: Energy | None
    verdict: Verdict
    steps: tuple[str, ...] = ()
    assuming: tuple = ()
    further: tuple[Derivation, ...] = field(default=())

    @property
    def conditions(self) -> tuple:
        return self.verdict.conditions

    @property
    def status(self) -> Status:
        return self.verdict.status

    @property
    def reason(self) -> str:
        return self.verdict.reason

    @property
    def strict(self) -> Derivation | None:
        """The first of this and the further energies whose V' vanishes at rest alone, None where there is none."""
        return next((d for d in (self, *self.further) if d.verdict.strict), None)

    def __str__(self):
        lines = [f"{i + 1}. {step}" for i, step in enumerate(self.steps)]
        lines += [str(self.verdict)] if self.energy else [f"{self.status}: {self.reason}"]
        for other in self.further:
            lines += ["", f"Further: {other.energy.name if other.energy else None}", str(other)]
        return "\n".join(lines)

    def _repr_latex_(self) -> str:
        if self.energy is None:
            return f"${worded(f'{self.status}: {self.reason}')}$"
        return self.verdict._repr_latex_()


REMEDY = "; what would help: numbers for rates, assuming=\"convex\", or a V of your own, given to check"


class _Fails(Exception):
    """Why the ansatz does not lead to an energy."""


def derive(flow: Flow | type[Flow], *, assuming: Assumptions = None, rate: bool = False) -> Derivation:
    """An energy of a flow, found from its field: never looked up, and proved by `check` or not given.

    The ansatz V = F + ψ(memory) is to decrease for every loss, so that g = ∇F is a free number at every state.  Terms
    of V' that are linear in g have no sign; they must cancel, which determines ψ along the block that collects
    gradients.  Where H enters the flow, V = |g|²/2 is tried too, and where θ is drawn to a point θ₀ of the memory
    F + c|θ − θ₀|²/2.  With `assuming="convex"`: V = P(t) F + |θ + ρ t v|²/2 for time in the field, and forms of θ and
    memory.  What is found is checked for every loss, state and dimension; the conditions on rates
    come from there.

    flow : an instance, or a class, read as `flow.symbolic()`.  assuming : as in `check`.
    rate : V with V' ≤ −kV, and the largest k of the ansatz (`verdict.rate`), for the class `assuming`.
    Raises TypeError for what is not a flow.  Where the ansatz fails, the verdict is UNDECIDED with the reason.
    """
    flow = as_flow(flow, "derive(flow): flow")
    read(flow)
    assuming = relations_of(assuming)
    if rate:
        relations = as_relations(Energy(lambda s, oracle: oracle.value), assuming)
        energy, verdict, steps = fastest(flow.exact(), relations)
        return Derivation(flow, energy, verdict, steps, relations)
    return once(_derived, flow, assuming)


@functools.lru_cache(maxsize=256)
def _derived(flow: Flow, assuming: tuple) -> Derivation:
    """`derive`, once for each flow: stability, certificates and tables ask for the same energies again."""
    try:
        one = _Ansatz(flow.exact())
        best = _first(flow, one, assuming)
    except _Fails as reason:
        return Derivation(flow, None, Verdict(Status.UNDECIDED, sympy.nan, reason=str(reason) + REMEDY),
                          assuming=assuming)
    if best.energy is None:
        return best
    return replace(best, further=tuple(d for make in (one.full_state, one.strict) for d in make(best, assuming)))


def _first(flow, one, assuming) -> Derivation:
    """The first of the candidates that is proved; else why the last one failed."""
    failed: list[tuple[str, tuple]] = []
    for make in one.candidates(assuming):
        try:
            V, steps = make()
        except _Fails as error:
            failed.append((str(error), ()))
            continue
        for extra in ((), *one.unit_rates(V), *one.shifted_curvature()):
            energy = _energy(V, flow, "derived", (*assuming, *extra))
            verdict = check(flow, energy)
            if verdict.status == Status.PROVED:
                if extra:
                    verdict = replace(verdict, conditions=(*extra, *verdict.conditions), assuming=tuple(
                        r for r in verdict.assuming if r not in extra))
                return Derivation(flow, replace(energy, dissipation=_dissipation(flow, verdict)), verdict, steps,
                                  assuming)
        failed.append((_blame(V, verdict), steps))
    reason, steps = "; ".join(reason for reason, _ in failed) + REMEDY, failed[0][1]
    return Derivation(flow, None, Verdict(Status.UNDECIDED, sympy.nan, reason=reason), steps, assuming)


def _blame(V, verdict) -> str:
    if verdict.status == Status.REFUTED:
        at = ", ".join(f"{k} = {v}" for k, v in verdict.witness.items())
        rates = " for some rates, and no condition on them was found under which it is proved" if any(
            "rates" in note for note in verdict.notes) else ""
        return f"the only candidate of the ansatz, V = {V}, increases{rates}: V' > 0 at {at}"
    return f"of the candidate V = {V} it is not decided whether it decreases: {verdict.reason}"


class _Ansatz:
    """One coordinate of a flow, and what its equations say of ψ."""

    def __init__(self, flow: Flow):
        self.flow = flow
        self.s, self.oracle, derivatives = flow.coordinate()
        self.f = {name: as_decimals(f) for name, f in derivatives.items()}
        self.g = self.oracle.gradient
        self.decay = self._decay()
        if self.decay != 0:  # the gradient of F + λ|θ|²/2 takes the place of g
            self.f = {name: sympy.simplify(f.subs(self.g, self.g - self.decay * self.s.theta))
                      for name, f in self.f.items()}
        self.memory = {getattr(self.s, name): self.f[name] for name in flow.blocks if name != "theta"}
        self.theta = self.f["theta"]

    def _decay(self):
        """λ if the field sees θ only through g + λθ, else 0."""
        theta, g = self.s.theta, self.g
        f = self.f["theta"] if self.f["theta"].has(theta) else next((f for f in self.f.values() if f.has(theta)), None)
        if f is None or not f.has(g) or f.has(*SEAMS) or f.diff(g) == 0:
            return sympy.S.Zero
        rate = sympy.cancel(f.diff(theta) / f.diff(g))
        shifted = [sympy.simplify(e.subs(g, g - rate * theta)) for e in self.f.values()]
        free = rate.free_symbols & {theta, g, self.oracle.hessian, *(getattr(self.s, n) for n in self.flow.blocks)}
        return sympy.S.Zero if free or any(e.has(theta) for e in shifted) else rate

    def candidates(self, assuming):
        if "convex" in assuming:
            yield self.accelerated
            yield self.distance
            yield self.multiplier
        yield self.memory_of_gradients
        if self.theta.has(self.s.theta):
            yield self.tether
        if any(f.has(self.oracle.hessian) for f in self.f.values()):
            yield self.gradient_norm

    def unit_rates(self, V):
        """Conditions x ≤ 1, for rates x of which the field or V contains 1 − x."""
        found = set()
        for e in sympy.Tuple(V, *self.f.values()).atoms(sympy.Add):
            for x in e.free_symbols:
                if x.is_positive and x not in self.memory and e.is_polynomial() and sympy.expand(e.subs(x, 1)) == 0:
                    found.add(sympy.Le(x, 1))
        return [tuple(sorted(found, key=str))] if found else []

    def shifted_curvature(self) -> list[tuple]:
        """Conditions H ≥ −c, for denominators H + c of the field."""
        H = self.oracle.hessian
        found = {p.base for f in self.f.values() for p in f.atoms(sympy.Pow) if p.exp.is_negative and p.has(H)}
        return [(sympy.Ge(H, H - b),) for b in sorted(found, key=str) if b.diff(H) == 1 and (b - H).is_positive]

    def _loss(self):
        """F, or F + λθ²/2 under weight decay."""
        return self.oracle.value + self.decay * self.s.theta**2 / 2

    # ---------------------------------------------------------------------------------------------- candidates
    def _carried(self) -> dict:
        """The blocks that are driven by the gradient: {block: ∂f/∂g}, where that does not depend on g."""
        found = {}
        for x, f in self.memory.items():
            if f.has(self.g) and not any(e.has(self.g) for e in f.atoms(*SEAMS)):
                slope = sympy.cancel(sympy.together(f.diff(self.g)))
                if slope != 0 and not slope.has(self.g):
                    found[x] = slope
        return found

    def memory_of_gradients(self):
        """F + ψ, with ∂ψ/∂x·(∂x'/∂g) = −(θ' at g = 0) for the block x that is driven by g."""
        g = self.g
        idle = self.theta.subs(g, 0)
        if idle.has(sympy.nan, sympy.zoo, sympy.oo):
            raise _Fails("theta' has no value at g = 0")
        if idle == 0:
            return self._loss(), ("theta' = 0 where g = 0, so V' of V = F has no term that is linear in g alone",)
        if any(f.has(self.s.theta) for f in self.f.values()):
            raise _Fails(f"the field contains theta itself, theta' = {self.theta}, so its rest points need not be "
                         "those of F, and the terms of V' with theta*g cannot be cancelled by a function of the memory")
        carried = {x: slope for x, slope in self._carried().items() if idle.has(x)}
        if not carried:
            raise _Fails(f"V' contains g*({idle}), which has no sign, and no memory that g drives could cancel it")
        if len(carried) > 1:
            return self._linear_memory(idle)
        x, slope = next(iter(carried.items()))
        psi = _integral(-idle / slope, x)
        return self._loss() + psi, (
            f"ansatz V = F + psi(memory); the part of V' that is linear in g is g*({idle}) + (dpsi/d{x})*({slope})*g",
            f"it has no sign, so it must vanish: dpsi/d{x} = {sympy.cancel(-idle / slope)}, whence psi = {psi}")

    def _linear_memory(self, idle):
        """F + xᵀPx/2 for θ' = −Cᵀx, x' = Ax + Bg: PB = C cancels what is linear in g, and AᵀP + PA is diagonal.

        This is the lemma of Kalman, Yakubovich and Popov; C may hold what is no memory of gradients, such as scales.
        """
        x = [b for b in self.memory if self.memory[b].has(self.g) and not b.is_positive]
        A = sympy.Matrix([[self.memory[b].diff(c) for c in x] for b in x])
        B, C = sympy.Matrix([self.memory[b].diff(self.g) for b in x]), sympy.Matrix([-idle.diff(b) for b in x])
        rest = [self.memory[b] - row for b, row in zip(x, A * sympy.Matrix(x) + B * self.g, strict=True)]
        own = {*self.memory, self.g, self.s.theta, self.s.t}
        if any(not sympy.cancel(e) == 0 for e in rest) or (A.free_symbols | B.free_symbols) & own or any(
                C.has(b) for b in x):
            raise _Fails(f"V' contains g*({idle}), and {', '.join(map(str, x))} are all driven by g, not linearly: the "
                         "condition that linear terms cancel does not determine psi")
        n = len(x)
        P = sympy.Matrix(n, n, lambda i, j: Symbol(f"P{min(i, j)}{max(i, j)}"))
        W = A.T * P + P * A
        unknown = sorted(P.free_symbols, key=str)
        found = sympy.solve([*(P * B - C), *(W[i, j] for i in range(n) for j in range(i))], unknown, dict=True)
        if len(found) != 1 or any(P.subs(found[0]).has(p) for p in unknown):
            raise _Fails(f"V' contains g*({idle}), and no one form of {', '.join(map(str, x))} cancels it with the "
                         "products of memory")
        P = P.subs(found[0])
        psi = sum(sympy.factor(P[i, j]) * x[i] * x[j] / (2 if i == j else 1) for i in range(n) for j in range(i + 1))
        return self._loss() + psi, (
            f"ansatz V = F + psi, psi a quadratic form of {', '.join(map(str, x))}, of which the gradient drives all",
            f"PB = C cancels the terms that are linear in g, and A'P + PA is diagonal for psi = {psi}",)

    def distance(self):
        """P F + |θ + ρx|²/2 for θ' = κx, x' = −γx − αg, and t F/k + |θ|²/2k for θ' = −kg, F convex."""
        g, theta, F = self.g, self.s.theta, self.oracle.value
        if not self.memory and self.theta.diff(g, 2) == 0 and not self.theta.subs(g, 0) and not (
                self.theta.diff(g).has(self.s.t, theta)):
            V = self.s.t * F - theta**2 / (2 * self.theta.diff(g))
            return V, ("ansatz V = t F + c |theta|^2/2 for a minimum F = 0 at theta = 0: V' = F - g*theta + ...",)
        carried = self._carried()
        if len(carried) != 1 or len(self.memory) != 1 or self.theta.has(g):
            raise _Fails("the ansatz P F + |theta + rho v|^2/2 is for theta' = v with one block v")
        x, slope = next(iter(carried.items()))
        kappa, brake = sympy.cancel(self.theta / x), sympy.cancel(self.memory[x].subs(g, 0) / x)
        if (kappa.free_symbols | slope.free_symbols | brake.free_symbols) & {x, theta, self.s.t} or brake == 0:
            raise _Fails("no rho makes (theta + rho v)' a multiple of g")
        rho = -kappa / brake
        scale = 1 / rho**2
        return sympy.cancel(scale * -slope * rho**2 / kappa) * F + scale * (theta + rho * x)**2 / 2, (
            f"ansatz V = P F + |theta + rho {x}|^2/2 for a minimum F = 0 at theta = 0; rho = {rho} makes "
            f"(theta + rho {x})' = {sympy.cancel(rho * slope)}*g",)

    def tether(self):
        """F + c|θ − θ₀|²/2κ for θ' = −κg − c(θ − θ₀), θ₀ in the memory: V' = −|θ'|²/κ and what θ₀' adds."""
        g, theta, own = self.g, self.s.theta, {*self.memory, self.s.theta, self.g, self.s.t, self.oracle.hessian}
        kappa, pull = -self.theta.diff(g), -sympy.cancel(self.theta.subs(g, 0).diff(theta))
        if (kappa.free_symbols | pull.free_symbols) & own or not rate_sign(kappa) == rate_sign(pull) == 1:
            raise _Fails("theta is not drawn to a point of the memory, theta' = -k*g - c*(theta - theta_0)")
        rest = sympy.cancel(theta + self.theta.subs(g, 0) / pull)
        V = self._loss() + pull / kappa * (theta - rest)**2 / 2
        return V, (f"theta is drawn to {rest}, which adds {pull / kappa}*|theta - {rest}|^2/2 to F: theta' is a "
                   "multiple of the gradient of both in theta",)

    def multiplier(self):
        """|θ|²/2 + Σ px²/2 for θ' = −κg + Σ ax, x' = bθ − cx with p = −a/b: the products of θ and x cancel."""
        g, theta, x = self.g, self.s.theta, list(self.memory)
        V = theta**2 / 2
        for y in x:
            a, b = self.theta.diff(y), self.memory[y].diff(theta)
            if (a.free_symbols | b.free_symbols) & {*x, theta, g, self.s.t} or b == 0:
                raise _Fails("no form of theta and the memory cancels their products")
            V += sympy.cancel(-a / b) * y**2 / 2
        if not x or self.theta.has(theta):
            raise _Fails("no form of theta and the memory cancels their products")
        return V, (f"ansatz V = {V} for a minimum F = 0 at theta = 0: the products of theta and memory cancel, and "
                   "-g*theta <= 0 is left",)

    def gradient_norm(self):
        """|g|²/2: θ' = −H⁻¹g makes g' = −g."""
        return (self.g + self.decay * self.s.theta)**2 / 2, (
            "F has no sign along this flow where H has none", f"ansatz V = g**2/2, with g' = H*theta' = "
            f"{sympy.cancel(self.oracle.hessian * self.theta)}")

    def accelerated(self):
        """P(t) F + |θ + ρ t x|²/2 for θ' = κx, x' = −γ(t)x − αg, F convex with minimum 0 at 0."""
        carried, t = self._carried(), self.s.t
        if len(carried) != 1 or len(self.memory) != 1 or self.theta.has(self.g):
            raise _Fails("the ansatz P(t) F + |theta + rho t v|^2/2 is for theta' = v with one block v")
        x, slope = next(iter(carried.items()))
        kappa, brake = self.theta / x, sympy.cancel(self.memory[x].subs(self.g, 0) / x)
        rho = Fresh("rho")
        roots = sympy.solve(sympy.cancel(kappa + rho + rho * t * brake), rho)
        if {kappa, slope} & {s for s in (kappa, slope) if s.has(x, t)} or len(roots) != 1 or roots[0].has(t, x):
            raise _Fails("no rho makes (theta + rho t v)' a multiple of g")
        y, weight = self.s.theta + roots[0] * t * x, -roots[0] * t * slope
        P, scale = sympy.cancel(weight * roots[0] * t / kappa), 1 / roots[0]**2
        V = sympy.cancel(scale * P) * self.oracle.value + scale * y**2 / 2
        return V, (f"ansatz V = P(t) F + |theta + rho t {x}|^2/2 for a minimum F = 0 at theta = 0; rho = {roots[0]} "
                   f"makes (theta + rho t {x})' = {sympy.cancel(-weight)}*g",
                   f"the products g*{x} have no sign, so they must cancel: P = {P}; multiplied by {scale}")

    # ------------------------------------------------------------------------------------------ further energies
    def full_state(self, best, assuming) -> list[Derivation]:
        """F + κ∫(−θ'/(g p)) dz where θ' = −g/D(z) and z' = p g² + q, q ≤ 0: a first integral if q = 0 and κ = 1."""
        if len(self.memory) != 1 or best.energy.expression != self.oracle.value:
            return []
        (z, f), g = next(iter(self.memory.items())), self.g
        rate = sympy.cancel(sympy.together(-self.theta / g))
        if rate.has(g) or f.has(*SEAMS) or not f.is_polynomial(g) or set(sympy.Poly(f, g).as_dict()) - {(2,), (0,)}:
            return []
        p, q = sympy.Poly(f, g).coeff_monomial(g**2), sympy.Poly(f, g).coeff_monomial(1)
        kappa = sympy.S.One if q == 0 else positive("kappa")
        psi = _root_integral(kappa * rate / p, z)
        if psi is None:
            return []
        name = "first integral" if q == 0 else "full state"
        energy = _energy(self.oracle.value + psi, best.flow, name, assuming)
        verdict = check(best.flow, energy)
        share = "which makes V constant" if q == 0 else "a share kappa of the bound"
        how = (f"ansatz V = F + psi({z}); V' = g^2*(({p})*psi' - {rate}) + ({q})*psi'",
                 f"psi' = {sympy.cancel(kappa * rate / p)}, {share}")
        return [Derivation(best.flow, energy, verdict, how, assuming)] if verdict.status == Status.PROVED else []

    def strict(self, best, assuming) -> list[Derivation]:
        """V + δ⟨g, x⟩ with the sign that gives −δ|g|², for losses with H ≤ L."""
        if best.verdict.strict or len(self.memory) != 1 or not self.memory or self.decay != 0:
            return []
        x, f = next(iter(self.memory.items()))
        slope = self._carried().get(x)
        linear = all(e.is_polynomial(x, self.g) and sympy.Poly(e, x, self.g).total_degree() == 1
                     for e in (f, self.theta))
        if slope is None or not linear or not slope.is_polynomial(*slope.free_symbols) or not (
            side := rate_sign(slope)):
            return []
        delta, bound = positive("delta"), sympy.Le(H, positive("L"))
        V = best.energy.expression - side * delta * self.g * x
        energy = _energy(V, best.flow, "strict", (*assuming, bound))
        verdict = check(best.flow, energy)
        if verdict.status != Status.PROVED or not verdict.strict:
            return []
        inside = tuple(sympy.Lt(*c.args) if isinstance(c, sympy.Le) else c for c in verdict.conditions)
        verdict = replace(verdict, conditions=inside, notes=("V' <= 0 at the bound too",))
        return [Derivation(best.flow, energy, verdict, (
            f"V' vanishes on {words(best.verdict.zero_set)}, so a term delta*<g, {x}> is added, whose derivative "
            "contains -delta*|g|^2", "it is small enough for losses with H <= L under the condition below"), assuming)]


def _integral(f, x) -> sympy.Expr:
    """The integral of f from 0 to x: x f/(k + 1) of terms that are homogeneous of degree k in x, else sympy's."""
    if (bent := _clipped_integral(f, x)) is not None:
        return bent
    if f.has(sympy.Piecewise):
        raise _Fails(f"theta' distinguishes cases, and no integral over {x} is sought for them")
    for terms in ([f], sympy.Add.make_args(sympy.expand(f))):
        found = [_homogeneous_integral(e, x) for e in terms]
        if None not in found:
            return sympy.Add(*found)
    dummy = Symbol(x.name, real=True)
    value = sympy.integrate(f.subs(x, dummy), (dummy, 0, x))
    if value.has(sympy.Integral, sympy.nan, sympy.oo, sympy.zoo):
        raise _Fails(f"the integral of {f} over {x} was not found")
    return value


def _homogeneous_integral(f, x):
    """x f/(k + 1) for f of degree k in x, None for any other f."""
    scale = Fresh("scale", positive=True)
    for k in (0, 1, 2, 3):
        if sympy.cancel(f.subs(x, scale * x) / f) == scale**k:
            return (x * f / (k + 1)).replace(
                lambda e: e.is_Mul and any(isinstance(p, sympy.sign) and p.args[0] in e.args for p in e.args),
                _absolute)
    return None


def _clipped_integral(f, x):
    """∫₀ˣ f for an odd f that is k·min(a, bx) on x ≥ 0: k (b q²/2 + a (|x| − q)), q = min(|x|, a/b); else None."""
    up = Symbol(x.name, positive=True)
    right, left = f.subs(x, up), f.subs(x, -up)
    left = left.replace(lambda e: isinstance(e, sympy.Max) and e.has(up), lambda e: -sympy.Min(*(-a for a in e.args)))
    found = [e for e in right.atoms(sympy.Min) if len(e.args) == 2 and e.has(up)]
    if len(found) != 1 or f.has(sympy.Piecewise) or sympy.expand(right + left) != 0:
        return None
    bent, name = found[0], Fresh("bent", positive=True)
    k = right.subs(bent, name) / name
    level, ramp = sorted(bent.args, key=lambda e: e.has(up))
    slope = ramp / up
    if k.has(up, name) or level.has(up) or slope.has(up):
        return None
    q = sympy.Min(sympy.Abs(x), level / slope)
    return k * (slope * q**2 / 2 + level * (sympy.Abs(x) - q))


def _absolute(product):
    """x sign(x) = |x| in a product."""
    seam = next(p for p in product.args if isinstance(p, sympy.sign) and p.args[0] in product.args)
    return product / seam / seam.args[0] * sympy.Abs(seam.args[0])


def _root_integral(f, z):
    """The integral of f from 0 to z, f rational in one root w = √(z + const) of z; None for anything else."""
    roots = [p.base for p in f.atoms(sympy.Pow) if p.has(z) and p.exp.is_Rational and p.exp.q == 2]
    inside = roots[0] if roots else z
    if any(r != inside for r in roots) or inside.diff(z) != 1:
        return None
    w, upper = Fresh("w", positive=True), sympy.sqrt(inside)
    integrand = f.subs(inside, w**2)
    if integrand.has(z) or not sympy.cancel(sympy.together(integrand)).is_rational_function(w):
        return None
    primitive = sympy.integrate(sympy.cancel(2 * w * integrand), w)
    if not primitive.has(sympy.log):
        return sympy.expand(primitive.subs(w, upper) - primitive.subs(w, upper.subs(z, 0)))
    return sympy.expand(_unlogged(primitive, w, upper, upper.subs(z, 0)))


def _unlogged(primitive, w, upper, lower):
    """Primitive between two bounds, with log A − log B as log(A/B)."""
    both = primitive.replace(lambda e: isinstance(e, sympy.log), lambda e: sympy.log(
        sympy.expand(e.args[0].subs(w, upper) / e.args[0].subs(w, lower))) if e.args[0].subs(w, lower) != 0 else e)
    logs = both.atoms(sympy.log)
    held = {e: sympy.Dummy() for e in logs}
    rest = both.xreplace(held)
    constant = rest.xreplace({d: sympy.S.Zero for d in held.values()}).subs(w, lower)
    return rest.subs(w, upper).xreplace({d: e for e, d in held.items()}) - constant


def known_energies(flow: Flow) -> Iterator[Energy]:
    """The energies of a flow: those that it has, then the derived one."""
    yield from energies(flow)
    derived = derive(flow).energy
    if derived is not None:
        yield derived


def judged_energies(flow: Flow) -> Iterator[tuple[Energy, Verdict]]:
    """The known energies with their verdicts, each of which is sought when it is asked for."""
    for energy in energies(flow):
        yield energy, check(flow, energy)
    derived = derive(flow)
    if derived.energy is not None:
        yield derived.energy, derived.verdict


# ---------------------------------------------------------------------------------------------- from symbols to code
def _energy(V, flow: Flow, name: str, assuming: tuple) -> Energy:
    """The energy of a formula of one coordinate: V = P F + Σ ψ."""
    return Energy(_Formula(V, flow.exact()), name, assuming, flow=flow)


def _dissipation(flow: Flow, verdict: Verdict) -> _Formula | None:
    """−V' as a function, where it is a sum over coordinates of what a step can evaluate."""
    if verdict.certificate is None or verdict.certificate.chain.frame:
        return None  # of inner products, not of coordinates
    formula = _Formula(-verdict.derivative, flow.exact())
    o = formula.oracle
    unseen = {o.value, o.hessian, o.jacobian, o.residual} & verdict.derivative.free_symbols
    return None if unseen or verdict.derivative.has(*SEAMS) else formula


class _Formula:
    """A formula of one coordinate as a function `(s, oracle)` on every reading, summed over coordinates."""

    def __init__(self, formula, flow: Flow):
        self.flow, self.formula = flow, formula
        self.s, self.oracle, _ = flow.coordinate()
        self.share = formula.diff(self.oracle.value)
        self.psi = formula.subs(self.oracle.value, 0)

    def __call__(self, s, oracle):
        values = {getattr(self.s, str(name)): getattr(s, str(name)) for name in (*self.flow.blocks, "t")
                  if hasattr(s, str(name))}
        if self.psi.has(self.oracle.gradient):
            values[self.oracle.gradient] = oracle.gradient
        psi = total(from_sympy(self.psi, values)) if self.psi != 0 else 0
        return psi if self.share == 0 else from_sympy(self.share, values) * oracle.value + psi
