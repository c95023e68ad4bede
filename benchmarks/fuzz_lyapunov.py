"""Random flows × energies × assumptions against the verdicts of `lyapunov.check`: none may be refuted by numbers.

    python benchmarks/fuzz_lyapunov.py [--count N] [--seed N]

A PROVED claim is followed by numbers: V along the flow on random losses of its class, in 1 to 3 dimensions, may not
grow, at any rates that meet its conditions.
A REFUTED claim must come with a loss, a state and a flow on which V does grow.
"""

from __future__ import annotations

import argparse
import collections
import time
from dataclasses import make_dataclass

import numpy as np
import sympy

from arithmetic import absolute, diagonal, maximum, sign, sqrt, total
from flows import Flow, State, scalar
from lyapunov import Energy, H, Status, check
from networks import Loss

RATES = sympy.symbols("a b", positive=True)
TERMS = {  # of the slope of a memory block or of θ, in (flow, state, oracle)
    "g": lambda f, s, o: o.gradient,
    "m": lambda f, s, o: s.m,
    "v": lambda f, s, o: s.v,
    "θ": lambda f, s, o: s.theta,
    "sign g": lambda f, s, o: sign(o.gradient),
    "sign m": lambda f, s, o: sign(s.m),
    "|m|": lambda f, s, o: absolute(s.m),
    "g/√v": lambda f, s, o: o.gradient / (sqrt(s.v) + 1),
    "m/√v": lambda f, s, o: s.m / (sqrt(s.v) + 1),
    "Hg": lambda f, s, o: o.hessian_product(o.gradient),
    "Hm": lambda f, s, o: o.hessian_product(s.m),
    "diag(H)g": lambda f, s, o: diagonal(o.hessian) * o.gradient,
    "g²": lambda f, s, o: o.gradient**2,
    "m³": lambda f, s, o: s.m**3,
    "max(0, g)": lambda f, s, o: maximum(o.gradient, 0 * o.gradient),
    "g/(1+t)": lambda f, s, o: o.gradient / (1 + s.t),
    "cg": lambda f, s, o: s.c * o.gradient,
    "g/|g|": lambda f, s, o: o.gradient / sqrt(1 + total(o.gradient**2)),
    "F g": lambda f, s, o: o.value * o.gradient,
}
ENERGIES = {
    "F": lambda s, o: o.value,
    "m²": lambda s, o: total(s.m**2),
    "m²/√v": lambda s, o: total(s.m**2 / (sqrt(s.v) + 1)),
    "θ²": lambda s, o: total(s.theta**2),
    "|m|": lambda s, o: total(absolute(s.m)),
    "g²": lambda s, o: total(o.gradient**2),
    "gm": lambda s, o: total(o.gradient * s.m),
    "√v": lambda s, o: total(sqrt(s.v)),
    "tF": lambda s, o: s.t * o.value,
    "v": lambda s, o: total(s.v),
    "cF": lambda s, o: s.c * o.value,
}
NUMBERS = [sympy.Rational(k, 2) for k in (-4, -2, -1, 1, 1, 2, 2, 3, 4, 8)] + list(RATES)


def number(rng, positive: float = 0.8):
    """A weight: a small number or a rate, mostly positive."""
    x = NUMBERS[rng.integers(len(NUMBERS))]
    return abs(x) if rng.random() < positive else x


def combination(rng, choices: dict, most: int, first: str | None = None) -> tuple:
    """[(weight, name)] of a random linear combination."""
    names = list(rng.choice(list(choices), rng.integers(1, most + 1), replace=False))
    return tuple((number(rng), str(name)) for name in dict.fromkeys([first] * (first is not None) + names))


#: Slopes of θ and m, and energies, that belong together: claims that are true, or false by a little.
KIN = [
    ((("1", "g"),), None, (("1", "F"),)),
    ((("1", "m"),), (("a", "g"), ("-a", "m")), (("1", "F"), ("1/(2*a)", "m²"))),
    ((("1", "m/√v"),), (("a", "g"), ("-a", "m")), (("1", "F"), ("1/(2*a)", "m²/√v"))),
    ((("1", "sign m"),), (("a", "g"), ("-a", "m")), (("1", "F"), ("1/a", "|m|"))),
    ((("1", "g"), ("b", "m")), (("a", "g"), ("-1", "m")), (("1", "F"), ("b/(2*a)", "m²"))),
    ((("1", "g/√v"),), None, (("1", "F"),)),
    ((("1", "g/|g|"),), None, (("1", "F"),)),
    ((("1", "cg"),), None, (("1", "F"),)),
    ((("1", "g"),), None, (("1", "θ²"), ("1", "tF"))),
    ((("1", "g"), ("1", "Hg")), None, (("1", "F"),)),
    ((("1", "g"), ("1", "max(0, g)")), None, (("1", "F"),)),
    ((("1", "g"),), None, (("1", "g²"),)),
    ((("1", "m"),), (("a", "g"), ("-a", "m"), ("-1", "m³")), (("1", "F"), ("1/(2*a)", "m²"))),
]


def random_claim(rng):
    """(text, flow, energy, assumptions)."""
    theta = combination(rng, {k: TERMS[k] for k in TERMS if k != "θ" or rng.random() < 0.2}, 2)
    m = (*combination(rng, TERMS, 1, "g"), (-number(rng, 1.0), "m"))
    parts = combination(rng, ENERGIES, 2, "F" if rng.random() < 0.8 else None)
    parts = tuple((sympy.S.One if name == "F" and rng.random() < 0.8 else w, name) for w, name in parts)
    if rng.random() < 0.75:
        near = [
            tuple((sympy.sympify(w, locals={str(x): x for x in RATES}), name) for w, name in terms or ())
            for terms in KIN[rng.integers(len(KIN))]
        ]
        theta, parts = near[0], near[2]
        m = near[1] or m
        if rng.random() < 0.5:
            theta += combination(rng, TERMS, 1)
        elif rng.random() < 0.3:
            parts += combination(rng, ENERGIES, 1)
    rates = [f"{x}" for x in RATES]

    def field(self, s, o):
        def at(terms):
            return sum(
                (weight(self, w) * TERMS[name](self, s, o) for w, name in terms[1:]),
                weight(self, terms[0][0]) * TERMS[terms[0][1]](self, s, o),
            )

        return {"m": at(m), "v": self.b * (o.gradient**2 - s.v), "c": self.a * (1 - s.c), "theta": -at(theta)}

    def weight(self, w):
        value = sympy.sympify(w).subs({x: getattr(self, str(x)) for x in RATES})
        return float(value) if isinstance(self.a, float) else value

    body = {"memory": ("m", "v", scalar("c")), "field": field, "nonnegative": ("v", "c")}
    kind = make_dataclass("Random", [(r, float, 1.0) for r in rates], bases=(Flow,), namespace=body, frozen=True)
    flow = (
        kind.symbolic()
        if rng.random() < 0.4
        else kind(a=sympy.Integer(1), b=sympy.Rational(int(rng.integers(1, 9)), 2))
    )
    known = {x: getattr(flow, str(x)) for x in RATES}

    def V(s, o):
        return sum(
            (sympy.sympify(w).subs(known) * ENERGIES[name](s, o) for w, name in parts[1:]),
            sympy.sympify(parts[0][0]).subs(known) * ENERGIES[parts[0][1]](s, o),
        )

    L = sympy.Symbol("L", positive=True)
    assuming = [None, None, "convex", H <= L, ("convex", H <= 1), ("convex", H >= sympy.Rational(1, 2))][
        rng.integers(6)
    ]
    return f"theta' = -({theta}), m' = {m}, V = {parts}, {flow}, {assuming}", flow, V, assuming


def random_loss(rng, dim: int, convex: bool, low, high) -> Loss:
    """A quadratic, and where the curvature is not bounded a quartic, with its minimum 0 at 0 if convex."""
    x = sympy.symbols(f"x1:{dim + 1}", real=True)
    A = rng.normal(size=(dim, dim))
    if low is None and high is None and not convex:
        M = A + A.T
    else:
        q, _ = np.linalg.qr(A)
        lowest = low if low is not None else 0.0 if convex else -3.0
        M = q @ np.diag(rng.uniform(lowest, high if high is not None else lowest + 3, dim)) @ q.T
    M = np.array([[float(e) for e in row] for row in M])
    F = sum(M[i, j] * x[i] * x[j] for i in range(dim) for j in range(dim)) / 2
    if high is None:
        F += rng.uniform(0, 1) * sum(a**4 for a in x)
    if not convex:
        F += float(rng.normal()) + sum(float(w) * a for w, a in zip(rng.normal(size=dim), x, strict=True))
    return Loss.from_expression(F, x)


def grows(flow, V, assuming, rng, trials: int = 6) -> str:
    """A loss and a state at which V grows along the flow by numbers, as text; empty where none was met."""
    relations = assuming if isinstance(assuming, tuple) else (assuming,)
    for _ in range(trials):
        values = {x: float(2.0 ** rng.integers(-2, 3)) for x in (*RATES, sympy.Symbol("L", positive=True))}
        number_of = {x: float(sympy.sympify(getattr(flow, str(x))).subs(values)) for x in RATES}
        low = next((float(r.rhs) for r in relations if isinstance(r, sympy.Ge)), None)
        high = next((float(sympy.sympify(r.rhs).subs(values)) for r in relations if isinstance(r, sympy.Le)), None)
        dim = int(rng.integers(1, 4))
        loss = random_loss(rng, dim, "convex" in relations, low, high)
        numeric, t = type(flow)(**{str(x): v for x, v in number_of.items()}), float(rng.uniform(0.01, 3))
        field = numeric.on(loss)
        lanes = 64
        y = rng.normal(size=(field.size, lanes)) * 2.0 ** rng.integers(-3, 4, lanes)
        y[field.blocks["v"]] = np.abs(y[field.blocks["v"]])
        y[field.blocks["c"]] = 1 - np.exp(-number_of[RATES[0]] * t)

        def energy(t, y):
            s = field.state(t, y)  # noqa: B023
            shifted = State(**vars(s))
            out = numeric_value(V, values, shifted, loss.oracle(s.theta))  # noqa: B023
            return np.asarray(out, dtype=float)

        with np.errstate(all="ignore"):
            start, h = energy(t, y), 1e-6
            k1 = field(t, y)
            rise = (energy(t + h, y + h * k1) - energy(t - h, y - h * k1)) / (2 * h)
            scale = 1 + np.abs(start) + np.abs(k1).sum(axis=0) ** 2
            bad = np.flatnonzero(np.isfinite(rise) & (rise > 1e-5 * scale))
        if len(bad):
            return f"{loss.expression} at {y[:, bad[0]]}, t = {t}, rates {number_of}: V' = {rise[bad[0]]}"
    return ""


def numeric_value(V, values, s, oracle):
    """V on numbers: its symbolic weights at these values."""
    out = V(s, oracle)
    if isinstance(out, np.ndarray) and out.dtype.hasobject:
        return np.array([float(sympy.sympify(e).subs(values)) for e in out])
    return out


def examine(seed: int) -> tuple[str, str]:
    """(status, what is wrong) of one random claim."""
    rng = np.random.default_rng(seed)
    text, flow, V, assuming = random_claim(rng)
    try:
        verdict = check(flow, Energy(V), assuming=assuming)
    except ValueError as error:
        return "refused", "" if len(str(error).split()) > 6 else f"{text}: {error}"
    if verdict.status == Status.PROVED:
        if verdict.conditions:
            return str(verdict.status), ""  # numbers would have to meet them: the referee's own attack does
        if not verdict.certificate.verify():
            return str(verdict.status), f"{text}: the certificate is not verified"
        found = grows(flow, V, assuming, rng)
        return str(verdict.status), f"{text}: PROVED, and {found}" if found else ""
    if verdict.status == Status.REFUTED:
        found = verdict.counterexample
        return str(verdict.status), "" if found is not None and found.rise > 0 else f"{text}: REFUTED without a loss"
    return str(verdict.status), "" if verdict.reason else f"{text}: undecided without a reason"


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    seen, wrong, begin, longest = collections.Counter(), 0, time.perf_counter(), 0.0
    for seed in range(options.seed, options.seed + options.count):
        before = time.perf_counter()
        with np.errstate(all="ignore"):
            status, fault = examine(seed)
        longest = max(longest, time.perf_counter() - before)
        seen[status] += 1
        if fault:
            wrong += 1
            print(f"seed {seed}: {fault}", flush=True)
    print(
        f"{dict(seen)}: {wrong} wrong of {options.count}; {time.perf_counter() - begin:.0f} s, "
        f"the longest {longest:.1f} s"
    )
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
