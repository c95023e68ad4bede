r"""
How long a step may be: a proved bound, and the loss that attains it
====================================================================

**Theorem** (descent lemma).  For :math:`|\nabla^2 F| \le L`, a step of gradient descent has
:math:`F^+ - F \le -\lambda h|\nabla F|^2` for every loss of the class if :math:`h \le 2(1-\lambda)/L`, and
:math:`F = L\theta^2/2` shows that no longer one will do.

``check_step`` finds this bound for the classical algorithms from their definitions, and proves it.  Beside it: the
largest step at which V falls, measured by bisection on the quadratic.
"""
import matplotlib.pyplot as plt
import numpy as np

import lyapunov
from flows import GradientDescent, Momentum

print(lyapunov.check_step(GradientDescent))
print()
print(lyapunov.check_step(Momentum))

# %%
# The heavy ball on F = Lθ²/2: v⁺ = v − h(cv + Lθ), θ⁺ = θ + hv⁺.  V = F + v²/2 falls from every state if and only
# if the quadratic form V − V⁺ is positive semidefinite; its smallest eigenvalue changes sign at the largest step,
# which is 2c/(L + c²) in theory.
c = 0.7


def form(L, h):
    A = np.array([[1 - h * h * L, h * (1 - h * c)], [-h * L, 1 - h * c]])  # (θ, v) → (θ⁺, v⁺)
    E = np.diag([L, 1.0]) / 2
    return np.linalg.eigvalsh(E - A.T @ E @ A)[0]


curvatures = np.geomspace(0.05, 20, 40)
measured = []
for L in curvatures:
    low, high = 1e-4, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if form(L, middle) >= -1e-13 else (low, middle)
    measured.append(low)
theory = 2 * c / (curvatures + c**2)
print(f"largest relative difference to 2c/(L + c²): {np.abs(measured / theory - 1).max():.1e}")
figure, ax = plt.subplots(figsize=(7.5, 4.3), layout="constrained")
ax.loglog(curvatures, measured, "o", label="measured on Lθ²/2")
ax.loglog(curvatures, theory, label="proved, 2c/(L + c²)")
ax.set(xlabel="L", ylabel="largest step h", title=f"heavy ball, c = {c}: V = F + v²/2 falls from every state")
ax.legend()
assert np.allclose(measured, theory, rtol=1e-4)
