"""
Stiffness: gradients against the condition number
=================================================

How many gradients it takes to bring \\|∇F\\| down to 1e-6 of its start, on quadratics of condition number κ = 10 … 10⁴.

F = ½ Σ λ_i θ_i², 50 eigenvalues spaced evenly in log λ over [1, κ], from θ = (1, …, 1).  Plain gradient descent needs
~ κ gradients.  A polynomial method of any kind needs at least arccosh(10⁶)/arccosh((κ + 1)/(κ − 1)) ~ √κ in the worst
case (the Chebyshev bound, Nemirovski & Yudin 1983); Polyak's heavy ball with the optimal friction, and stabilised
Runge–Kutta methods whose damping is matched to κ, come within a small factor of it, and conjugate gradients, which see
the spectrum, below it.

All methods up to κ = 10⁴ take minutes: ``python docs/examples/stiffness.py docs/figures/stiffness.png`` draws the
stored picture.  At the build the methods without step control run up to κ = 1000.
"""
import math
import sys

import numpy as np

from arithmetic import total
from flows import GradientDescent, Momentum
from networks import Loss
from schemes import (
    RKC1, RKC2, DormandPrince, EnergyControl, ErrorControl, Euler, EulerRichardson, RungeKutta4, SequentialEuler, Stop,
    integrate,
)

DIM, REDUCTION = 50, 1e-6
KAPPAS = (10, 100, 1000, 10_000)


def quadratic(kappa: float, spacing: str = "log", recorded: bool = False) -> tuple[Loss, np.ndarray]:
    """The loss and its eigenvalues; recorded where it is to be compiled, else numeric only."""
    eigenvalues = np.geomspace(1, kappa, DIM) if spacing == "log" else np.linspace(1, kappa, DIM)
    if recorded:
        return Loss(lambda x: total(np.array(eigenvalues, dtype=object) * x**2) / 2, DIM), eigenvalues
    column = eigenvalues[:, None]
    return Loss.from_callables(DIM, lambda x: eigenvalues @ x**2 / 2,
                               lambda x: (column * x.reshape(DIM, -1)).reshape(x.shape)), eigenvalues


def gradients(flow, scheme, step, kappa: float, spacing: str = "log") -> float:
    """Gradient evaluations until |∇F| ≤ 1e-6 |∇F(θ₀)|; NaN where 200 000 steps do not reach it."""
    short = isinstance(scheme, (Euler, EulerRichardson))  # many stages take longer to compile than to run
    loss, eigenvalues = quadratic(kappa, spacing, recorded=short)
    stop = Stop(gradient=REDUCTION * float(np.linalg.norm(eigenvalues)), speed=math.inf, max_steps=200_000)
    run = integrate(flow.on(loss), np.ones(DIM), scheme, step, stop)
    return float(run.gradients) if run.success else math.nan


def conjugate_gradients(kappa: float, spacing: str = "log") -> int:
    """Gradients (products with the Hessian) that Hestenes and Stiefel's method takes, the first residual included."""
    _, eigenvalues = quadratic(kappa, spacing)
    x, n = np.ones(DIM), 1
    r = -eigenvalues * x
    p, target = r.copy(), REDUCTION * np.linalg.norm(r)
    while np.linalg.norm(r) > target:
        alpha = (r @ r) / (p @ (eigenvalues * p))
        x, following = x + alpha * p, r - alpha * eigenvalues * p
        p, r, n = following + (following @ following) / (r @ r) * p, following, n + 1
    return n


def chebyshev_bound(kappa: float) -> float:
    """Fewest gradients with which a polynomial method contracts every error on [1, κ] by the wanted factor."""
    return math.acosh(1 / REDUCTION) / math.acosh((kappa + 1) / (kappa - 1))


def matched(kappa: float) -> RKC1:
    """Order 1 with the damping at which [1, κ] is mapped to the Chebyshev interval, w₀ = (κ + 1)/(κ − 1), and the
    stages
    with which a step contracts by about the square root of the wanted factor: two steps."""
    w0 = (kappa + 1) / (kappa - 1)
    stages = max(1, math.ceil(math.acosh(math.sqrt(4 / REDUCTION)) / math.acosh(w0)))
    return RKC1(stages, damping=(w0 - 1) * stages**2)


def polyak(kappa: float) -> tuple[Momentum, float]:
    """The heavy ball with lr = 4/(√κ + 1)², β = ((√κ − 1)/(√κ + 1))²; h = √lr, c = (1 − β)/h."""
    h = 2 / (math.sqrt(kappa) + 1)
    beta = ((math.sqrt(kappa) - 1) / (math.sqrt(kappa) + 1)) ** 2
    return Momentum(c=(1 - beta) / h), h


def best_stages(scheme, kappa: float) -> float:
    """Fewest gradients over the number of stages, h at the end of the stability interval."""
    counts = [gradients(GradientDescent(), scheme(s), 0.999 * scheme(s).interval / kappa, kappa)
              for s in (2, 3, 4, 6, 9, 14)]
    return float(np.nanmin(counts))


def methods(kappa: float) -> dict[str, float]:
    """Gradients by method."""
    gd, ball, w1 = GradientDescent(), polyak(kappa), matched(kappa)
    return {
        "Euler, h = 2/(1 + κ)": gradients(gd, Euler(), 2 / (1 + kappa), kappa),
        "Runge–Kutta 4, h = 2.5/κ": gradients(gd, RungeKutta4(), 2.5 / kappa, kappa),
        "Euler, energy control": gradients(gd, Euler(), EnergyControl(), kappa),
        "Euler–Richardson, error control": gradients(gd, EulerRichardson(), ErrorControl(), kappa),
        "Dormand–Prince, error control": gradients(gd, DormandPrince(), ErrorControl(), kappa),
        "RKC of order 2, best s": best_stages(RKC2, kappa),
        "RKC of order 1, damping 0.05, best s": best_stages(RKC1, kappa),
        "heavy ball, c = 1, energy control": gradients(Momentum(c=1.0), SequentialEuler(), EnergyControl(h_max=1.0),
                                                       kappa),
        "heavy ball, Polyak's optimum": gradients(ball[0], SequentialEuler(), ball[1], kappa),
        "RKC of order 1, damping matched to κ": gradients(gd, w1, w1.interval / (1 + kappa), kappa),
        "conjugate gradients": conjugate_gradients(kappa),
    }


def figure(counts: dict[int, dict[str, float]]):
    """Gradients against κ, both axes logarithmic."""
    from matplotlib.figure import Figure

    axes = (drawing := Figure(figsize=(9.2, 5.4))).add_axes((0.08, 0.11, 0.55, 0.8))
    kappas = list(counts)
    names = sorted(counts[kappas[-1]], key=lambda name: -np.nan_to_num(counts[kappas[-1]][name], nan=1e9))
    markers = "os^vD<>pP*Xhd"
    for k, name in enumerate(names):
        axes.loglog(kappas, [counts[kappa][name] for kappa in kappas], marker=markers[k % len(markers)], markersize=5,
                    linewidth=1.3, color=f"C{k % 10}", linestyle="-" if k < 10 else "--", label=name)
    axes.loglog(kappas, [chebyshev_bound(kappa) for kappa in kappas], "k:", label="Chebyshev bound")
    axes.set_xlabel("condition number κ")
    axes.set_ylabel("gradients to |∇F| = 1e-6 |∇F(θ₀)|")
    axes.set_title(f"Stiff quadratics, {DIM} eigenvalues in [1, κ]")
    axes.grid(which="both", alpha=0.25)
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), fontsize=9, frameon=False)
    return drawing


def quick(kappa: float) -> dict[str, float]:
    """The methods that take no search and no long compilation."""
    ball, w1 = polyak(kappa), matched(kappa)
    return {"Euler, h = 2/(1 + κ)": gradients(GradientDescent(), Euler(), 2 / (1 + kappa), kappa),
            "heavy ball, Polyak's optimum": gradients(ball[0], SequentialEuler(), ball[1], kappa),
            "RKC of order 1, damping matched to κ": gradients(GradientDescent(), w1, w1.interval / (1 + kappa), kappa),
            "conjugate gradients": conjugate_gradients(kappa)}


if __name__ == "__main__":
    stored = len(sys.argv) > 1
    counts = {kappa: (methods if stored else quick)(kappa) for kappa in (KAPPAS if stored else (10, 100, 1000))}
    picture = figure(counts)
    if stored:
        picture.savefig(sys.argv[1], dpi=110)
    for name in counts[10]:
        print(f"{name:40}", *(f"{row[name]:8.0f}" for row in counts.values()))
    print(f"{'Chebyshev bound':40}", *(f"{chebyshev_bound(kappa):8.0f}" for kappa in counts))
    for kappa, row in counts.items():
        assert row["RKC of order 1, damping matched to κ"] < 1.3 * chebyshev_bound(kappa) < row["Euler, h = 2/(1 + κ)"]
