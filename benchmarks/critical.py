"""Seconds, and what is proved, of `critical_points()`: the catalogue, known systems, and random networks.

    python benchmarks/critical.py [--random 40 15 5] [--budget 60] [--starts 10000] [--seed 0]

Every row is a loss from nothing: no answer is read from disk.  `--starts` Newton starts a loss are the referee: each of
their ends in the region must be listed, be on a listed family or lie in what is undecided; the number of those that do
not is printed, and must be 0.  Ends with a singular Hessian are counted apart, "+ n flat": floats do not tell a family
from a plateau on which the gradient is too small for them.
"""
from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from fractions import Fraction
from itertools import pairwise

import numpy as np
import sympy

import arithmetic as ar
import networks
from arithmetic import Table, formula
from arithmetic.enclose import Search, System
from arithmetic.recorder import Program
from arithmetic.tape import record_exactly
from networks import Loss, Network
from networks.enclosed import Open
from networks.symmetry import symmetries

ACTIVATIONS = {"tanh": "tanh", "sigmoid": "sigmoid", "softplus": "softplus", "sin": "sin", "relu": "relu",
               "bell": lambda z: ar.exp(-z * z / 2), "cubic": lambda z: z**3 - z, "erf": ar.erf, "atan": ar.atan}

SHAPES: dict[int, list[tuple[tuple[int, ...], bool]]] = {  # layers, biases
    2: [((1, 1), True), ((1, 1, 1), False)], 3: [((2, 1), True)], 4: [((3, 1), True), ((1, 2, 1), False)]}


SINGULAR = 1e-7  # share of its largest eigenvalue below which one of the Hessian is taken for 0


def random_network(parameters: int, rng: np.random.Generator) -> tuple[str, Loss]:
    """A network with 2, 3 or 4 parameters on two to five points with coordinates and targets in quarters."""
    name = str(rng.choice(sorted(ACTIVATIONS)))
    activation, points = ACTIVATIONS[name], int(rng.integers(2, 6))
    layers, bias = SHAPES[parameters][int(rng.integers(len(SHAPES[parameters])))]
    quarters = rng.choice(np.arange(-8, 9), (points, layers[0]), replace=layers[0] > 1)
    inputs = [tuple(Fraction(int(v), 4) for v in row) for row in quarters]
    targets = [Fraction(int(v), 4) for v in rng.integers(-4, 5, points)]
    loss = "squares"
    if layers == (1, 1) and rng.random() < 1 / 4:
        loss, targets = "logistic", [Fraction(int(v)) for v in rng.integers(0, 2, points)]
    text = f"{name} {'-'.join(map(str, layers))}{'' if bias else ' without bias'}, {points} points, {loss}"
    return text, Network(layers, (activation, "linear")[:len(layers) - 1], (inputs, targets), loss=loss, bias=bias)


def classic(text: str, symbols: str, reach: tuple[float, float]) -> Loss:
    return Loss.from_expression(*formula(text, symbols), box=[reach] * len(symbols))


KNOWN = {
    "Rosenbrock, 4": lambda: classic("+".join(f"100*({b}-{a}**2)**2+(1-{a})**2" for a, b in pairwise("xyzu")),
                                     "xyzu", (-2, 2)),
    "Wood, 4": lambda: classic("100*(x**2-y)**2+(x-1)**2+(z-1)**2+90*(z**2-u)**2"
                               "+101*((y-1)**2+(u-1)**2)/10+99*(y-1)*(u-1)/5", "xyzu", (-3, 3)),
    "Styblinski–Tang chain, 4": lambda: chain(4),
    "Styblinski–Tang chain, 5": lambda: chain(5),
    "Rastrigin on [−5, 6]²": lambda: classic("20+x**2+y**2-10*cos(2*pi*x)-10*cos(2*pi*y)", "xy", (-5, 6)),
    "tanh 1-1-1 with bias, 4 points": lambda: networks.get("tanh-biased"),
    "tanh 1-2-1 without bias, 3 points": lambda: Network(
        (1, 2, 1), ("tanh", "linear"), ([1, 2, 3], [Fraction(1, 2), Fraction(-1, 4), 1]), bias=False),
    "linear 2-2-1 with decay": lambda: networks.get("linear-decay"),
}


def chain(n: int) -> Loss:
    """Styblinski and Tang's function with neighbours coupled."""
    names = "xyzuv"[:n]
    text = "+".join(f"({a}**4-16*{a}**2+5*{a})/2" for a in names)
    return classic(text + "".join(f"+{a}*{b}/10" for a, b in pairwise(names)), names, (-5, 5))


def twice_mapped(x):
    """g(g(x)) − x of a map of the torus times the plane: its points of period 1 and 2.

    Smiley & Chun, J. Comput. Appl. Math. 137 (2001) 293, example 5.5, of Hsu & Guttalu (1983): 41 in the box.
    """
    def g(x):
        out = []
        for k, (mu, other) in enumerate(((sympy.pi / 10, 1), (sympy.pi / 5, 0))):
            decay = sympy.exp(-2 * mu)
            push = x[2 + k] - 5 * ar.sin(x[k]) * ar.cos(x[other])
            out.append((x[k] + (1 - decay) / (2 * mu) * push, decay * push))
        return [out[0][0], out[1][0], out[0][1], out[1][1]]

    return [a - b for a, b in zip(g(g(x)), x, strict=True)]


def periodic_points(budget: float) -> tuple:
    values = record_exactly(twice_mapped, 4)
    jacobian = [d for v in values.outputs for d in ar.gradient(v, values.inputs)]
    half = np.array([1.02, 1.02, 0.5, 0.5]) * np.pi
    began = time.process_time()
    search = Search(System(values, Program(values.inputs, tuple(jacobian))), -half, half)
    finished = search.run(half * 2.0**-30, time.perf_counter() + budget)
    seconds = time.process_time() - began
    return ("points of period 1 and 2 of a map (Smiley & Chun 5.5)", 4, f"{seconds:.2f}", len(search.found), "",
            finished and not search.open[0].shape[1], "box", "0")


def unlisted(loss: Loss, atlas, starts: int, seed: int) -> tuple[int, int]:
    """How many zeros of the gradient that Newton's method finds in the region are nowhere in the atlas: those with an
    invertible Hessian, and the others."""
    if not starts:
        return 0, 0
    low, high = np.array(atlas.region or loss.box, dtype=float).T
    box = np.array(loss.box, dtype=float).T
    reach = np.where(np.isfinite([low, high]), [low, high], box)  # output weights may be any real numbers
    theta = np.random.default_rng(seed).uniform(*reach[:, :, None], (loss.dim, starts))
    with np.errstate(all="ignore"):
        for _ in range(60):
            slope, H = loss.gradient(theta), np.moveaxis(loss.hessian(theta), -1, 0)
            good = np.isfinite(slope).all(axis=0) & np.isfinite(H).all(axis=(1, 2))
            theta, slope, H = theta[:, good], slope[:, good], H[good]
            step = np.einsum("kij,jk->ik", np.linalg.pinv(H, rcond=1e-12), slope)
            theta = theta - step
        slope = np.abs(loss.gradient(theta)).max(axis=0)
        scale = np.abs(loss.hessian(theta)).max(axis=(0, 1)) * (1 + np.abs(theta).max(axis=0))
        near = np.abs(step).max(axis=0) < 1e-9 if theta.size else np.zeros(0, dtype=bool)
        inside = (theta >= low[:, None]).all(axis=0) & (theta <= high[:, None]).all(axis=0)
    ends = theta[:, near & inside & (slope <= 1e-9 * scale)]
    for p in atlas:
        ends = ends[:, p.distance(ends) > 1e-3]
    group = symmetries(loss, low, high) if atlas.undecided else []  # what is open is said of one of each orbit
    if any(", of (" in str(u) for u in atlas.undecided):  # open boxes of fewer coordinates
        return 0, 0
    for hull in (u.hull for u in atlas.undecided if isinstance(u, Open)):
        a, b = np.array(hull).T[:, :, None]
        images = np.array([ends, *(g(ends) for g in group)])
        ends = ends[:, ~((images >= a) & (images <= b)).all(axis=1).any(axis=0)]
    sizes = np.abs(np.linalg.eigvalsh(np.moveaxis(loss.hessian(ends), -1, 0)))
    regular = int((sizes.min(axis=1) > SINGULAR * sizes.max(axis=1)).sum())
    return regular, ends.shape[1] - regular


def row(name: str, loss: Loss, budget: float, starts: int, seed: int) -> tuple:
    loss.kept = False
    began = time.process_time()
    atlas = loss.critical_points(budget=budget)
    seconds = time.process_time() - began
    counts = Counter(str(p.nature) for p in atlas)
    regular, flat = unlisted(loss, atlas, starts, seed)
    return (name, loss.dim, f"{seconds:.2f}", len(atlas), ", ".join(f"{n} {k}" for k, n in sorted(counts.items())),
            atlas.complete, "all" if atlas.region is None else "box", f"{regular}{f' + {flat} flat' * bool(flat)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--random", type=int, nargs=3, default=[40, 15, 5], metavar="N",
                        help="how many random networks with 2, 3 and 4 parameters (default 40 15 5)")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds a loss (default 60)")
    parser.add_argument("--starts", type=int, default=10_000, help="Newton starts a loss (default 10000; 0: none)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=["catalogue", "known", "random"], nargs="*",
                        default=["catalogue", "known", "random"])
    options = parser.parse_args()
    columns = ("loss", "parameters", "seconds", "points", "natures", "complete", "region", "not listed")
    rows: list[tuple] = []

    def show(title: str, part: list[tuple]) -> None:
        print(f"\n## {title}\n\n{Table(columns, part).markdown()}")
        seconds = sorted(float(r[2]) for r in part)
        print(f"{sum(bool(r[5]) for r in part)} of {len(part)} complete; seconds: median "
              f"{seconds[len(seconds) // 2]:.2f}, most {seconds[-1]:.2f}, together {sum(seconds):.1f}", flush=True)
        rows.extend(part)

    arguments = options.budget, options.starts, options.seed
    if "catalogue" in options.only:
        show("The catalogue", [row(name, networks.get(name), *arguments) for name in networks.catalogue()])
    if "known" in options.only:
        show("Known systems", [*(row(name, make(), *arguments) for name, make in KNOWN.items()),
                               periodic_points(options.budget)])
    if "random" in options.only:
        rng = np.random.default_rng(options.seed)
        for parameters, count in zip((2, 3, 4), options.random, strict=True):
            chosen = [random_network(parameters, rng) for _ in range(count)]
            if chosen:
                show(f"Random networks, {parameters} parameters", [row(*pair, *arguments) for pair in chosen])
    missed = sum(int(r[7].split()[0]) for r in rows)
    print(f"\n{missed} points that Newton's method found are nowhere listed")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
