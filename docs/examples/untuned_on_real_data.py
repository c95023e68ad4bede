"""
Real data, nothing tuned
========================

Final training losses of shallow networks on real data, the same starts for every optimizer.  The runs take long and
are stored in ``docs/real_data.csv``, written by ``python docs/real_data.py``; here they are read, drawn, and
verdicts are computed again by a sign test over the starts: of 20, two-sided at 5 %, it needs 15.
"""
import csv
import math
from collections import defaultdict
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

rows = list(csv.DictReader((Path.cwd().parent / "real_data.csv").open()))
losses, first = defaultdict(dict), next(iter(rows[0]))  # its first column says on what
for row in rows:
    row["optimizer"] = row["optimizer"].partition(" lr = ")[0]  # the best rate differs from set to set
    losses[row[first], row["optimizer"]][int(row["seed"])] = float(row["loss"])
sets, optimizers = (list(dict.fromkeys(row[key] for row in rows)) for key in (first, "optimizer"))
print(len(rows), "runs;", ", ".join(optimizers))


def p_value(wins, n):
    """Two-sided, of a fair coin."""
    k = max(wins, n - wins)
    return min(1.0, 2 * sum(math.comb(n, j) for j in range(k, n + 1)) / 2**n)


print(f"14 of 20: p = {p_value(14, 20):.3f}; 15 of 20: p = {p_value(15, 20):.3f}")
assert p_value(15, 20) < 0.05 < p_value(14, 20)

# %%
# On how many starts the secant metric, as it comes, ends lower than the best of seven learning rates, and than L-BFGS:
for name in sets:
    for rival in ("adam, best", "L-BFGS (scipy)"):
        ours, theirs = losses[name, "secant-energy"], losses[name, rival]
        wins, other = (sum(sign * ours[s] < sign * theirs[s] for s in ours) for sign in (1, -1))
        print(f"{name:24} lower than {rival:14} on {wins:2} of {len(ours)}, p = {p_value(wins, wins + other):.1e}")

# %%
sets = sets[:4]
figure, axes = plt.subplots(1, len(sets), figsize=(3.2 * len(sets), 4.4), layout="constrained")
for ax, name in zip(axes, sets, strict=True):
    shown = [k for k, optimizer in enumerate(optimizers) if losses[name, optimizer]]
    values = [np.array(list(losses[name, optimizers[k]].values())) for k in shown]
    data = [np.maximum(1e-12, v[np.isfinite(v)]) for v in values]
    ax.boxplot(data, positions=shown, orientation="horizontal", whis=(0, 100), manage_ticks=False)
    ax.set_yticks(range(len(optimizers)), optimizers if ax is axes[0] else [])
    ax.set(xscale="log", title=name, xlabel="final training loss")
    ax.tick_params(axis="x", which="minor", labelbottom=False)
