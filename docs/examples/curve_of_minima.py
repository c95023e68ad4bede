r"""
A curve of minima, and where on it the flow ends
================================================

Two linear layers, :math:`F = (w_2 w_1 - 1)^2/2`: the minima are a hyperbola, the origin is a strict saddle.

**Theorem** (balancedness; Saxe, McClelland & Ganguli 2014).  :math:`w_1^2 - w_2^2` does not change along the
gradient flow, since :math:`w_1 w_1' = w_2 w_2'`.  So the point of the hyperbola that a start reaches is known in
advance: for :math:`w_1 + w_2 > 0`, which keeps its sign, the intersection of the positive branch with its own
hyperbola :math:`w_1^2 - w_2^2 = c`.
"""
import matplotlib.pyplot as plt
import numpy as np
from scipy.integrate import solve_ivp

import networks
from flows import GradientDescent

loss = networks.get("linear-two")
atlas = loss.critical_points()
for point in atlas:
    print(point.nature, point.theta, point.evidence)
assert {str(p.nature) for p in atlas} == {"non-strict minimum", "saddle"} and atlas.complete


def predicted(start):
    """The point of w₁w₂ = 1 with the same w₁² − w₂², both positive: u = w₁² solves u² − c u − 1 = 0."""
    c = start[0] ** 2 - start[1] ** 2
    u = (c + np.sqrt(c**2 + 4)) / 2
    return np.array([np.sqrt(u), 1 / np.sqrt(u)])


starts = np.array([[0.1, 0.3], [2.0, 0.1], [0.3, 2.2], [1.8, 1.9], [-0.4, 1.2], [1.5, -0.6]]).T
field = GradientDescent().on(loss)
figure, ax = plt.subplots(figsize=(6.2, 5.4), layout="constrained")
w = np.linspace(0.3, 3, 300)
ax.plot(w, 1 / w, color="black", linewidth=2, label="minima, w₁w₂ = 1")
for start in starts.T:
    run = solve_ivp(field, (0, 40), start, method="DOP853", rtol=1e-10, atol=1e-12)
    end, there = run.y[:, -1], predicted(start)
    print(f"{start} → {end}, predicted {there}, apart {np.abs(end - there).max():.1e}")
    assert np.abs(end - there).max() < 1e-6
    ax.plot(*run.y, color="#0072B2", linewidth=1)
    ax.plot(*there, "o", color="#D55E00", markersize=6)
ax.set(xlabel="w₁", ylabel="w₂", title="ends (orange: predicted)")
ax.legend()
