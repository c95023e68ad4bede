"""The classic algorithms as plain NumPy loops, written from the papers and torch's documentation, sharing no code."""
import numpy as np


def gd(gradient, x, n, lr):
    for _ in range(n):
        x = x - lr * gradient(x)
    return x


def momentum(gradient, x, n, lr, momentum, nesterov=False):
    buffer = np.zeros_like(x)
    for _ in range(n):
        g = gradient(x)
        buffer = momentum * buffer + g
        x = x - lr * (g + momentum * buffer if nesterov else buffer)
    return x


def nesterov(gradient, x, n, lr, momentum_):
    return momentum(gradient, x, n, lr, momentum_, nesterov=True)


def nesterov_vanishing(gradient, x, n, lr, r):
    """In the variables of the papers: x the iterates, y where the gradient is taken, which is returned."""
    y = before = x
    for k in range(1, n + 1):
        x = y - lr * gradient(y)
        before, y = x, x + (k - 1) / (k + r - 1) * (x - before)
    return y


def lion(gradient, x, n, lr, beta1, beta2, decay):
    m = np.zeros_like(x)
    for _ in range(n):
        g = gradient(x)
        x = x - lr * (np.sign(beta1 * m + (1 - beta1) * g) + decay * x)
        m = beta2 * m + (1 - beta2) * g
    return x


def qhadam(gradient, x, n, lr, beta1, beta2, nu1, nu2, eps):
    m, v = np.zeros_like(x), np.zeros_like(x)
    for t in range(1, n + 1):
        g = gradient(x)
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        average, square = m / (1 - beta1**t), v / (1 - beta2**t)
        x = x - lr * ((1 - nu1) * g + nu1 * average) / (np.sqrt((1 - nu2) * g * g + nu2 * square) + eps)
    return x


def adamax(gradient, x, n, lr, beta1, beta2, eps):
    m, u = np.zeros_like(x), np.zeros_like(x)
    for t in range(1, n + 1):
        g = gradient(x)
        m, u = beta1 * m + (1 - beta1) * g, np.maximum(beta2 * u, np.abs(g) + eps)
        x = x - lr / (1 - beta1**t) * m / u
    return x


def rmsprop(gradient, x, n, lr, alpha, eps):
    square = np.zeros_like(x)
    for _ in range(n):
        g = gradient(x)
        square = alpha * square + (1 - alpha) * g * g
        x = x - lr * g / (np.sqrt(square) + eps)
    return x


def adagrad(gradient, x, n, lr, eps, initial):
    total = np.full_like(x, initial)
    for _ in range(n):
        g = gradient(x)
        total = total + g * g
        x = x - lr * g / (np.sqrt(total) + eps)
    return x


def adam(gradient, x, n, lr, beta1, beta2, eps):
    m, v = np.zeros_like(x), np.zeros_like(x)
    for t in range(1, n + 1):
        g = gradient(x)
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        x = x - lr / (1 - beta1**t) * m / (np.sqrt(v) / np.sqrt(1 - beta2**t) + eps)
    return x


def lm(value, gradient, jacobian, x, n, damping, factor):
    """n trials of Levenberg–Marquardt with gain-free damping control."""
    for _ in range(n):
        J = jacobian(x)
        trial = x - np.linalg.solve(J.T @ J + damping * np.eye(len(x)), gradient(x))
        if value(trial) <= value(x):
            x, damping = trial, damping / factor
        else:
            damping *= factor
    return x
