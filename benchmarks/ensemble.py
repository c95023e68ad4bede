"""Trajectory-steps per second of a whole study, side by side with what people use instead.

    python benchmarks/ensemble.py [--side 200] [--rounds 5] [--skip torch lsoda diffrax]

One problem, a grid of starts, every stop test at every step, labels at the end; the rows of one method run in turn in
one process, and the median of the rounds is printed with the ratio to this library.  "Useful" steps are those that a
trajectory really took before it stopped.  Peers: the hand-written C of blocks.c (built on the spot), a batched
torch.optim loop, scipy's LSODA one start after the other, diffrax (vmap, Euler, without a stop test).
"""
from __future__ import annotations

import functools
import argparse
import ctypes
import importlib.util
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import arithmetic
from arithmetic import cpus
from arithmetic.backends.c import SETS, compiler
import networks
from networks import Network
from schemes import ErrorControl, EulerRichardson, Outcome, Stop, named, pair
from flows import GradientDescent

LOSS = Network((1, 1), lambda z: z**3 + z**2 / 2 - 3 * z, ([0, 1], [0, 0]), name="cubic", box=((-4, 4), (-3, 3)))
METHODS = {
    "gd": named("gd", lr=0.004),
    "momentum": named("momentum", lr=0.002, momentum=0.9),
    "adam": named("adam", lr=0.01),
    "richardson": pair(GradientDescent(), EulerRichardson(), ErrorControl(tol=0.05)),
    "energy": named("gd-energy"),
    "momentum_energy": named("momentum-energy"),
    "cloche_gd": named("gd", lr=0.1),
}
LOSSES = {"cloche_gd": networks.get("cloche")}  # LOSS where not said
STOP = Stop(gradient=1e-6, speed=1e-3, radius=1e6, max_steps=10_000)


def starts(side: int) -> np.ndarray:
    w, b = np.meshgrid(np.linspace(-4, 4, side), np.linspace(-3, 3, side))
    return np.vstack([w.ravel(), b.ravel()])


# ------------------------------------------------------------------------------------------- this library
def ours(method: str, grid: np.ndarray, backend: str, threads: int | None = None):
    problem = METHODS[method].problem(LOSSES.get(method, LOSS), STOP)
    final, steps = problem.run(problem.start(problem.field.start(grid)), backend=backend, threads=threads)
    return problem.finish(final, steps)


# ---------------------------------------------------------------------------------------- hand-written C
class Stops(ctypes.Structure):
    _fields_ = [(name, ctypes.c_double) for name in ("gradient2", "speed2", "radius2", "h_min")] + [
        ("max_steps", ctypes.c_longlong)]


class HandWritten:
    """blocks.c: the same studies, on the same number of threads."""

    STATES = {"gd": [], "momentum": [0, 0], "adam": [0, 0, 0, 0], "richardson": [0.1, 0, 0], "energy": [1.0, 0, 0],
              "momentum_energy": [0, 0, 1.0, 0, 0], "cloche_gd": []}
    PARAMETERS = {"gd": [0.004], "momentum": [0.002, 0.9], "adam": [0.01, 0.1, 0.001, 1e-8, 0.9, 0.999],
                  "richardson": [0.05, 0.9], "energy": [0.5, 2.0, 2.0],
                  "momentum_energy": [1.0, 0.5], "cloche_gd": [0.1]}

    def __init__(self, directory: str):
        library = Path(directory) / "blocks.so"
        subprocess.run([compiler(), *SETS[0], str(Path(__file__).with_name("blocks.c")), "-o", str(library), "-lm"],
                       check=True)
        self.library, self.pool = ctypes.CDLL(str(library)), ThreadPoolExecutor(cpus())
        self.stops = Stops(STOP.gradient**2, STOP.speed**2, STOP.radius**2, STOP.h_min, STOP.max_steps)
        steps = np.arange(1, STOP.max_steps + 2)
        self.table = np.vstack([1 - 0.9**steps, 1 - 0.999**steps])

    def __call__(self, method: str, grid: np.ndarray):
        n = grid.shape[1]
        memory = self.STATES[method]
        start = np.vstack([grid, *(np.full((1, n), float(m)) for m in memory)])
        final, steps = np.empty_like(start), np.empty(n, dtype=np.int64)
        function, p = getattr(self.library, method), np.array((self.PARAMETERS[method] + 6 * [0.0])[:6])
        integer, pointer = ctypes.c_longlong, ctypes.c_void_p
        function.argtypes = [integer, integer, integer, Stops, pointer, pointer, pointer, pointer, pointer, integer]
        function.restype = None
        size = max(32, n // (16 * cpus()) // 32 * 32)
        list(self.pool.map(lambda i: function(
            i, min(i + size, n), n, self.stops, start.ctypes.data, final.ctypes.data, steps.ctypes.data, p.ctypes.data,
            self.table.ctypes.data, self.table.shape[1]), range(0, n, size)))
        with np.errstate(all="ignore"):
            w, b = final[:2]
            r2 = w * w + b * b
            bad = np.isnan(r2)
            labels = np.select([bad, ~(r2 <= STOP.radius**2), steps < STOP.max_steps],
                               [Outcome.NOT_FINITE, Outcome.DIVERGED, Outcome.CONVERGED], Outcome.STEP_LIMIT)
        return labels, steps


# ------------------------------------------------------------------------------------------------- torch
def torch_loop(method: str, grid: np.ndarray):
    """A plain batched torch.optim loop: all starts in one tensor, the stop test at every step."""
    import torch

    theta = torch.tensor(grid, requires_grad=True)
    optimizer = {"gd": lambda: torch.optim.SGD([theta], lr=0.004),
                 "adam": lambda: torch.optim.Adam([theta], lr=0.01)}[method]()
    steps = torch.full((grid.shape[1],), STOP.max_steps)
    running = torch.ones(grid.shape[1], dtype=torch.bool)
    for n in range(STOP.max_steps):
        optimizer.zero_grad()
        w, b = theta
        u = w + b
        fb, fu = b**3 + b**2 / 2 - 3 * b, u**3 + u**2 / 2 - 3 * u
        ((fb**2 + fu**2) / 4).sum().backward()
        with torch.no_grad():
            going = ((theta.grad**2).sum(0) > STOP.gradient**2) & ((theta**2).sum(0) <= STOP.radius**2)
            steps[running & ~going] = n
            running &= going
            if not running.any():
                break
        optimizer.step()
    return steps.numpy()


# ------------------------------------------------------------------------------------------------- LSODA
def lsoda(grid: np.ndarray, sample: int):
    """scipy's LSODA on the gradient flow, one start after the other; returns labels and seconds for `sample` starts."""
    from scipy.integrate import solve_ivp

    chosen = np.random.default_rng(0).choice(grid.shape[1], sample, replace=False)

    def field(t, y):
        w, b = y
        u = w + b
        gu = 0.5 * (u**3 + u**2 / 2 - 3 * u) * (3 * u**2 + u - 3)
        return [-gu, -(gu + 0.5 * (b**3 + b**2 / 2 - 3 * b) * (3 * b**2 + b - 3))]

    def at_rest(t, y):
        g = field(t, y)
        return g[0]**2 + g[1]**2 - STOP.gradient**2

    at_rest.terminal = True
    begin = time.perf_counter()
    ends = np.array([solve_ivp(field, (0, 1e4), grid[:, i], method="LSODA", rtol=1e-6, atol=1e-8,
                               events=at_rest).y[:, -1]
                     for i in chosen]).T
    return chosen, ends, time.perf_counter() - begin


# ----------------------------------------------------------------------------------------------- diffrax
def diffrax_euler(grid: np.ndarray, steps: int):
    """diffrax, vmap over starts, Euler with a fixed step and no stop test: seconds for `steps` steps of every start."""
    import diffrax
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def field(t, y, args):
        w, b = y
        u = w + b
        gu = 0.5 * (u**3 + u**2 / 2 - 3 * u) * (3 * u**2 + u - 3)
        return jnp.array([-gu, -(gu + 0.5 * (b**3 + b**2 / 2 - 3 * b) * (3 * b**2 + b - 3))])

    @jax.jit
    @jax.vmap
    def solve(y0):
        return diffrax.diffeqsolve(diffrax.ODETerm(field), diffrax.Euler(), 0.0, 0.004 * steps, 0.004, y0,
                                   saveat=diffrax.SaveAt(t1=True), max_steps=steps + 2).ys

    y0 = jnp.asarray(grid.T)
    solve(y0).block_until_ready()
    begin = time.perf_counter()
    solve(y0).block_until_ready()
    return time.perf_counter() - begin


# ------------------------------------------------------------------------------------------------ report
def timed(function, *args):
    begin = time.perf_counter()
    result = function(*args)
    return time.perf_counter() - begin, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--side", type=int, default=200, help="the grid has side × side starts (default 200)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; the median is printed (default 5)")
    parser.add_argument("--skip", nargs="*", default=[], choices=["torch", "lsoda", "diffrax", "numpy"],
                        help="peers to leave out")
    options = parser.parse_args()
    grid = starts(options.side)
    have = {name: name not in options.skip and importlib.util.find_spec(name) is not None
            for name in ("torch", "diffrax")}
    backends = [b for b in arithmetic.available() if b != "numpy"]
    print(f"{grid.shape[1]} starts of {LOSS.name} (cloche_gd: of cloche), {cpus()} cores, back ends "
          f"{', '.join(arithmetic.available())}; median of {options.rounds} rounds", flush=True)
    compiled, medians, ratios = {}, {}, {}
    with tempfile.TemporaryDirectory() as directory:
        hand = HandWritten(directory) if compiler() else None
        for method in METHODS:
            rows = {f"this library ({b})": functools.partial(ours, method, grid, b) for b in backends}
            if hand:
                rows["hand-written C"] = functools.partial(hand, method, grid)
            results = {name: row() for name, row in rows.items()}  # compile, and warm up
            total = next(iter(results.values())).steps.sum()
            times = {name: [] for name in rows}
            for _ in range(options.rounds):
                for name, row in rows.items():
                    times[name].append(timed(row)[0])
            medians[method] = {name: statistics.median(t) for name, t in times.items()}
            fastest = min((f"this library ({b})" for b in backends), key=medians[method].get, default=None)
            compiled[method] = medians[method].get(fastest)
            print(f"\n{method}: {total / 1e6:.1f} M useful steps")
            for name, seconds in medians[method].items():
                print(f"  {name:24} {seconds:8.4f} s  {total / seconds / 1e6:8.0f} M steps/s"
                      + (f"  {medians[method]['hand-written C'] / seconds:6.2f} of hand-written C" if hand else ""))
            if hand:
                pairs = zip(times["hand-written C"], times[fastest], strict=True)
                ratios[method] = statistics.median(c / o for c, o in pairs)
                labels, steps = results["hand-written C"]
                same = np.mean(labels == results[fastest].outcome)
                print(f"  labels equal to hand-written C: {same:.2%}; steps differ by at most "
                      f"{np.max(np.abs(steps - results[fastest].steps))}")
        if hand:
            print("\ncompiled / hand-written C, round by round: "
                  + ", ".join(f"{m} {r:.2f}" for m, r in ratios.items())
                  + f"; geometric mean {statistics.geometric_mean(ratios.values()):.2f}", flush=True)
    for method in ("gd", "adam"):
        seconds = {} if "numpy" in options.skip else {"this library (numpy)": timed(ours, method, grid, "numpy")[0]}
        if have["torch"]:
            seconds["torch.optim, batched"] = timed(torch_loop, method, grid)[0]
        print(f"\n{method}, the whole study, once")
        for name, value in seconds.items():
            print(f"  {name:24} {value:8.3f} s  this library (compiled) is {value / compiled[method]:8.1f} times as "
                  "fast")
        if len(seconds) == 2:
            print(f"  NumPy alone is {seconds['torch.optim, batched'] / seconds['this library (numpy)']:.2f} times as "
                  "fast as torch",
                  flush=True)
    if have["diffrax"]:
        steps = 1000
        seconds = diffrax_euler(grid, steps)
        result = ours("gd", grid, backends[0] if backends else "numpy")
        rate, ours_rate = grid.shape[1] * steps / seconds, result.steps.sum() / compiled["gd"]
        print(f"\ndiffrax Euler, vmap, no stop test: {rate / 1e6:.0f} M steps/s raw; this library, every stop test on, "
              f"is {ours_rate / rate:.1f} times as fast", flush=True)
    if "lsoda" not in options.skip:
        sample = 100
        chosen, ends, seconds = lsoda(grid, sample)
        mine = ours("richardson", grid, backends[0] if backends else "numpy")
        apart = np.linalg.norm(mine.y[:2, chosen] - ends, axis=0)
        whole = seconds / sample * grid.shape[1]
        print(f"\nLSODA, one start after the other: {seconds / sample * 1e3:.2f} ms a start, {whole:.0f} s for the "
              f"grid (from {sample}); adaptive Euler–Richardson here is {whole / compiled['richardson']:.0f} times as "
              f"fast; same minimum on {np.sum(apart < 0.05)} of {sample}")


if __name__ == "__main__":
    sys.exit(main())
