"""Regenerates docs/schemes.md and docs/figures/work-precision.png: what the schemes do, measured.

python docs/scheme_tables.py [--starts N]
"""
from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.integrate import solve_ivp

import networks
import schemes
from arithmetic import Table, cpus
from basins import uniform, wilson
from flows import GradientDescent, Momentum
from schemes import (
    SCHEMES, CombinedControl, EulerRichardson, ItohAbe, Outcome, Problem, Scheme, Stop, pair, stability_function,
)

HERE = Path(__file__).parent
STARTS, SEED, STOP = 200, 0, Stop(max_steps=10_000)
FAR = (-50.0, 50.0)  # a box far larger than the networks' own
RATES = tuple(10.0 ** (k / 2) for k in range(-6, 1))  # the grid of learning rates of the classic optimizers
CLASSIC = ("gd", "momentum", "adam")
CORRECTED = ("secant-energy", "gd-richardson", "gd-energy", "gd-combined", "momentum-energy", "rmsprop-energy",
             "adam-energy")
EXPLICIT = [s for s in SCHEMES if not (s.implicit or s.linearly_implicit)]


# ------------------------------------------------------------------------------------------------ order, work
def problem_of(scheme: type[Scheme]):
    """The field, start and reference end at t = 1 on which a scheme is measured:
    momentum on polytwo, where it applies."""
    flow = GradientDescent() if scheme.gradient_flows_only else Momentum(c=0.7)
    field = flow.on(networks.get("polytwo"))
    y0 = field.start([0.8, 0.3])
    y0[2:] = 0.5
    return field, y0, solve_ivp(field, (0, 1), y0, method="DOP853", rtol=1e-13, atol=1e-14).y[:, -1]


def made(scheme: type[Scheme]) -> Scheme:
    """An instance; those by Newton's method with as many iterations as small steps need (`ItohAbe` brackets first)."""
    return scheme(iterations=8) if scheme.implicit and scheme is not ItohAbe else scheme()


def error(scheme: type[Scheme], n: int) -> float:
    """The error at t = 1 after n steps."""
    field, y, reference = problem_of(scheme)
    for k in range(n):
        y = made(scheme).step(field, k / n, y, 1 / n)[0]
    return float(np.abs(y - reference).max())


def gradients_per_step(scheme: type[Scheme]) -> int:
    field, y, _ = problem_of(scheme)
    problem = Problem(field, made(scheme), 0.01, Stop(gradient=0, speed=0))
    ends = [problem.finish(*problem.run(problem.start(y[:, None]), max_steps=n)) for n in (1, 2)]
    return int(ends[1].gradients[0] - ends[0].gradients[0])


def real_interval(scheme: type[Scheme]) -> float:
    """The largest β with |R(z)| ≤ 1 on [−β, 0]; infinite for the implicit ones that are stable everywhere."""
    import sympy

    R = sympy.lambdify(sympy.Symbol("z"), stability_function(scheme()).evalf(30), "math")
    z = np.concatenate([np.linspace(1e-3, 100, 100_000), np.geomspace(100, 1e9, 200)])
    unstable = np.flatnonzero([abs(R(-x)) > 1 + 1e-9 for x in z])
    return float(z[unstable[0] - 1]) if len(unstable) else np.inf


def orders() -> Table:
    rows = []
    for scheme in SCHEMES:
        errors = [error(scheme, n) for n in (40, 80)]
        interval = real_interval(scheme)
        rows.append((scheme.__name__, str(scheme.order), f"{np.log2(errors[0] / errors[1]):.2f}", f"{errors[1]:.1e}",
                     gradients_per_step(scheme), "∞" if np.isinf(interval) else f"{interval:.2f}",
                     "–" if scheme.error_order is None else str(scheme.error_order)))
    return Table(("scheme", "order", "measured", "error, h = 1/80", "gradients per step", "stable to −hλ",
                  "embedded order"),
                 rows)


def work_precision():
    """Error at t = 1 against the gradients used, with fixed steps, both axes logarithmic."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(9, 5.4))
    axes = drawing.add_axes((0.09, 0.11, 0.6, 0.8))
    steps = (5, 10, 20, 40, 80, 160)
    markers = "os^vD<>pP*XhdH"
    for k, scheme in enumerate(EXPLICIT):
        cost = gradients_per_step(scheme)
        axes.loglog([cost * n for n in steps], [max(error(scheme, n), 1e-15) for n in steps], markersize=5,
                    marker=markers[k % len(markers)], linewidth=1.2, color=f"C{k % 10}",
                    linestyle="-" if k < 10 else "--", label=f"{scheme.__name__} ({scheme.order})")
    axes.set_xlabel("gradients")
    axes.set_ylabel("error of the state at t = 1")
    axes.set_title("Heavy ball on polytwo, fixed steps (order in brackets)")
    axes.grid(which="both", alpha=0.2)
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), fontsize=9, frameon=False)
    return drawing


# ------------------------------------------------------------------------------------------------ no tuning
def corrected(name: str):
    if name == "gd-combined":
        return pair(GradientDescent(), EulerRichardson(), CombinedControl(), name)
    return schemes.named(name)


class Ends(NamedTuple):
    """How the starts of one box ended: numbers of starts, and the median of the gradients of those that converged."""

    converged: int
    diverged: int
    outside: int  # starts at which the loss or its gradient is too large for a number
    gradients: float


def measured(loss, optimizer, n: int) -> tuple[Ends, Ends]:
    """From the loss's box and from the far one."""
    problem, results = optimizer.problem(loss, STOP), []
    for box in (loss.box, (FAR,) * loss.dim):
        x = uniform(box, n, SEED)
        with np.errstate(all="ignore"):
            outside = ~np.isfinite(loss.value(x) + (loss.gradient(x) ** 2).sum(axis=0))
        end = problem.finish(*problem.run(problem.start(problem.field.start(x)), threads=1))
        done = end.outcome == Outcome.CONVERGED
        lost = np.isin(end.outcome, (Outcome.DIVERGED, Outcome.NOT_FINITE)) & ~outside
        results.append(Ends(int(done.sum()), int(lost.sum()), int(outside.sum()),
                            float(np.median(end.gradients[done])) if done.any() else np.inf))
    return tuple(results)


def no_tuning(n: int, names=None) -> tuple[Table, Table]:
    """Per network, and in sum: the corrected optimizers as they are, the classic ones at the best rate of the grid for
    each
    network, that with which most starts of its box come to rest, with fewest gradients."""
    nets = [networks.get(name) for name in names or networks.studied()]
    rates = {**dict.fromkeys(CORRECTED, (None,)), **dict.fromkeys(CLASSIC, RATES)}
    jobs = [(loss, name, rate) for loss in nets for name in rates for rate in rates[name]]

    def run(job):
        loss, name, rate = job
        return measured(loss, corrected(name) if rate is None else schemes.named(name, lr=rate), n)

    with ThreadPoolExecutor(cpus()) as pool:  # one compiles while another runs
        results = dict(zip(jobs, pool.map(run, jobs), strict=True))
    rows, sums = [], {name: [] for name in rates}
    for loss in nets:
        for name in rates:
            found = {rate: results[loss, name, rate] for rate in rates[name]}
            rate = min(found, key=lambda r: (-found[r][0].converged, found[r][0].gradients))
            near, far = found[rate]
            sums[name].append((*near[:3], *far[:3]))
            rows.append((loss.name, name if rate is None else f"{name}, lr = {rate:.2g}",
                         f"{100 * near.converged / n:.1f}",
                         near.diverged, _number(near.gradients), f"{100 * far.converged / n:.1f}", far.diverged,
                         _number(far.gradients)))
    columns = ("converged %", "diverged", "gradients", "far: converged %", "far: diverged", "far: gradients")
    summary = []
    for name, counts in sums.items():
        c, d, out, far_c, far_d, far_out = np.sum(counts, axis=0)
        total = len(nets) * n
        summary.append((name + (", best lr" if name in CLASSIC else ""), _share(c, total - out), int(d),
                        _share(far_c, total - far_out), int(far_d)))
    return (Table(("network", "optimizer", *columns), rows),
            Table(("optimizer", "converged %", "diverged", "far: converged %", "far: diverged"), summary))


def _share(count: int, n: int) -> str:
    low, high = wilson(int(count), int(n))
    return f"{100 * count / n:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _number(x: float) -> str:
    return "–" if np.isinf(x) else f"{x:.0f}"


def page(order: Table, table: Table, summary: Table, n: int) -> str:
    return f"""# Schemes

Regenerate this page with `python docs/scheme_tables.py`, the picture of stiff problems with
`python docs/examples/stiffness.py docs/figures/stiffness.png`.

## Orders

Each scheme on the heavy ball (c = 0.7) on `polytwo` from θ = (0.8, 0.3), v = (0.5, 0.5), to t = 1 (`Gonzalez` and `ItohAbe`,
which are for gradient flows, on gradient descent): the slope of the error between h = 1/40 and h = 1/80, against a solution
to 1e-13.  The last columns are read off the scheme itself: distinct gradients per step after the first, and the real
interval of the stability function, found by running the scheme on y' = λy in symbols.  A gradient that a step takes at its
end and the next one begins with is counted once.  The implicit schemes take 8 Newton iterations here, as small steps need;
`ItohAbe` counts every trial point of its scalar equations.  `RKC1` and `RKC2` have 5 stages.

{order.markdown()}
![Error against gradients](figures/work-precision.png)

## Nothing to tune

{n} starts on each of {len(networks.studied())} benchmark networks, uniform in the network's box (seed {SEED}), and
again, "far", uniform in [{FAR[0]:g}, {FAR[1]:g}] per coordinate; at rest when |∇F| ≤ {STOP.gradient:g}, at most
{STOP.max_steps} trials.
The corrected optimizers run as they are.  The classic ones run, on each network, at the best learning rate of the grid
{", ".join(f"{r:.2g}" for r in RATES)} for the starts of its box, and at that rate from far: what tuning buys, and what it
does not.  `gd-combined` is Euler–Richardson under error and energy control together.  Diverged counts starts that left the
ball of radius {STOP.radius:g} or ended in no number; a start that neither converged nor diverged used its trials up, or
stalled.
The few starts at which the loss or its gradient is too large for a number are left out of the summary: exponential
networks, far away.  In per cent with 95 % Wilson intervals; gradients are medians of the starts that converged.

{summary.markdown()}
## By network

{table.markdown()}
## Stiffness

![Gradients against the condition number](figures/stiffness.png)

Gradients to 1e-6 on quadratics, by `docs/examples/stiffness.py`: adaptive explicit schemes follow the stability limit and
need ~ κ; the heavy ball with the optimal friction and stabilised schemes with matched damping need ~ √κ, close to the
Chebyshev bound; conjugate gradients use the spectrum and need fewer.
"""  # noqa: E501 - lines of the page


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python docs/scheme_tables.py",
                                     description="Regenerates docs/schemes.md and its figure.")
    parser.add_argument("--starts", type=int, default=STARTS, help=f"starts per network (default {STARTS})")
    options = parser.parse_args(arguments)
    if options.starts < 1:
        parser.error(f"--starts {options.starts} must be at least 1")
    order = orders()
    (HERE / "figures").mkdir(exist_ok=True)
    work_precision().savefig(HERE / "figures" / "work-precision.png", dpi=110)
    (HERE / "schemes.md").write_text(page(order, *no_tuning(options.starts), options.starts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
