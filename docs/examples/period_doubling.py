r"""
Period doubling of gradient descent, where its multiplier passes −1
===================================================================

**Theorem.**  One step of gradient descent, :math:`\theta^+ = \theta - \eta\,F'(\theta)`, has the multiplier
:math:`1 - \eta F''(\theta^*)` at a minimum: it is stable for :math:`\eta < 2/F''(\theta^*)` and is lost through −1.
For :math:`F = (\theta^2 - 1)^2/4`, :math:`F''(\pm 1) = 2`, so at :math:`\eta = 1`.  The orbit of period two that
is born there can be written down: with :math:`p = ab` and :math:`s = a + b`,
:math:`p = 1/\eta` and :math:`s^2 = 1 + 3/\eta`; its multiplier is :math:`7 - 4\eta - 2\eta^2`, and passes −1 at
:math:`\eta = \sqrt 5 - 1`, where the next doubling happens.
"""
import matplotlib.pyplot as plt
import numpy as np
import sympy

import lyapunov
import networks
import schemes

theta = sympy.Symbol("theta", real=True)
loss = networks.Loss.from_expression((theta**2 - 1) ** 2 / 4, (theta,), name="two wells")
minimum = next(p for p in loss.critical_points() if p.theta == (1,))
multipliers = lyapunov.multipliers(schemes.named("gd", lr=0.9), minimum)
print(multipliers)
print(lyapunov.multipliers(schemes.named("gd"), symbolic=True))
assert multipliers.stable and lyapunov.multipliers(schemes.named("gd", lr=1.1), minimum).stable is False

# %%
# The orbit in closed form, checked by sympy: b is the step of a, a is the step of b, and the multiplier is the product
# of the derivatives.
eta = sympy.Symbol("eta", positive=True)
p, s = 1 / eta, sympy.sqrt(1 + 3 / eta)
a, b = (s - sympy.sqrt(s**2 - 4 * p)) / 2, (s + sympy.sqrt(s**2 - 4 * p)) / 2


def step(z, rate=eta):
    return z - rate * (z**3 - z)


slope = sympy.prod(1 - eta * (3 * z**2 - 1) for z in (a, b))
print("b − step(a) =", sympy.simplify(b - step(a)), "  multiplier", sympy.factor(sympy.simplify(slope)))
assert sympy.simplify(b - step(a)) == 0 and sympy.simplify(a - step(b)) == 0
assert sympy.simplify(slope - (7 - 4 * eta - 2 * eta**2)) == 0
assert sympy.solve(sympy.Eq(7 - 4 * eta - 2 * eta**2, -1), eta) == [sympy.sqrt(5) - 1]

# %%
# The measured diagram: 200 iterates after 3000, for each of 900 rates at once, and theory on top of it.
rates = np.linspace(0.8, 1.4, 900)
z, seen = np.full(rates.size, 0.9), []
for k in range(3200):
    z = step(z, rates)
    if k >= 3000:
        seen.append(z)
seen = np.array(seen)
figure, ax = plt.subplots(figsize=(9, 4.5), layout="constrained")
ax.plot(np.broadcast_to(rates, seen.shape), seen, ",", color="#0072B2", alpha=0.4)
between = rates[(rates > 1) & (rates < np.sqrt(5) - 1)]
for orbit in (a, b):
    ax.plot(between, sympy.lambdify(eta, orbit)(between), color="#D55E00", linewidth=1.2)
for line, text in ((1, "η = 2/F'' = 1"), (np.sqrt(5) - 1, "√5 − 1")):
    ax.axvline(line, color="black", linewidth=0.7, linestyle="--")
    ax.text(line, 0.45, " " + text)
ax.set(xlabel="η", ylabel="θ", title="(θ² − 1)²/4: iterates, and the orbit of period two in closed form")
inside = (rates > 1.01) & (rates < np.sqrt(5) - 1.01)
assert np.allclose(seen.max(axis=0)[inside], sympy.lambdify(eta, b)(rates[inside]), atol=1e-6)
assert np.ptp(seen[:, rates < 0.99], axis=0).max() < 1e-6
assert all(len(np.unique(seen[:, np.argmin(abs(rates - r))].round(6))) == n for r, n in ((0.9, 1), (1.1, 2), (1.26, 4)))
