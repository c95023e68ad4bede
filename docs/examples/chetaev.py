r"""
A saddle that nothing holds, and one that attracts half a plane
===============================================================

**Theorem** (Chetaev).  Where a function W vanishes at a point, is positive somewhere in every neighbourhood of it, and
grows along the flow wherever it is positive near the point, the point is unstable.

Unstable does not mean avoided.  :math:`F = x^2/2 + y^3/3` has one critical point, the degenerate saddle 0.  The
gradient flow is :math:`x' = -x,\ y' = -y^2`, solved by :math:`y(t) = y_0/(1 + y_0 t)`: every start with
:math:`y_0 \ge 0` goes to the saddle, one half of each neighbourhood of it, and every start with :math:`y_0 < 0`
leaves and reaches −∞ at the time :math:`1/|y_0|`. At a saddle with an invertible Hessian the starts that end there
have measure zero.
"""
import matplotlib.pyplot as plt
import numpy as np
import sympy
from scipy.integrate import solve_ivp

import lyapunov
import networks
from flows import GradientDescent

x, y = sympy.symbols("x y", real=True)
loss = networks.Loss.from_expression(x**2 / 2 + y**3 / 3, (x, y), name="half")
(point,) = loss.critical_points()
print(point.nature, point.theta, point.eigenvalues)
verdict = lyapunov.stability(GradientDescent(), point)
print(verdict)
assert point.nature == "degenerate saddle" and verdict.status == "unstable"

# %%
# The solution in closed form beside the integrated one:
field = GradientDescent().on(loss)
run = solve_ivp(field, (0, 50), [0.5, 0.8], method="DOP853", rtol=1e-10, atol=1e-12)
exact = 0.8 / (1 + 0.8 * 50)
print(f"y(50) = {run.y[1, -1]:.10f}, exactly {exact:.10f}")
assert np.isclose(run.y[1, -1], exact, rtol=1e-8)

# %%
# Of starts all around the saddle those with y < 0 leave (they reach y = −1 at the time :math:`1/|y_0| - 1`), and no
# others:
def gone(t, state):
    return state[1] + 1


gone.terminal = True
angles = 2 * np.pi * (np.arange(24) + 0.5) / 24
figure, ax = plt.subplots(figsize=(6.5, 5), layout="constrained")
for start in 0.3 * np.array([np.cos(angles), np.sin(angles)]).T:
    run = solve_ivp(field, (0, 100), start, method="DOP853", events=gone, rtol=1e-9, atol=1e-12)
    leaves = bool(run.t_events[0].size)
    assert leaves == (start[1] < 0)
    assert not leaves or np.isclose(run.t_events[0][0], 1 / abs(start[1]) - 1, rtol=1e-6)
    ax.plot(*run.y, color="#D55E00" if leaves else "#0072B2", linewidth=1)
ax.plot(0, 0, "kD")
ax.set(xlabel="x", ylabel="y", ylim=(-1, 0.35), title="F = x²/2 + y³/3: blue goes to the saddle, orange leaves")

# %%
# The ordinary saddles of ``polytwo``: Chetaev's function is found there too.
saddle = next(p for p in networks.get("polytwo").critical_points() if p.nature == "saddle")
print(lyapunov.stability(GradientDescent(), saddle))
