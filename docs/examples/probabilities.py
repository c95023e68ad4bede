"""
Probabilities of critical points, with intervals
================================================

How often does an optimizer end in each critical point?  Uniform starts are a sample, so a fraction k/n has the
Wilson interval

    (p̂ + z²/2n ± z √(p̂(1 − p̂)/n + z²/4n²)) / (1 + z²/n),

and an end that no start has seen is not impossible: its upper bound is z²/(n + z²).  The table over all networks and
optimizers takes minutes and is stored in ``docs/figures/probabilities.csv``, written by ``python docs/figures.py
probabilities``; here one row (run this file in its folder) is computed again and compared.
"""
import csv
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import basins
import networks
import schemes

loss, n = networks.get("polytwo"), 2000
study = basins.study(loss, schemes.named("gd", lr=0.1), basins.uniform(loss.box, n, 0),
                     stop=schemes.Stop(max_steps=10_000), patience=3600.0)
print(study.table())

# %%
# Wilson's interval for an end that none of 2000 starts has seen:
low, high = basins.wilson(0, n)
z = 1.959963984540054
print(f"0 of {n}: [{low:.5f}, {high:.5f}], by the formula {z**2 / (n + z**2):.5f}")
assert np.isclose(high, z**2 / (n + z**2))

# %%
# The stored table: the share of starts in a minimum, by network and optimizer.
rows = list(csv.DictReader((Path.cwd().parent / "figures" / "probabilities.csv").open()))
stored = {r["end"]: int(r["starts"]) for r in rows if (r["network"], r["optimizer"]) == ("polytwo", "gd(lr=0.1)")}
for row in study.table():
    if row["end"] in stored:
        print(f"{row['end']:24} {row['starts']:5} now, {stored[row['end']]:5} stored")
        assert row["starts"] == stored[row["end"]]

# %%
names = list(dict.fromkeys(r["network"] for r in rows))
optimizers = list(dict.fromkeys(r["optimizer"] for r in rows))
share = np.array([[sum(float(r["fraction"]) for r in rows if (r["network"], r["optimizer"]) == (network, optimizer)
                       and "minimum" in r["end"]) for network in names] for optimizer in optimizers])
figure, ax = plt.subplots(figsize=(11, 4.2), layout="constrained")
image = ax.imshow(100 * share, vmin=0, vmax=100, cmap="viridis")
ax.set_xticks(range(len(names)), names, rotation=60, ha="right")
ax.set_yticks(range(len(optimizers)), [o.partition(", beta1")[0] for o in optimizers], fontsize=8)
figure.colorbar(image, label="starts that end in a minimum, %")
assert (share <= 1 + 1e-9).all()
