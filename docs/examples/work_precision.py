r"""
Work and precision: the order of a scheme, measured
===================================================

**Definition.**  A scheme has order p if the error at a fixed time is :math:`O(h^p)`; on logarithmic axes of error
against the number of gradients it is a line of slope −p.  Orders follow from the order conditions of the tableau
(Butcher); here they are measured on the heavy ball on ``polytwo`` against a solution to 1e-13.
"""
import matplotlib.pyplot as plt
import numpy as np
from scipy.integrate import solve_ivp

import networks
import schemes
from flows import Momentum

field = Momentum(c=0.7).on(networks.get("polytwo"))
start = np.array([0.8, 0.3, 0.5, 0.5])
exact = solve_ivp(field, (0, 1), start, method="DOP853", rtol=1e-13, atol=1e-14).y[:, -1]


def error(scheme, n):
    y = start
    for k in range(n):
        y = scheme.step(field, k / n, y, 1 / n)[0]
    return np.linalg.norm(y - exact)


figure, ax = plt.subplots(figsize=(8, 4.6), layout="constrained")
gradients = {"Euler": 1, "SequentialEuler": 1, "Strang": 1, "EulerRichardson": 2, "Heun": 2, "BogackiShampine": 3,
             "RungeKutta4": 4, "DormandPrince": 6}
ns = np.array([5, 10, 20, 40, 80])
for name, cost in gradients.items():
    scheme = getattr(schemes, name)()
    errors = [error(scheme, n) for n in ns]
    slope = np.log2(errors[-2] / errors[-1])
    print(f"{name:16} order {scheme.order}, measured {slope:.2f}; "
          f"error {errors[-1]:.1e} with {cost * ns[-1]} gradients")
    assert abs(slope - scheme.order) < 0.15
    ax.loglog(cost * ns, errors, "o-", markersize=4, label=f"{name}: {scheme.order}, measured {slope:.2f}")
ax.set(xlabel="gradients", ylabel="error at t = 1")
ax.grid(which="both", alpha=0.25)
ax.legend(fontsize=8)
