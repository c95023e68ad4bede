r"""
AdaGrad has a first integral
============================

**Theorem** (the chain rule).  Along AdaGrad's flow :math:`G' = g^2,\ \theta' = -g/(\sqrt G + \varepsilon)`,
:math:`g = \nabla F(\theta)` coordinate by coordinate, the quantity

.. math:: W = F + \sum_i \left(2\sqrt{G_i} - 2\varepsilon\log(\sqrt{G_i} + \varepsilon)\right)

does not change: :math:`F' = -\sum g_i^2/(\sqrt{G_i} + \varepsilon)` is minus the derivative of the sum.  A scheme
has it up to an error of its order.
"""
import matplotlib.pyplot as plt
import numpy as np

import lyapunov
import networks
import schemes
from flows import AdaGrad

energy = next(e for e in lyapunov.energies(AdaGrad) if e.name == "first integral")
verdict = lyapunov.check(AdaGrad, energy)
print(verdict)
assert verdict.status == lyapunov.Status.PROVED and verdict.derivative == 0

# %%
# Measured along runs of the same flow, from a start with G > 0 (at G = 0 the field is −g/ε):
loss, eps = networks.get("polytwo"), 0.1
field = AdaGrad(eps=eps).on(loss)
start = np.array([0.5, 1.3, 2.0, 2.0])  # θ, G


def W(y):
    root = np.sqrt(y[2:])
    return loss.value(y[:2]) + np.sum(2 * root - 2 * eps * np.log(root + eps), axis=0)


figure, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
drift = {}
for scheme in (schemes.Euler(), schemes.Heun(), schemes.RungeKutta4()):
    for h in (0.002, 0.001):
        run = schemes.integrate(field, scheme=scheme, step=h, stop=schemes.Stop(gradient=0, max_steps=round(1 / h)),
                                record=1, y0=start)
        error = np.abs(W(run.y) - W(start))
        drift[type(scheme).__name__, h] = error[-1]
        ax.semilogy(run.t[1:], error[1:] + 1e-17, label=f"{type(scheme).__name__}, h = {h}", linewidth=1)
ax.set(xlabel="time", ylabel="|W − W(0)|", title="AdaGrad's first integral along three schemes")
ax.legend(fontsize=8)
for name, order in (("Euler", 1), ("Heun", 2), ("RungeKutta4", 4)):
    measured = np.log2(drift[name, 0.002] / drift[name, 0.001])
    print(f"{name:12} drift at t = 1 {drift[name, 0.001]:.2e} at h = 0.001; order {measured:.2f}, in theory {order}")
    assert abs(measured - order) < 0.25
