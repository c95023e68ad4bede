r"""
Adam of the libraries, given back by flow and scheme
====================================================

**Identity.**  Sequential Euler on Adam's flow with h = lr, a = (1 − β₁)/h, b = (1 − β₂)/h is algorithm 1 of Kingma
& Ba (2015). Here the algorithm is written out in NumPy and followed beside the pair.  Every optimizer of torch and
optax has been followed in the same way; ``docs/parity.md`` stores the deviations, written by ``python
docs/parity.py``, and tests hold every row to 1e-12.
"""
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import networks
import schemes
from flows import Adam

loss, lr, beta1, beta2, eps = networks.get("polytwo"), 0.05, 0.9, 0.999, 1e-8
theta, m, v, by_hand = np.array([0.3, 1.7]), 0.0, 0.0, []
for n in range(1, 201):
    g = loss.gradient(theta)
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    theta = theta - lr * (m / (1 - beta1**n)) / (np.sqrt(v / (1 - beta2**n)) + eps)
    by_hand.append(theta)
adam = schemes.pair(Adam(a=(1 - beta1) / lr, b=(1 - beta2) / lr, eps=eps), schemes.SequentialEuler(), lr)
run = adam.run(loss, [0.3, 1.7], stop=schemes.Stop(gradient=0, max_steps=200), record=1)
difference = np.abs(run.y[:2, 1:] - np.array(by_hand).T).max()
print(f"200 steps, largest difference {difference:.1e}")
print(schemes.named("adam").algorithm())
assert difference < 1e-12

# %%
# The stored deviations of all library calls:
page = (Path.cwd().parent / "parity.md").read_text()
rows = [re.split(r"(?<!\\) \| ", line.strip("| ")) for line in page.splitlines() if re.match(r"\| (torch|optax)", line)]
deviations = {row[0]: float(row[-1]) for row in rows if re.fullmatch(r"[\d.e+-]+", row[-1])}
print(len(deviations), "library calls; largest deviation", max(deviations.values()))
assert max(deviations.values()) < 1e-12
figure, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for library, colour in (("torch", "#D55E00"), ("optax", "#0072B2")):
    values = np.sort([max(d, 1e-17) for name, d in deviations.items() if name.startswith(library)])
    ax.semilogy(values, "o", markersize=4, color=colour, label=f"{library}: {len(values)} calls")
ax.axhline(1e-12, color="black", linestyle="--", linewidth=0.8, label="what the tests allow")
ax.set(xlabel="library call, in order", ylabel="largest relative deviation")
ax.legend()
