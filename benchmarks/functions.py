"""The elementary functions: their largest error against 60 digits, and nanoseconds per element beside libm, libmvec and
NumPy.

    python benchmarks/functions.py [--arguments 1000000] [--functions exp,tanh]

Arguments are of all magnitudes (a quarter), over the range of the function, around 0 and normal; the special values are
in the tests.  All timings of one function are taken in turn in one process, the best of several rounds.
"""
from __future__ import annotations

import argparse
import ctypes
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import mpmath
import numpy as np

import arithmetic as ar
from arithmetic import OPERATIONS, printers
from arithmetic.backends.c import FLAGS, WIDE

FUNCTIONS = tuple(name for name, op in OPERATIONS.items() if op.definition and not op.inline)
REFERENCE = {"atan": mpmath.atan, "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
             "softplus": lambda x: mpmath.log1p(mpmath.exp(x))}
LIBM = {"sigmoid": "1/(1 + exp(-{0}))", "softplus": "fmax({0}, 0) + log1p(exp(-fabs({0})))"}
NUMPY = {"atan": np.arctan, "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "softplus": lambda x: np.logaddexp(0, x),
         "erf": None}
SPREAD = {"exp": 720, "expm1": 60, "sinh": 712, "cosh": 712, "tanh": 20, "sigmoid": 740, "softplus": 740, "erf": 6.5,
          "sin": 1e5, "cos": 1e5,
        "atan": 50}


def arguments(name: str, n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    quarter = -(-n // 4)
    every = np.ldexp(1 + rng.random(quarter), rng.integers(-1074, 1024, quarter)) * rng.choice([-1, 1], quarter)
    if name in ("log", "log1p"):
        x = np.concatenate([np.abs(every), rng.uniform(0.4, 2.2, quarter), 1 + rng.normal(size=quarter) * 1e-3,
                            np.exp(5 * rng.normal(size=quarter))])
        return x if name == "log" else np.concatenate([x[:quarter], x[quarter:3 * quarter] - 1, x[3 * quarter:]])
    wide = SPREAD[name]
    return np.concatenate([every, rng.uniform(-wide, wide, quarter), rng.uniform(-1.5, 1.5, quarter),
                           4 * rng.normal(size=quarter)])


def largest_error(name: str, n: int, seed: int) -> tuple[float, float]:
    """(ulp, the argument) of the worst of n."""
    reference = REFERENCE.get(name) or getattr(mpmath, name)
    x = arguments(name, n, seed)
    worst, at = 0.0, float("nan")
    with mpmath.workprec(200):  # 60 digits; mpmath reduces large arguments at a higher precision itself
        limit = mpmath.mpf(2)**1024 * (1 - mpmath.mpf(2)**-54)
        for a, value in zip(x.tolist(), OPERATIONS[name].function(x).tolist(), strict=True):
            true = reference(mpmath.mpf(a))
            if abs(true) >= limit:
                error = 0.0 if abs(value) == float("inf") else float("inf")
            else:
                unit = mpmath.mpf(2)**max(mpmath.frexp(true)[1] - 53, -1074) if true else mpmath.mpf(2)**-1074
                error = float(abs(mpmath.mpf(value) - true) / unit)
            if not error <= worst:
                worst, at = error, a
    return worst, at


def c_loop(name: str, text: str, flags: tuple[str, ...], head: str = "#include <math.h>\n") -> ctypes.CDLL:
    """A compiled loop that applies an expression of {0} to an array."""
    source = (head + f"void run(const double *x, double *y, long n) {{ for (long i = 0; i < n; i++) y[i] = "
                     f"{text.format('x[i]')}; }}")
    folder = tempfile.mkdtemp()
    path = Path(folder) / f"{name}.so"
    made = path.with_suffix(".o")
    subprocess.run(["cc", "-O3", "-march=native", *flags, "-c", "-fPIC", "-w", "-x", "c", "-", "-o", made],
                   input=source, text=True, check=True)
    # linked with -ffast-math it would flush subnormals
    subprocess.run(["cc", "-shared", made, "-o", path, "-lmvec", "-lm"], check=True)
    function = ctypes.CDLL(str(path)).run
    function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long]
    return lambda x, y: function(x.ctypes.data, y.ctypes.data, len(x))


def contestants(name: str) -> dict:
    op = OPERATIONS[name]
    graph = ar.Graph()
    z = graph.input("z")
    node = graph.lift(op.function(z))
    strict = tuple(flag for flag in FLAGS + WIDE if flag.startswith(("-f", "-m"))
                   and flag not in ("-fPIC", "-march=native"))
    libm = LIBM.get(name, name + "({0})")
    found = {"ours, C": c_loop(name, f"of_{name}({{0}})", strict, printers.prelude([node], {z: "z"}, "c")),
             "ours, NumPy": lambda x, y: np.copyto(y, op.function(x)),
             "libm": c_loop(name, libm, ("-ffp-contract=off", "-fno-math-errno", "-fno-tree-vectorize")),
             "libmvec": c_loop(name, libm, ("-ffast-math", "-mprefer-vector-width=512"))}
    theirs = NUMPY.get(name, getattr(np, name, None))
    if theirs is not None:
        found["NumPy"] = lambda x, y: np.copyto(y, theirs(x))
    if "numba" in ar.available():
        space: dict = {}
        exec(printers.prelude([node], {z: "z"}, "python") + f"""
@numba.njit(error_model="numpy")
def run(x, y):
    for i in range(len(x)):
        y[i] = of_{name}(x[i])
""", space)
        found["ours, numba"] = space["run"]
    return found


def nanoseconds(name: str, n: int = 16384, rounds: int = 9) -> dict[str, float]:
    x, runs = np.random.default_rng(0).uniform(0.1, 3, n), contestants(name)
    out, best = np.empty(n), dict.fromkeys(runs, float("inf"))
    for _ in range(rounds + 1):
        for who, run in runs.items():
            began = time.perf_counter()
            for _ in range(8):
                run(x, out)
            best[who] = min(best[who], (time.perf_counter() - began) / (8 * n) * 1e9)
    return best


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arguments", type=int, default=1_000_000, help="per function, for the error")
    parser.add_argument("--functions", default=",".join(FUNCTIONS))
    options = parser.parse_args()
    names = options.functions.split(",")
    columns = ("ours, C", "libm", "libmvec", "ours, numba", "ours, NumPy", "NumPy")
    print(f"{'':9s}  {'ulp':>6s}  {'at':>24s}  " + "  ".join(f"{c:>11s}" for c in columns) + "   (ns per element)")
    pieces = max(os.cpu_count() or 1, 1) * 4
    with ProcessPoolExecutor() as pool:
        for name in names:
            times = nanoseconds(name)
            errors = pool.map(largest_error, [name] * pieces, [-(-options.arguments // pieces)] * pieces, range(pieces))
            worst, at = max(errors)
            print(f"{name:9s}  {worst:6.3f}  {at!r:>24s}  " + "  ".join(
                f"{times[c]:11.2f}" if c in times else f"{'–':>11s}" for c in columns), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
