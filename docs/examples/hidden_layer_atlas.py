"""
All critical points of a network with a hidden layer
====================================================

XOR by a 2-2-1 tanh network without biases, with weight decay 1/25.  F is coercive, so all of its critical points
lie in a box; the output layer is eliminated, as it is a linear least-squares problem; and intervals prove of 1.2
million boxes that each holds no critical point or one that is listed: 17 points, known to be all there are.

Morse theory checks the list from outside: of a coercive F whose critical points are all non-degenerate,
Σ (−1)^index over them is the Euler characteristic of Rⁿ, which is 1.
"""
import matplotlib.pyplot as plt
import numpy as np

import networks

loss = networks.get("xor")
atlas = loss.critical_points()
print(*atlas.summary(), sep="\n")

# %%
rows = {}
for point in atlas:
    eigenvalues = np.linalg.eigvalsh(loss.hessian(point.numeric))
    key = str(point.nature), round(float(loss.value(point.numeric)), 6), int(np.sum(eigenvalues < 0))
    rows.setdefault(key, []).append((point, eigenvalues))
    assert np.abs(loss.gradient(point.numeric)).max() < 1e-12
for (nature, value, index), group in rows.items():
    print(f"{len(group):3} × {nature:18} F = {value:.6f}, index {index}")
assert len(atlas) == 17 and atlas.complete

# %%
# The alternating sum.  It is a theorem only where no Hessian is singular:
least = min(np.abs(e).min() for group in rows.values() for _, e in group)
total = sum((-1) ** index * len(group) for (_, _, index), group in rows.items())
print(f"smallest |eigenvalue| {least:.2e}; Σ (−1)^index = {total}, in theory 1")
assert least > 1e-4 and total == 1

# %%
# Spectra of the Hessians: each class of points by its value of F.
figure, ax = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
for k, ((nature, value, index), group) in enumerate(rows.items()):
    ax.plot(np.full(loss.dim, k), group[0][1], "o", label=f"{len(group)} × {nature}, F = {value:.5f}, index {index}")
ax.axhline(0, color="black", linewidth=0.7)
ax.set(ylabel="eigenvalues of the Hessian", xticks=[])
ax.legend(fontsize=8)
