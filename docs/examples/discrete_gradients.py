r"""
Discrete gradients: F falls for every step size
===============================================

**Theorem** (Gonzalez 1996; Itoh & Abe 1988; Ehrhardt, Riis, Ringholm & Schönlieb).  A discrete gradient satisfies
:math:`\langle\bar\nabla F(x, y), y - x\rangle = F(y) - F(x)`.  The step :math:`y = x - h\bar\nabla F(x, y)` then has

.. math:: F(y) - F(x) = -|y - x|^2/h

whatever h is: the dissipation of the flow, exactly and not only for small steps.  Explicit Euler loses every
minimum of ``polytwo`` beyond h = 2/(3 + √5) = 0.382.
"""
import matplotlib.pyplot as plt
import numpy as np

import networks
import schemes
from flows import GradientDescent

loss = networks.get("polytwo")
field = GradientDescent().on(loss)
figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained", sharey=True)
for ax, h in zip(axes, (0.1, 1.0), strict=True):
    for scheme in (schemes.Euler(), schemes.Gonzalez(), schemes.ItohAbe()):
        y, values = np.array([0.6, 1.5]), []
        defect = 0.0
        for _ in range(20):
            new = scheme.step(field, 0.0, y, h)[0]
            before, after = loss.value(y), loss.value(new)
            if not np.all(np.isfinite(new)) or abs(new).max() > 1e6:
                break
            defect = max(defect, abs(after - before + np.sum((new - y) ** 2) / h))
            values.append(before)
            y = new
        name = type(scheme).__name__
        print(f"h = {h}: {name:9} F = {loss.value(y):.3e} after {len(values)} steps; |F⁺ − F + |d|²/h| ≤ {defect:.1e}")
        ax.semilogy(np.array(values) + 1e-18, "o-", markersize=3, label=name)
        if name != "Euler":
            assert len(values) == 20 and defect < 1e-9 and np.all(np.diff(values) <= 1e-12)
    ax.set(xlabel="step", title=f"h = {h}")
axes[0].set_ylabel("F")
axes[0].legend()
