"""
Sections of a loss of 49 parameters
===================================

Maps of basins need no more than two coordinates of the starts.  A ``Plane`` is an affine plane in the space of
parameters: here through the end of a run of Levenberg–Marquardt, along the eigenvectors of the largest and of the
smallest eigenvalue of the Hessian.  The network (1-16-1, tanh, 49 parameters) has no known critical points; labels
say what is known of each start, and no more.

The second-order expansion on the plane, F(θ* + x u + y v) ≈ F* + (λ₁x² + λₙy²)/2, is measured beside F itself.
"""
import matplotlib.pyplot as plt
import numpy as np

import basins
import networks
import schemes

x = np.linspace(-2, 2, 12)
network = networks.Network((1, 16, 1), ("tanh", "linear"), (x.tolist(), np.sin(2 * x).tolist()), box="fan-in")
print(network.dim, "parameters")
start = basins.uniform(network.box, 1, seed=0)[:, 0]
run = schemes.named("lm").run(network, start, stop=schemes.Stop(max_steps=60))
theta = run.theta
eigenvalues = np.linalg.eigvalsh(network.hessian(theta))
print(f"F = {network.value(theta):.2e}, |∇F| = {np.linalg.norm(network.gradient(theta)):.1e}, "
      f"eigenvalues {eigenvalues[0]:.1e} … {eigenvalues[-1]:.2f}")

# %%
plane = basins.Plane.hessian(network, theta)
for distance in (0.3, 0.1, 0.03):
    theta_there = plane.at(np.array([distance, 0.0]))
    slope = network.gradient(theta) @ (theta_there - theta)
    rise, model = network.value(theta_there) - network.value(theta) - slope, eigenvalues[-1] * distance**2 / 2
    print(f"steepest direction, {distance}: F rises by {rise:.4e}, λ x²/2 = {model:.4e}")
assert abs(rise / model - 1) < 0.1

# %%
# F on the plane, on a logarithmic scale: a valley, as it should be between the largest and the smallest curvature.
side = np.linspace(-1.5, 1.5, 121)
X, Y = np.meshgrid(side, side)
values = network.value(plane.at(np.array([X.ravel(), Y.ravel()]))).reshape(X.shape)
figure, ax = plt.subplots(figsize=(6.4, 5), layout="constrained")
image = ax.contourf(X, Y, np.log10(values), levels=24, cmap="viridis")
figure.colorbar(image, label="log₁₀ F")
ax.set(xlabel="along the largest curvature", ylabel="along the smallest", title="1-16-1 tanh network, 49 parameters")
