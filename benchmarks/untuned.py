"""Optimizers with nothing to tune: gradients to rest on quadratics, and whether they end where the gradient flow ends.

    python benchmarks/untuned.py [--starts N] [--seeds N]
"""
from __future__ import annotations

import argparse

import numpy as np
from scipy.optimize import minimize

import networks
from arithmetic import Table
from basins import uniform
from networks import Loss
from schemes import EulerRichardson, ErrorControl, Outcome, Stop, named, pair
from flows import GradientDescent

UNTUNED = ("secant-energy", "gd-energy", "gd-richardson", "momentum-energy", "nesterov-energy", "adam-energy")
KAPPA = (10, 100, 1000, 10_000, 100_000)
NETWORKS = ("polytwo", "polythree", "polyfour", "polyfive", "polyeight", "exptwo", "sine")
DIM, REST, TRIALS = 50, 1e-6, 100_000


def turned(kappa: float, seed: int) -> np.ndarray:
    """A matrix of log-spaced eigenvalues 1 … κ on random axes."""
    axes = np.linalg.qr(np.random.default_rng(seed).normal(size=(DIM, DIM)))[0]
    return axes @ np.diag(np.geomspace(1, kappa, DIM)) @ axes.T


def conjugate_gradients(A, theta) -> int:
    g = A @ theta
    p, n = -g, 1
    while np.linalg.norm(g) > REST:
        step = A @ p
        length = (g @ g) / (p @ step)
        theta, new = theta + length * p, g + length * step
        p, g, n = -new + (new @ new) / (g @ g) * p, new, n + 1
    return n


def lbfgs(A, theta) -> int:
    """Gradients of scipy's L-BFGS-B until |∇F| ≤ REST."""
    seen = []

    def fun(x):
        seen.append(np.linalg.norm(A @ x))
        return x @ A @ x / 2, A @ x

    minimize(fun, theta, jac=True, method="L-BFGS-B", options={"gtol": 0, "ftol": 0, "maxiter": 10**5, "maxfun": 10**5})
    return int(np.argmax(np.array(seen) <= REST)) + 1


def quadratics(seeds: int) -> Table:
    """Median gradients from a normal start to |∇F| ≤ REST, beside conjugate gradients and Chebyshev's bound."""
    rows = []
    for kappa in KAPPA:
        counts: dict[str, list] = {}
        for seed in range(seeds):
            A, theta = turned(kappa, seed), np.random.default_rng(seed).normal(size=DIM)
            loss = Loss.from_callables(DIM, lambda t, A=A: np.sum(t * (A @ t), axis=0) / 2, lambda t, A=A: A @ t)
            for name in UNTUNED:
                run = named(name).run(loss, theta, stop=Stop(gradient=REST, max_steps=TRIALS))
                counts.setdefault(name, []).append(run.gradients if run.success else np.inf)
            counts.setdefault("L-BFGS (scipy)", []).append(lbfgs(A, theta))
            counts.setdefault("conjugate gradients", []).append(conjugate_gradients(A, theta))
        root, gap = np.sqrt(kappa), np.linalg.norm(A @ theta) / REST  # of the residual, with κ(A) for its norm
        bound = np.arccosh(max(1.0, gap * np.sqrt(kappa))) / np.log((root + 1) / (root - 1))
        rows.append((f"{kappa:g}", *(f"{np.median(c):.0f}" if np.isfinite(np.median(c)) else f"> {TRIALS} trials"
                                     for c in counts.values()), f"{bound:.0f}"))
    return Table(("κ", *counts, "Chebyshev's bound"), rows)


def followed(starts: int) -> Table:
    """The share of starts that end where the exact gradient flow ends: Euler–Richardson at a tolerance of 10⁻³."""
    exact = pair(GradientDescent(), EulerRichardson(), ErrorControl(tol=1e-3))
    rows = []
    for name in NETWORKS:
        loss = networks.get(name)
        theta = uniform(loss.box, starts, 0)
        there = exact.run(loss, theta, stop=Stop(max_steps=200_000))
        sure = there.outcome == Outcome.CONVERGED
        shares = []
        for optimizer in UNTUNED:
            run = named(optimizer).run(loss, theta, stop=Stop(max_steps=10_000))
            near = np.max(np.abs(run.theta - there.theta), axis=0) < 0.05
            shares.append(f"{np.mean((near & (run.outcome == Outcome.CONVERGED))[sure]):.3f}")
        rows.append((name, f"{sure.mean():.2f}", *shares))
    return Table(("network", "flow at rest", *UNTUNED), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    print(quadratics(options.seeds), followed(options.starts), sep="\n\n")


if __name__ == "__main__":
    main()
