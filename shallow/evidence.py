"""How much weight decay the data ask for: the evidence of a network, by the Gauss–Newton matrix."""
from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from networks import Network

LIMITS = 1e-4, 1e4  # of a prior's precision: beyond the first it says nothing, beyond the second the weight is 0
NOISE = 1e-2, 1e8  # of the precision of errors, in units of the standardised targets
DENSE = 600  # parameters up to which the matrix is factorised; above, it is known by its products with a few vectors
PROBES, KRYLOV = 2, 16  # random signs, and products with each
STRENGTHS = 0.1, 3.0, 0.03, 30.0  # of the first priors, start by start: the evidence has several maxima


@dataclass(frozen=True)
class Evidence:
    """The prior of the parameters and the noise of the data, re-estimated where the descent came to rest.

    Parameters of one group g (see `groups`) are independent and normal, of mean 0 and precision α_g; the data have the
    likelihood e^(−S F(θ)), F the network's mean loss and N the number of data (points times outputs, weights counted as
    repetitions; points alone for classes).  S = N for the logistic and the softmax likelihood, and S = βN where errors
    are normal of precision β.  What is descended is F(θ) + Σ_i λ_i θ_i²/2 with λ_i = α_g/S.  With G the Gauss–Newton
    matrix of F and B = 1 + S α^(−½) G α^(−½), the posterior is nearly normal of precision α^½ B α^½, and

        γ_g = Σ_{i in g} (1 − (B⁻¹)_ii)           how many parameters of the group the data determine
        α_g ← γ_g / |θ_g|²,   β ← (N − Σ_g γ_g) / Σ r²
        log evidence = −S F − Σ_i α_i θ_i²/2 − ½ log det B + ½ N log β + constant

    Every lane is a start, with a prior and a noise of its own.  alpha : (groups, lanes).  beta : (lanes,).
    gamma : (groups, lanes).  log : (lanes,), of the prior before this estimate.
    Sources      MacKay 1992, Bayesian interpolation (4.8–4.10), A practical Bayesian framework (groups of weights);
                 Foresee & Hagan 1997 (the Gauss–Newton matrix); Ubaru, Chen & Saad 2017 (Lanczos quadrature).
    """

    alpha: np.ndarray
    beta: np.ndarray
    gamma: np.ndarray
    log: np.ndarray

    @classmethod
    def start(cls, network: Network, group: np.ndarray, lanes: int) -> Evidence:
        """Before any data: weights of variance 1; errors of a third of the targets in the first start."""
        strength = np.resize(STRENGTHS, lanes)
        squares = network.loss == "squares"
        alpha = np.ones((group.max() + 1, lanes)) * (1.0 if squares else strength)
        return cls(alpha, 1 / strength if squares else np.ones(lanes), np.zeros_like(alpha), np.full(lanes, -np.inf))

    def rates(self, network: Network, group: np.ndarray, count: float) -> np.ndarray:
        """λ, (dim, lanes), for `count` data points."""
        return self.alpha[group] / (self.beta * count * outputs(network))

    def renewed(self, network: Network, group: np.ndarray, theta: np.ndarray, count: float) -> Evidence:
        """Re-estimated at θ, (dim, lanes), near the minima for the prior of now."""
        N, fit, alpha = count * outputs(network), network.value(theta), self.alpha[group]
        S, squares = self.beta * N, network.loss == "squares"
        gamma, sizes, logdet = np.zeros_like(self.alpha), np.zeros_like(self.alpha), np.zeros(len(fit))
        determine = factorised if network.dim <= DENSE else probed
        for lane, at in enumerate(theta.T):
            determined, logdet[lane] = determine(network, at, S[lane], alpha[:, lane])
            np.add.at(gamma[:, lane], group, determined)
        gamma = np.clip(gamma, 0, np.bincount(group)[:, None])
        np.add.at(sizes, group, theta**2)
        beta = self.beta
        if squares:  # at least a hundredth of the data are left for the noise
            beta = np.clip(np.maximum(N - gamma.sum(axis=0), 0.01 * N) / np.maximum(2 * N * fit, 1e-300), *NOISE)
        noise = N * np.log(self.beta) / 2 if squares else 0.0
        log = noise - S * fit - (alpha * theta**2).sum(axis=0) / 2 - logdet / 2
        return Evidence(np.clip(gamma / np.maximum(sizes, 1e-300), *LIMITS), beta, gamma, log)

    def take(self, lanes: np.ndarray) -> Evidence:
        """That of some lanes."""
        return Evidence(*(getattr(self, f.name)[..., lanes] for f in fields(self)))

    def put(self, lanes: np.ndarray, new: Evidence) -> Evidence:
        """With some lanes as in `new`."""
        found = [getattr(self, f.name).copy() for f in fields(self)]
        for array, f in zip(found, fields(self), strict=True):
            array[..., lanes] = getattr(new, f.name)
        return Evidence(*found)


def outputs(network: Network) -> int:
    """How many data a point is: losses of several outputs are means, that of a class is one."""
    return 1 if network.loss == "softmax" else network.layers[-1]


def layout(network: Network) -> Iterator[tuple[int, int]]:
    """(layer, input) of every parameter, in order; the input of a bias is −1."""
    for k, (m, n) in enumerate(itertools.pairwise(network.layers)):
        yield from ((k, i) for _ in range(n) for i in range(m))
        yield from ((k, -1) for _ in range(n))


def groups(network: Network, relevance: bool) -> np.ndarray:
    """The group of every parameter, (dim,).

    With `relevance`, the weights that leave each input are a group (automatic relevance determination), and the weights
    and the biases of each further layer.  Without it all weights are one, and all biases: where the outputs have no
    unit of their own, as in classifications, the evidence of layers with a precision each runs off to small first and
    large last weights, which is a linear model.
    """
    known: dict = {}
    return np.array([known.setdefault((k, i if i < 0 or k == 0 else 0) if relevance else min(i, 0), len(known))
                     for k, i in layout(network)])


def factorised(network: Network, theta: np.ndarray, S: float, alpha: np.ndarray) -> tuple[np.ndarray, float]:
    """1 − diag B⁻¹ and log det B at one θ, by Cholesky."""
    from scipy.linalg import lapack

    scale = alpha**-0.5
    B = S * network.gauss_newton(theta) * scale * scale[:, None] + np.eye(len(theta))
    root, failed = lapack.dpotrf(B, lower=True)
    if failed:
        return np.full(len(theta), np.nan), np.nan
    inverse, _ = lapack.dpotri(root, lower=True)
    return 1 - np.diag(inverse), 2 * np.log(np.diag(root)).sum()


def probed(network: Network, theta: np.ndarray, S: float, alpha: np.ndarray) -> tuple[np.ndarray, float]:
    """The same, estimated from the Krylov spaces of a few random signs: sums over groups and log det are unbiased up to
    the length of these spaces.  The probes are the same every time."""
    z = np.random.RandomState(0).choice([-1.0, 1.0], size=(len(theta), PROBES))
    scale, at = alpha[:, None] ** -0.5, np.repeat(theta[:, None], PROBES, axis=1)
    length = np.sqrt(len(theta))
    basis, diagonal, beside = [z / length], list[np.ndarray](), list[np.ndarray]()
    for k in range(KRYLOV):
        w = basis[-1] + S * scale * network.gauss_newton_product(at, scale * basis[-1])
        diagonal.append((w * basis[-1]).sum(axis=0))
        for _ in range(2):  # orthogonal to all, to rounding
            w -= sum(v * (v * w).sum(axis=0) for v in basis)
        beside.append(np.linalg.norm(w, axis=0))
        if k < KRYLOV - 1:
            basis.append(w / np.maximum(beside[-1], 1e-300))
    determined, logdet = np.zeros(len(theta)), 0.0
    for p in range(PROBES):
        off = [b[p] for b in beside[:-1]]
        values, vectors = np.linalg.eigh(np.diag([a[p] for a in diagonal]) + np.diag(off, 1) + np.diag(off, -1))
        values = np.maximum(values, 1.0)
        solved = length * np.stack([v[:, p] for v in basis], axis=1) @ (vectors @ (vectors[0] / values))
        determined += (1 - z[:, p] * solved) / PROBES
        logdet += len(theta) * float(vectors[0] ** 2 @ np.log(values)) / PROBES
    return determined, logdet
