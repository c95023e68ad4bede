r"""
Levenberg–Marquardt is the gradient flow by a Rosenbrock method
===============================================================

**Identity.**  Linearly implicit Euler on :math:`\theta' = -\nabla F` with the Gauss–Newton matrix for the Jacobian,
:math:`(I + h J^TJ)\,\delta = -h\nabla F`, is the step :math:`(J^TJ + \mu I)\,\delta = -\nabla F` with
:math:`\mu = 1/h`: the damping is the inverse of the step in ODE time, and controlling μ is step control.

Here both are computed: the named algorithm ``lm``, and the formula written out in NumPy.
"""
import matplotlib.pyplot as plt
import numpy as np

import networks
import schemes
from flows import GradientDescent

network = networks.Network((1, 3, 1), ("tanh", "linear"), (np.linspace(-2, 2, 9).tolist(),
                                                          np.sin(np.linspace(-2, 2, 9)).tolist()))
theta = np.random.default_rng(3).normal(size=network.dim)
for h in (0.1, 1.0, 10.0):
    stepped = schemes.RosenbrockEuler(gauss_newton=True).step(GradientDescent().on(network), 0.0, theta, h)[0]
    by_hand = theta + np.linalg.solve(network.gauss_newton(theta) + np.eye(network.dim) / h, -network.gradient(theta))
    print(f"h = {h:4}: largest difference {np.abs(stepped - by_hand).max():.1e}")
    assert np.allclose(stepped, by_hand, rtol=1e-10, atol=1e-12)

# %%
# As an optimizer: F against gradients and trials, from the same start, beside energy-controlled Euler.
figure, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
ends = {}
for name in ("lm", "lm-gain", "lc-egd"):
    run = schemes.named(name).run(network, theta, stop=schemes.Stop(max_steps=300), record=1)
    values = network.value(run.y[: network.dim])
    ends[name] = values[-1]
    print(f"{name:10} F = {values[-1]:.3e} after {run.steps} trials, {schemes.Outcome(run.outcome).name.lower()}")
    ax.loglog(np.arange(1, len(values) + 1), values, label=name)
    assert np.all(np.diff(values) <= 1e-14)  # each of them accepts only steps under which F falls
ax.set(xlabel="trial", ylabel="F")
ax.legend()
assert ends["lm"] < ends["lc-egd"]
