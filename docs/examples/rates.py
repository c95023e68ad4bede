r"""
Rates: measured beside proved
=============================

**Theorem** (Polyak 1963).  Where :math:`|\nabla F|^2 \ge 2\mu F`, the gradient flow has
:math:`F \le e^{-2\mu t}F(0)`.  Siegel (2019) proved for :math:`\mu`-strongly convex F and the heavy ball of
friction :math:`2\sqrt\mu` that :math:`F \le e^{-\sqrt\mu\,t}\,V(0)`.  Both are proved below for every loss, with
certificates; a claim of the rate :math:`3\mu` is refuted with a loss.  On the quadratic the first bound is met with
equality in the softest direction.
"""
import matplotlib.pyplot as plt
import numpy as np
import sympy

import lyapunov
from arithmetic import total
from flows import GradientDescent, Momentum
from networks import Loss
from schemes import DormandPrince, ErrorControl, Stop, integrate

mu = sympy.Symbol("mu", positive=True)
F = lyapunov.energies(GradientDescent)[0]
proved = lyapunov.check(GradientDescent, F, assuming=lyapunov.PL(mu), rate=2 * mu)
refuted = lyapunov.check(GradientDescent, F, assuming=lyapunov.PL(mu), rate=3 * mu)
print(proved)
print()
print(refuted)
assert proved.status == lyapunov.Status.PROVED and refuted.status == lyapunov.Status.REFUTED

# %%
# Siegel's energy :math:`V = F + |v + \sqrt\mu\,\theta|^2/2`, the minimum at 0:
def siegel(s, oracle):
    return oracle.value + total((s.v + sympy.sqrt(mu) * s.theta) ** 2) / 2


heavy = lyapunov.check(Momentum(c=2 * sympy.sqrt(mu)), lyapunov.Energy(siegel),
                       assuming=lyapunov.strongly_convex(mu), rate=sympy.sqrt(mu))
print(heavy)
assert heavy.status == lyapunov.Status.PROVED

# %%
# Measured on quadratics with eigenvalues between μ = 0.04 and 1:
m = 0.04
eigenvalues = np.geomspace(m, 1, 8)
loss = Loss.from_callables(8, lambda x: eigenvalues @ x**2 / 2,
                           lambda x: (eigenvalues[:, None] * x.reshape(8, -1)).reshape(x.shape))
start, times = np.ones(8), np.linspace(0, 80, 161)
figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
for name, flow, rate, V0 in (
    ("gradient flow", GradientDescent(), 2 * m, eigenvalues.sum() / 2),
    ("heavy ball, c = 2√μ", Momentum(c=2 * np.sqrt(m)), np.sqrt(m), eigenvalues.sum() / 2 + m * 8 / 2),
):
    run = integrate(flow.on(loss), start, DormandPrince(), ErrorControl(1e-9), Stop(gradient=1e-7), record=times)
    value, bound = loss.value(run.y[:8]), V0 * np.exp(-rate * run.t)
    (line,) = ax.semilogy(run.t, value, label=f"{name}: F")
    ax.semilogy(run.t, bound, "--", color=line.get_color(), label=f"proved, {V0:.3g} exp(−{rate:.2g} t)")
    late = (run.t > 40) & (run.t < 75)
    slope = -np.polyfit(run.t[late], np.log(value[late]), 1)[0]
    print(f"{name}: measured rate {slope:.4f}, proved {rate:.4f}")
    assert np.all(value <= bound * (1 + 1e-6)) and slope > rate * 0.999
ax.set(xlabel="time", ylabel="F", ylim=(1e-9, None))
ax.legend(fontsize=8)
