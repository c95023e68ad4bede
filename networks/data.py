"""Data that networks are trained on: classic sets of scikit-learn, and tabulated physical laws.

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

    name : of the set; of inputs that are not standardised, followed by " raw".
    loss : the loss that fits its targets, of `LOSSES`; targets of "squares" are standardised too.
    train, test : (inputs (P, m), targets (P,) or (P, K)).
    """

    name: str
    loss: str
    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]

    def network(self, hidden: int | tuple[int, ...] = 8, activation: str | Callable = "tanh",
                **options: Any) -> Network:
        """A network of one hidden layer, or of several, and linear outputs on the training part; `test` is for
        `network.score`."""
        inputs, targets = self.train
        outputs = len(np.unique(targets)) if self.loss == "softmax" else 1 if targets.ndim == 1 else targets.shape[1]
        inner = hidden if isinstance(hidden, tuple) else (hidden,)
        layers = (inputs.shape[1], *inner, outputs)
        options = {"box": "fan-in", "name": f"{self.name} {'-'.join(map(str, layers))}"} | options
        return Network(layers, (*(activation for _ in inner), "linear"), self.train, loss=self.loss, **options)


def dataset(name: str, *, test: float = 0.25, seed: int = 0, raw: bool = False) -> Dataset:
    """A set of `DATASETS` by name, split at random into a training and a test part.

    test : the fraction of the points that goes into the test part.  seed : of the split.
    raw : whether the inputs keep their units, as a user who standardises nothing has them.

    Raises ValueError for an unknown name or a fraction outside (0, 1), ImportError where scikit-learn is missing.
    """
    load = DATASETS[name]
    if not 0 < test < 1:
        raise ValueError(f"test={test!r} must be a fraction in (0, 1)")
    loss, inputs, targets = load()
    order = np.random.default_rng(seed).permutation(len(inputs))
    kept, held = np.split(order, [len(order) - round(test * len(order))])
    inputs = np.asarray(inputs, dtype=float) if raw else standardised(inputs, inputs[kept])
    if loss == "squares":
        targets = standardised(targets, targets[kept])
    return Dataset(f"{name} raw" if raw else name, loss, (inputs[kept], targets[kept]), (inputs[held], targets[held]))


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


def planck_opacity(temperature, density):
    """The Planck mean opacity of hydrogen per nucleus, in m²: ∫ σ(ν) B(ν, T) dν / ∫ B(ν, T) dν.

    σ is the photoionisation of the ground state, 6.30e-22 m² (ν₁/ν)³ above its edge ν₁, and free-free absorption,
    3.692e-2 m⁵ K^½ s⁻³ nₑ T^(−½) ν⁻³ per ion (Gaunt factors 1), with stimulated emission, at Saha's ionisation.

    Parameters   temperature : T, in K.  density : n, hydrogen nuclei per m³; arrays of one shape.
    Sources      Rybicki & Lightman, Radiative Processes in Astrophysics, 5.18 and 10.56; Mihalas & Mihalas 1984.
    """
    from scipy import constants
    from scipy.integrate import trapezoid

    T, n = (np.asarray(a, dtype=float)[..., None] for a in (temperature, density))
    x = np.geomspace(1e-3, 60, 4000)  # hν/kT
    ionised, nu = saha(T, n), x * constants.k * T / constants.h
    edge = 13.598434 * constants.eV / constants.h
    bound = (1 - ionised) * np.where(nu >= edge, 6.30e-22 * (edge / nu)**3, 0.0)
    free = 3.692e-2 * ionised**2 * n / (np.sqrt(T) * nu**3)
    weight = x**3 * np.exp(-x)  # Planck's function times 1 − e^−x
    return trapezoid(weight * (bound + free) * x, np.log(x), axis=-1) * 15 / np.pi**4


def _opacity_table():
    """log₁₀ of the opacity over T from 3000 K to 100 000 K and n from 10¹⁸ to 10²⁶ per m³, 24 × 17 entries."""
    T, n = (a.ravel() for a in np.meshgrid(np.geomspace(3e3, 1e5, 24), np.geomspace(1e18, 1e26, 17), indexing="ij"))
    return "squares", np.stack([np.log(T), np.log(n)], axis=1), np.log10(planck_opacity(T, n))


def robertson(times, share):
    """What is left of A at increasing times in Robertson's stiff reaction, from a mixture of A and a share of C.

    A → B at 0.04, 2B → B + C at 3·10⁷, B + C → A + C at 10⁴.  Source: Robertson 1966.
    """
    from scipy.integrate import solve_ivp

    def slope(_, y):
        made, burnt = 0.04 * y[0] - 1e4 * y[1] * y[2], 3e7 * y[1]**2
        return [-made, made - burnt, burnt]

    def jacobian(_, y):
        return [[-0.04, 1e4 * y[2], 1e4 * y[1]], [0.04, -1e4 * y[2] - 6e7 * y[1], -1e4 * y[1]], [0, 6e7 * y[1], 0]]

    return solve_ivp(slope, (0, times[-1]), [1 - share, 0, share], "LSODA", times, jac=jacobian, rtol=1e-9,
                     atol=1e-13).y[0]


def _reaction_table():
    """What is left of A after a time t from 10⁻² to 10⁶ in a mixture that starts with a share c of C, 24 × 17 entries:
    what a flow solver would look up for each cell and time step."""
    times, shares = np.geomspace(1e-2, 1e6, 24), np.linspace(0, 0.8, 17)
    c, t = (a.ravel() for a in np.meshgrid(shares, np.log(times), indexing="ij"))
    return "squares", np.stack([t, c], axis=1), np.ravel([robertson(times, share) for share in shares])


# -------------------------------------------------------------------------------------- scikit-learn's sets
def _scikit(name: str, loss: str, first: int | None = None, made: bool = False, **options) -> Callable:
    def load():
        try:
            from sklearn import datasets
        except ImportError as error:
            raise ImportError(f"the data set {name!r} comes with scikit-learn, which is not installed: "
                              "pip install 'optiflows[examples]'; 'saha' needs nothing") from error
        if made:
            inputs, targets = getattr(datasets, f"make_{name}")(random_state=0, **options)
        else:
            inputs, targets = getattr(datasets, f"load_{name.replace('-', '_')}")(return_X_y=True, **options)
        return loss, inputs[:first], targets[:first]

    return load


DATASETS: Catalogue[Callable] = Catalogue("data set", {
    # progression of the illness from ten measurements, 442 patients
    "diabetes": _scikit("diabetes", "squares", scaled=False),
    # benign or malignant from 30 measurements, 569 tumours
    "breast-cancer": _scikit("breast-cancer", "logistic"),
    # one of three vineyards from 13 chemical measurements, 178 wines
    "wine": _scikit("wine", "softmax"),
    # one of three kinds of iris from four lengths, 150 flowers
    "iris": _scikit("iris", "softmax"),
    # a written digit from 64 grey values, 600 of the images
    "digits": _scikit("digits", "softmax", first=600),
    # weight, waist and pulse from three exercises, 20 men
    "linnerud": _scikit("linnerud", "squares"),
    # ten inputs of which five matter, with noise, 300 points (Friedman 1991)
    "friedman1": _scikit("friedman1", "squares", made=True, n_samples=300, noise=1.0),
    # the impedance and the phase of an alternating current circuit, 300 points each (Friedman 1991)
    "friedman2": _scikit("friedman2", "squares", made=True, n_samples=300, noise=0.0),
    "friedman3": _scikit("friedman3", "squares", made=True, n_samples=300, noise=0.1),
    # two half circles that reach into each other, and two circles one in the other, 300 points each, with noise
    "moons": _scikit("moons", "logistic", made=True, n_samples=300, noise=0.2),
    "circles": _scikit("circles", "logistic", made=True, n_samples=300, noise=0.1, factor=0.5),
    # the ionised fraction of hydrogen from temperature and density: a network in place of a table of a simulation
    "saha": _saha_table,
    # its opacity to thermal radiation, and a stiff reaction
    "opacity": _opacity_table,
    "reaction": _reaction_table,
})
