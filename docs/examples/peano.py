r"""
A minimum along every line, and yet a saddle
============================================

Peano's surface :math:`F = (y - x^2)(y - 2x^2)` (Genocchi & Peano 1884): restricted to every straight line through
0, the origin is a strict minimum; along :math:`y = 3x^2/2` it is a maximum, :math:`F = -x^4/4`.  No test along
directions can find this, and the Hessian, of rank one, says nothing.  ``classify`` gives the nature with its reason.
"""
import matplotlib.pyplot as plt
import numpy as np
import sympy

import networks

x, y, r, c, s = sympy.symbols("x y r c s", real=True)
F = (y - x**2) * (y - 2 * x**2)
point = next(p for p in networks.get("peano").critical_points())
print(point.nature, point.theta)
print(point.evidence)
assert point.nature == "degenerate saddle"

# %%
# Along the line (r c, r s) and along the parabola:
along_line = sympy.factor(F.subs({x: r * c, y: r * s}))
along_parabola = sympy.expand(F.subs(y, sympy.Rational(3, 2) * x**2))
print("line:    ", along_line)
print("parabola:", along_parabola)
assert along_parabola == -x**4 / 4

# %%
side = np.linspace(-1, 1, 401)
X, Y = np.meshgrid(side, side * 1.2)
values = (Y - X**2) * (Y - 2 * X**2)
figure, ax = plt.subplots(figsize=(6, 5), layout="constrained")
ax.contourf(X, Y, np.sign(values), levels=[-2, 0, 2], colors=["#D55E00", "#cfe3f2"])
ax.contour(X, Y, np.cbrt(values), levels=12, colors="black", linewidths=0.5)
ax.plot(side, 1.5 * side**2, "k--", label="y = 3x²/2")
ax.legend()
ax.set(xlabel="x", ylabel="y", ylim=(-0.6, 1.2), title="orange: F < 0, between the parabolas")

# %%
# F > 0 on 60 of the lines, near 0:
for angle in np.linspace(0, np.pi, 60):
    t = 1e-3 * max(abs(np.sin(angle)), 1e-6)
    assert (t * np.sin(angle) - (t * np.cos(angle)) ** 2) * (t * np.sin(angle) - 2 * (t * np.cos(angle)) ** 2) > 0
