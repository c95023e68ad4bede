"""What is known of an energy: proved, refuted or undecided, with the evidence."""
from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sympy

from arithmetic import Printed, Readable, aligned, entry, latex, short, worded

from . import smt
from .text import words


class Status(str, enum.Enum):
    """PROVED by an exact certificate, REFUTED by an exact witness, or UNDECIDED; `status == "PROVED"` holds too."""

    PROVED = "PROVED"
    REFUTED = "REFUTED"
    UNDECIDED = "UNDECIDED"

    def __str__(self):
        return self.value


@dataclass(frozen=True)
class Certificate(Printed):
    """Why V' ≤ 0: `steps` in words, `identities` (expressions that vanish), `positive` (polynomials and generators).

    `chain` leads from the definitions of the flow and of V to V' of one coordinate (see `lyapunov.referee`).
    `smt` (polynomials with their nonnegative symbols) are what z3 decided to be ≥ 0, where nothing shorter was found.
    In each of `positive` the generators are nonnegative, or occur in even powers, and no coefficient is negative.
    """

    steps: tuple[str, ...]
    identities: tuple[sympy.Expr, ...] = ()
    positive: tuple = ()
    smt: tuple = ()
    chain: Any = field(default=None, repr=False)

    @classmethod
    def of(cls, steps: tuple[str, ...], proofs: Iterable, chain: Any = None) -> Certificate:
        """With these words, the evidence of proofs, or of certificates, each once."""
        parts = list(proofs)
        identities, positive, decided = (tuple(dict.fromkeys(x for part in parts for x in getattr(part, name)))
                                         for name in ("identities", "positive", "smt"))
        return cls(steps, identities, positive, decided, chain)

    def verify(self) -> bool:
        """Check it again, with nothing but arithmetic: identities, signs, and the way from the definitions to them.

        What a solver decided is put to it again, and is not verified where it is not installed.
        """
        return ((self.chain is None or not self.chain.again())
                and all(smt.never_negative(f, nonnegative) for f, nonnegative in self.smt)
                and all(sympy.simplify(e) == 0 for e in self.identities)
                and all(c > 0 and all(k % 2 == 0 or x.is_nonnegative for k, x in zip(powers, gens, strict=True))
                    for f, gens in self.positive for powers, c in sympy.Poly(f, *gens).terms()))

    def __str__(self):
        return "\n".join(self.steps)


@dataclass(frozen=True)
class Verdict(Readable):
    """Whether V' ≤ 0 along a flow: for every loss of the class, every state and every dimension.

    status : PROVED, REFUTED or UNDECIDED.  Floats among the rates are read as the decimals they print as.
    derivative : V' of one coordinate, in sympy symbols (F, g, H, the blocks, the rates); V' + kV where a `rate` k
    is claimed.
    conditions : relations on symbolic rates under which it is proved; `necessary`: V' > 0 somewhere if one is violated.
    assuming : what was assumed: the loss's class, positive rates.
    witness : where REFUTED, {symbol: Rational} with `derivative.subs(witness) > 0`; symbolic rates among them (the
    claim refuted is then the one for all rates).
    counterexample : where REFUTED, a loss and a state at which V grows (see `Counterexample`).
    certificate : where PROVED.       reason : where UNDECIDED, what blocked it.
    strict : V' < 0 except where ∇F = 0 and the memory is 0 (inside the conditions, where there are some).
    zero_set : the condition V' = 0.  invariant_set : the largest part of it that bounded runs can end in (LaSalle).
    positive : V − F (V itself where F is not in it) is ≥ 0 for all memory; None where that is not known.
    """

    status: Status
    derivative: sympy.Expr
    conditions: tuple = ()
    witness: dict | None = None
    certificate: Certificate | None = None
    invariant_set: sympy.Basic | None = None
    strict: bool | None = None
    zero_set: sympy.Basic | None = None
    positive: bool | None = None
    necessary: bool | None = None
    assuming: tuple = ()
    reason: str = ""
    rate: sympy.Expr = sympy.S.Zero
    energy: sympy.Expr | None = field(default=None, repr=False)
    notes: tuple[str, ...] = field(default=(), repr=False)
    counterexample: Any = field(default=None, repr=False)

    def __str__(self):
        name = f"V' + ({self.rate})*V" if self.rate != 0 else "V'"
        lines = [f"V  = {self.energy}", f"{name} = {self.derivative}", f"{self.status}: {self._claim()}"]
        if self.assuming:
            lines.append(f"assuming   {words(self.assuming)}")
        if self.conditions:
            sharp = "  (necessary too)" if self.necessary else ""
            lines.append(f"conditions {words(self.conditions)}{sharp}")
        if self.certificate:
            lines.append(entry("because", *self.certificate.steps))
        if self.witness:
            lines.append("witness    " + ", ".join(f"{k} = {v}" for k, v in self.witness.items()))
            there = self.derivative.subs(self.witness)
            if there.is_number:
                lines.append(f"           there V' = {short(there)} > 0")
        lines += [f"           {note}" for note in self.notes]
        if self.counterexample is not None:
            lines.append(f"such as    {self.counterexample}")
        if self.status == Status.PROVED and self.zero_set is not None:
            where, strict = ("only where", " (strict)") if self.strict else ("where", "")
            lines.append(f"V' = 0     {where} {words(self.zero_set)}{strict}")
        if self.status == Status.PROVED and self.invariant_set is not None:
            lines.append(f"limits     bounded runs approach the set {words(self.invariant_set)}")
        if self.positive is not None:
            lines.append(f"V - F      is {'' if self.positive else 'not '}nonnegative for all memory")
        return "\n".join(lines)

    def _claim(self) -> str:
        if self.rate != 0 and self.status != Status.UNDECIDED:
            if self.status == Status.REFUTED:
                return f"V' > -({self.rate})*V occurs"
            F = sympy.Symbol("F", real=True)
            above = any(r in (sympy.Symbol("convex"), sympy.Ge(F, 0)) for r in self.assuming)  # else F* may be < 0
            name = "F - F*" if self.positive and above and sympy.sympify(self.energy).has(F) else "V"
            steady = all(x.name != "t" for x in self.rate.free_symbols)
            factor = f"exp(-({self.rate})*t)" if steady else f"exp(-(integral of {self.rate}))"
            return f"V' <= -({self.rate})*V for every loss and state, so {name} <= V(0)*{factor}"
        if self.status == Status.PROVED:
            return "V' = 0, V is a first integral" if self.derivative == 0 else "V' <= 0 for every loss and state"
        return "V' > 0 occurs, V is no energy" if self.status == Status.REFUTED else self.reason

    def _repr_latex_(self) -> str:
        """The same in formulas, without the steps of the proof."""
        rows = []
        if self.energy is not None:
            name = r"\dot V" if self.rate == 0 else rf"\dot V + \left({latex(self.rate)}\right) V"
            rows += [rf"V &= {latex(self.energy)}", rf"{name} &= {latex(self.derivative)}"]
        rows.append("&" + worded(f"{self.status}: {self._claim()}"))
        if self.assuming:
            rows.append("&" + worded(f"assuming {words(self.assuming)}"))
        if self.conditions:
            rows.append(r"&\text{if }" + r",\ ".join(map(latex, self.conditions))
                        + r"\text{ (necessary too)}" * bool(self.necessary))
        if self.witness:
            rows.append(r"&\text{witness }" + r",\ ".join(f"{latex(k)} = {latex(v)}" for k, v in self.witness.items()))
        return aligned(rows)
