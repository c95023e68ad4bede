"""Losses and networks: derivatives, readings, bad input."""
from fractions import Fraction

import numpy as np
import pytest
import sympy

from arithmetic import Vector
from networks import ACTIVATIONS, Loss, Network, catalogue, get


@pytest.mark.parametrize("name", catalogue())
def test_derivatives_against_differences_and_symbols(name):
    loss = get(name)
    theta = np.random.default_rng(3).uniform(-0.9, 1.1, (loss.dim, 4))
    g, H = loss.gradient(theta), loss.hessian(theta)
    assert g.shape == (loss.dim, 4) and H.shape == (loss.dim, loss.dim, 4)
    for i, (direction, symbol) in enumerate(zip(np.eye(loss.dim), loss.symbols, strict=True)):
        h = 1e-6 * direction[:, None]
        scale = 1 + np.abs(H[i]).max()
        assert g[i] == pytest.approx((loss.value(theta + h) - loss.value(theta - h)) / 2e-6, abs=1e-6 * scale)
        assert H[i] == pytest.approx((loss.gradient(theta + h) - loss.gradient(theta - h)) / 2e-6, abs=1e-5 * scale)
        derivative = sympy.lambdify([loss.symbols], loss.expression.diff(symbol), "numpy")
        assert g[i] == pytest.approx(derivative(theta), rel=1e-10, abs=1e-10 * scale)


@pytest.mark.parametrize("name", [name for name in catalogue() if get(name).residual_expressions is not None])
def test_residuals(name):
    loss = get(name)
    theta = np.random.default_rng(4).uniform(-1, 1, (loss.dim, 3))
    r, J = loss.residual(theta), loss.jacobian(theta)
    assert np.sum(r**2, axis=0) / 2 == pytest.approx(loss.value(theta))
    assert np.einsum("pil,pl->il", J, r) == pytest.approx(loss.gradient(theta), rel=1e-12, abs=1e-12)
    assert np.einsum("pil,pjl->ijl", J, J) == pytest.approx(loss.gauss_newton(theta))


def test_a_column_is_a_point():
    loss = get("polytwo")
    theta = np.array([[0.5, 2.0, -1.0], [0.1, 0.2, 0.3]])
    for k in range(3):
        assert loss.value(theta[:, k]) == loss.value(theta)[k]
        assert (loss.gradient(theta[:, k]) == loss.gradient(theta)[:, k]).all()
    with pytest.raises(ValueError, match="a column is a point"):
        loss.value(theta.T)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_feed_forward_by_matrices(activation):
    rng = np.random.default_rng(5)
    phi = {"linear": lambda z: z, "tanh": np.tanh, "sin": np.sin, "softplus": lambda z: np.log1p(np.exp(z)),
           "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation]
    X, Y = rng.normal(size=(5, 2)), rng.normal(size=(5, 1))
    network = Network((2, 3, 1), (activation, "linear"), (X, Y))
    theta = rng.normal(size=network.dim)
    assert network.dim == 13
    W, b, V, c = theta[:6].reshape(3, 2), theta[6:9], theta[9:12].reshape(1, 3), theta[12:]
    output = phi(X @ W.T + b) @ V.T + c
    assert network.value(theta) == pytest.approx(np.sum((output - Y) ** 2) / 10)


def test_exact_data_stay_exact():
    network = Network((1, 1), "linear", ([Fraction(1, 3)], [Fraction(1, 7)]))
    assert network.expression.equals(sympy.sympify("(w/3 + b - Rational(1,7))**2/2", locals={
        "w": network.symbols[0], "b": network.symbols[1], "Rational": sympy.Rational}))


def test_from_expression_on_all_readings():
    x, y = sympy.symbols("x y", real=True)
    f = sympy.exp(-x) * y**2 + sympy.sqrt(1 + x**2) - sympy.tanh(y) / 3 + sympy.Abs(y) + sympy.log(2 + sympy.cos(x))
    loss = Loss.from_expression(f, (x, y))
    theta = np.array([[0.3, -1.2], [0.7, 0.4]])
    assert loss.value(theta) == pytest.approx(sympy.lambdify([(x, y)], f, "numpy")(theta))
    a, b = sympy.symbols("a b", real=True)
    assert sympy.simplify(loss.value(Vector([a, b])) - f.subs({x: a, y: b})) == 0


def test_bad_input_is_named():
    x, y = sympy.symbols("x y", real=True)
    with pytest.raises(ValueError, match="free symbols"):
        Loss.from_expression(x * y, (x,))
    with pytest.raises(TypeError, match="no arithmetic"):
        Loss.from_expression(sympy.gamma(x), (x,)).value([1.0])
    with pytest.raises(ValueError, match="layers"):
        Network((1,), "tanh", ([0], [0]))
    with pytest.raises(ValueError, match="no activation is named 'tahn'; did you mean tanh"):
        Network((1, 1), "tahn", ([0], [0]))
    with pytest.raises(ValueError, match="data is empty"):
        Network((1, 1), "tanh", ([], []))
    with pytest.raises(ValueError, match="target"):
        Network((1, 1), "tanh", ([1], [[1, 2]]))
    with pytest.raises(ValueError, match="box"):
        Network((1, 1), "tanh", ([1], [1]), box=((1, 0), (0, 1)))
    with pytest.raises(TypeError, match="not a sum of squares"):
        Loss.from_expression(x**2 + y, (x, y)).residual([0.0, 0.0])
