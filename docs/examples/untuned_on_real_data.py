"""
Real data, nothing tuned
========================

Training loss against the budget for a network of 8 tanh neurons on four data sets.  The runs take a quarter of an
hour and are stored in ``docs/real_data.csv``, written by ``python docs/real_data.py``; here they are read, drawn,
and one verdict is computed again: a sign test over the 20 starts, two-sided at 5 %, which needs 15 of 20.
"""
import csv
import math
from collections import defaultdict
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

rows = list(csv.DictReader((Path.cwd().parent / "real_data.csv").open()))
losses = defaultdict(dict)
for row in rows:
    row["optimizer"] = row["optimizer"].partition(" lr = ")[0]  # the best rate differs from set to set
    losses[row["set"], row["optimizer"]][int(row["seed"])] = float(row["loss"])
sets, optimizers = (list(dict.fromkeys(row[key] for row in rows)) for key in ("set", "optimizer"))
print(len(rows), "runs;", ", ".join(optimizers))


def p_value(wins, n):
    """Two-sided, of a fair coin."""
    k = max(wins, n - wins)
    return min(1.0, 2 * sum(math.comb(n, j) for j in range(k, n + 1)) / 2**n)


print(f"14 of 20: p = {p_value(14, 20):.3f}; 15 of 20: p = {p_value(15, 20):.3f}")
assert p_value(15, 20) < 0.05 < p_value(14, 20)

# %%
# On which sets Levenberg–Marquardt, as it comes, ends lower than the other untuned ones:
for name in sets:
    for rival in ("gd-energy", "adam-energy"):
        ours, theirs = losses[name, "lm"], losses[name, rival]
        wins = sum(ours[s] < theirs[s] for s in ours)
        print(f"{name:14} lm below {rival:12} on {wins:2} of {len(ours)}, p = {p_value(wins, len(ours)):.1e}")

# %%
figure, axes = plt.subplots(1, len(sets), figsize=(3.2 * len(sets), 4.4), layout="constrained")
for ax, name in zip(axes, sets, strict=True):
    shown = [k for k, optimizer in enumerate(optimizers) if losses[name, optimizer]]
    data = [np.maximum(1e-12, list(losses[name, optimizers[k]].values())) for k in shown]
    ax.boxplot(data, positions=shown, orientation="horizontal", whis=(0, 100), manage_ticks=False)
    ax.set_yticks(range(len(optimizers)), optimizers if ax is axes[0] else [])
    ax.set(xscale="log", title=name, xlabel="final training loss")
    ax.tick_params(axis="x", which="minor", labelbottom=False)
