"""Data that networks are trained on: three classic sets of scikit-learn, and one tabulated physical law.

To add a set: a function that returns (loss, inputs, targets), in `DATASETS`.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from arithmetic import Catalogue

from .network import Network


@dataclass(frozen=True)
class Dataset:
    """Inputs and targets in two parts, standardised by the mean and the standard deviation of the training part.

    name : of the set.  loss : the loss that fits its targets, of `LOSSES`; targets of "squares" are standardised too.
    train, test : (inputs (P, m), targets (P,) or (P, K)).
    """

    name: str
    loss: str
    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]

    def network(self, hidden: int = 8, activation: str | Callable = "tanh", **options: Any) -> Network:
        """A network of one hidden layer and linear outputs on the training part; `test` is for `network.score`."""
        inputs, targets = self.train
        outputs = len(np.unique(targets)) if self.loss == "softmax" else 1 if targets.ndim == 1 else targets.shape[1]
        layers = (inputs.shape[1], hidden, outputs)
        options = {"box": "fan-in", "name": f"{self.name} {'-'.join(map(str, layers))}"} | options
        return Network(layers, (activation, "linear"), self.train, loss=self.loss, **options)


def dataset(name: str, *, test: float = 0.25, seed: int = 0) -> Dataset:
    """A set of `DATASETS` by name, split at random into a training and a test part.

    test : the fraction of the points that goes into the test part.  seed : of the split.

    Raises ValueError for an unknown name or a fraction outside (0, 1), ImportError where scikit-learn is missing.
    """
    load = DATASETS[name]
    if not 0 < test < 1:
        raise ValueError(f"test={test!r} must be a fraction in (0, 1)")
    loss, inputs, targets = load()
    order = np.random.default_rng(seed).permutation(len(inputs))
    kept, held = np.split(order, [len(order) - round(test * len(order))])
    inputs = standardised(inputs, inputs[kept])
    if loss == "squares":
        targets = standardised(targets, targets[kept])
    return Dataset(name, loss, (inputs[kept], targets[kept]), (inputs[held], targets[held]))


def standardised(x: np.ndarray, by: np.ndarray) -> np.ndarray:
    """`x` less the mean and over the standard deviation of `by`, column by column;
    constant columns are only centred."""
    spread = by.std(axis=0)
    return (x - by.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


# ------------------------------------------------------------------------------------------ a physical law
def saha(temperature, density):
    """The ionised fraction x of a hydrogen gas in thermal equilibrium.

    x²/(1 − x) = (2π mₑ k T/h²)^(3/2) e^(−χ/kT) / n, with χ = 13.598434 eV and the ground state's partition function.

    Parameters   temperature : T, in K.  density : n, hydrogen nuclei per m³.  Returns x in [0, 1].
    Sources      Saha 1920; Carroll & Ostlie, An Introduction to Modern Astrophysics, section 8.1.
    """
    from scipy import constants

    energy, ionisation = constants.k * np.asarray(temperature, dtype=float), 13.598434 * constants.eV
    s = (2 * np.pi * constants.m_e * energy / constants.h**2) ** 1.5 * np.exp(-ionisation / energy)
    with np.errstate(divide="ignore", over="ignore"):  # s underflows in the cold: x = 0
        return 2 / (1 + np.sqrt(1 + 4 * np.asarray(density, dtype=float) / s))


def _saha_table():
    """x over T from 3000 K to 30 000 K and n from 10¹⁶ to 10²⁴ per m³:
    what a plasma code would look up, 24 × 17 entries."""
    T, n = (a.ravel() for a in np.meshgrid(np.geomspace(3e3, 3e4, 24), np.geomspace(1e16, 1e24, 17), indexing="ij"))
    return "squares", np.stack([np.log(T), np.log(n)], axis=1), saha(T, n)


# -------------------------------------------------------------------------------------- scikit-learn's sets
def _scikit(name: str, loss: str, **options) -> Callable:
    def load():
        try:
            from sklearn import datasets
        except ImportError as error:
            raise ImportError(f"the data set {name!r} comes with scikit-learn, which is not installed: "
                              "pip install 'optiflows[examples]'; 'saha' needs nothing") from error
        return loss, *getattr(datasets, f"load_{name.replace('-', '_')}")(return_X_y=True, **options)

    return load


DATASETS: Catalogue[Callable] = Catalogue("data set", {
    # progression of the illness from ten measurements, 442 patients
    "diabetes": _scikit("diabetes", "squares", scaled=False),
    # benign or malignant from 30 measurements, 569 tumours
    "breast-cancer": _scikit("breast-cancer", "logistic"),
    # one of three vineyards from 13 chemical measurements, 178 wines
    "wine": _scikit("wine", "softmax"),
    # the ionised fraction of hydrogen from temperature and density: a network in place of a table of a simulation
    "saha": _saha_table,
})
