"""How much weight decay the data ask for: the evidence of a network, by the Gauss–Newton matrix."""
from __future__ import annotations

import itertools
from dataclasses import dataclass, fields

import numpy as np

from networks import Network

LIMITS = 1e-6, 1e8  # of a prior's precision, in units of the standardised data; those of the noise are its square
DENSE = 1000  # parameters up to which the matrix is factorised; above, its diagonal stands for it


@dataclass(frozen=True)
class Evidence:
    """The prior of the parameters and the noise of the data, re-estimated from where the descent came to rest.

    Parameters of one group g (the weights or the biases of a layer) are independent and normal, of mean 0 and precision
    α_g; the data have the likelihood e^(−S F(θ)), where F is the network's mean loss.  S is the number of data (points
    times outputs, weights counted as repetitions) of a likelihood that has no free parameter (logistic, softmax), and β
    times that number where the errors are normal of precision β.  Descended is F(θ) + Σ_i λ_i θ_i²/2 with λ_i = α_g/S.
    Every lane is a start, with a prior and a noise of its own.

    With H = S G + diag α, G the Gauss–Newton matrix, the posterior is approximately normal of precision H and

        γ_g = Σ_{i in g} (1 − α_g (H⁻¹)_ii)       how many parameters of the group the data determine
        α_g ← γ_g / |θ_g|²,   β ← (N − Σ_g γ_g) / Σ r²
        log evidence ≈ −S (F + Σ λ θ²/2) + ½ Σ_i log α_i − ½ log det H + ½ N log β   (up to a constant)

    alpha : (groups, lanes).  beta : (lanes,).  gamma : (groups, lanes).  log : (lanes,), of the values before.
    Sources      MacKay 1992, Bayesian interpolation (4.8–4.10), A practical Bayesian framework (groups);
                 Foresee & Hagan 1997 (Gauss–Newton matrix).
    """

    alpha: np.ndarray
    beta: np.ndarray
    gamma: np.ndarray
    log: np.ndarray

    @classmethod
    def start(cls, network: Network, lanes: int) -> Evidence:
        """Before any data: the precision of the weights is what starts are drawn with, errors have a tenth of the
        variance of the targets."""
        alpha = np.repeat(np.array(fan_in(network), dtype=float)[:, None], lanes, axis=1)
        beta = np.full(lanes, 10.0 if network.loss == "squares" else 1.0)
        return cls(alpha, beta, np.zeros_like(alpha), np.full(lanes, -np.inf))

    def rates(self, network: Network, count: float) -> np.ndarray:
        """λ, (dim, lanes), of `count` data points."""
        return self.alpha[groups(network)] / self.scale(network, count)

    def scale(self, network: Network, count: float) -> np.ndarray:
        """S, (lanes,)."""
        return self.beta * count * outputs(network)

    def renewed(self, network: Network, theta: np.ndarray, count: float) -> Evidence:
        """Re-estimated at θ, (dim, lanes), near the minima for the prior of now."""
        group, S, alpha = groups(network), self.scale(network, count), self.alpha[groups(network)]
        fit, N = network.value(theta), count * outputs(network)
        inverse, logdet = np.empty_like(theta), np.empty(theta.shape[1])
        for lane, at in enumerate(theta.T):
            inverse[:, lane], logdet[lane] = _inverted(network, at, S[lane], alpha[:, lane])
        determined = np.clip(1 - alpha * inverse, 0, 1)
        size = len(self.alpha)
        gamma, squares = np.zeros((size, len(S))), np.zeros((size, len(S)))
        np.add.at(gamma, group, determined)
        np.add.at(squares, group, theta**2)
        low, high = LIMITS
        alpha_new = np.clip(gamma / np.maximum(squares, 1e-300), low, high)
        beta = self.beta
        if network.loss == "squares":
            left = np.maximum(N - gamma.sum(axis=0), 0.01 * N)
            beta = np.clip(left / np.maximum(2 * N * fit, 1e-300), low, high**2)
        log = (-S * fit - (alpha * theta**2).sum(axis=0) / 2 + np.log(alpha).sum(axis=0) / 2 - logdet / 2
               + (N * np.log(self.beta) / 2 if network.loss == "squares" else 0))
        return Evidence(alpha_new, beta, gamma, log)

    def take(self, lanes: np.ndarray) -> Evidence:
        """That of some lanes."""
        return Evidence(*(np.take(getattr(self, f.name), lanes, axis=-1) for f in fields(self)))

    def put(self, lanes: np.ndarray, new: Evidence) -> Evidence:
        """With some lanes as in `new`."""
        found = []
        for f in fields(self):
            array = getattr(self, f.name).copy()
            array[..., lanes] = getattr(new, f.name)
            found.append(array)
        return Evidence(*found)


def outputs(network: Network) -> int:
    """How many data a point is: the losses of several outputs are means, that of classes is one."""
    return 1 if network.loss == "softmax" else network.layers[-1]


def groups(network: Network) -> np.ndarray:
    """The group of every parameter, (dim,): the weights, then the biases of each layer."""
    found = []
    for k, (m, n) in enumerate(itertools.pairwise(network.layers)):
        found += [2 * k] * (m * n) + [2 * k + 1] * n
    return np.array(found)


def fan_in(network: Network) -> list[int]:
    """For every group, how many inputs the neurons of its layer have."""
    return [m for m in network.layers[:-1] for _ in range(2)]


def _inverted(network, theta, S, alpha) -> tuple[np.ndarray, float]:
    """The diagonal of H⁻¹ and log det H at one θ."""
    from scipy.linalg import cho_factor, lapack

    H = S * network.gauss_newton(theta) + np.diag(alpha)
    root, _ = cho_factor(H, lower=True)
    inverse, _ = lapack.dpotri(root, lower=True)
    return np.diag(inverse).copy(), 2 * np.log(np.diag(root)).sum()
