r"""
Energies along runs: where the continuous ones fall and discrete ones rise
==========================================================================

:math:`V = F + |v|^2/2` falls along the heavy ball, :math:`V' = -c|v|^2` (proved below for every loss).  Its
algorithms inherit that only up to a step.  The gallery's loss is ``polytwo``; the same start is followed by the
flow (Dormand–Prince, a tolerance of 1e-10), by the classical algorithm at two steps, and under energy control, and
V is evaluated along each.
"""
import matplotlib.pyplot as plt
import numpy as np

import lyapunov
import networks
import schemes
from flows import Momentum

loss, flow = networks.get("polytwo"), Momentum(c=0.5)
(energy, *_) = lyapunov.energies(Momentum)
print(lyapunov.check(Momentum, energy))

# %%
start, stop = [0.3, 1.7], schemes.Stop(max_steps=100_000)
control = schemes.ErrorControl(1e-10)
runs = {"flow": schemes.integrate(flow.on(loss), start, schemes.DormandPrince(), control, stop, record=1),
        "h = 0.05": schemes.integrate(flow.on(loss), start, schemes.SequentialEuler(), 0.05, stop, record=1),
        "h = 0.15": schemes.integrate(flow.on(loss), start, schemes.SequentialEuler(), 0.15, stop, record=1),
        "energy control": schemes.integrate(flow.on(loss), start, schemes.ExponentialMap(),
                                            schemes.EnergyControl(), stop, record=1)}


def along(run):
    theta, v = run.y[:2], run.y[2:4]
    return loss.value(theta) + np.sum(v**2, axis=0) / 2


figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
for name, run in runs.items():
    V = along(run)
    rises = int(np.sum(np.diff(V) > 1e-12 * V[0]))
    print(f"{name:15} {run.steps:5} steps, V rises in {rises:4} of them, by {np.diff(V).max():.2g} at most")
    ax.semilogy(run.t, V + 1e-16, label=f"{name}: V rises {rises} times", linewidth=1.2)
ax.set(xlabel="time", ylabel="V = F + |v|²/2", xlim=(0, 25), ylim=(1e-6, None))
ax.legend()
for name in ("flow", "energy control"):
    V = along(runs[name])
    assert np.all(np.diff(V) <= 1e-9 * V[0]), name
assert np.any(np.diff(along(runs["h = 0.15"])) > 1e-3)

# %%
# The bound on the step that is proved for the classical algorithm, on losses with H ≤ L:
print(lyapunov.check_step(Momentum))
