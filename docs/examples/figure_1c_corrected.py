r"""
The same field, well integrated: nothing diverges and nothing is tuned
======================================================================

Figure 1c of B. Bensaid's thesis: the gradient flow on ``polytwo`` by adaptive Euler–Richardson (left) and by Euler
steps that F itself controls (right).  A step under energy control is accepted only where

.. math:: F(\theta^+) - F(\theta) \le -\tfrac12 h\,|\nabla F(\theta)|^2,

so F falls along every run, and as F is coercive no start can diverge.
"""
import numpy as np
from scipy.ndimage import label

import basins
import networks
import schemes

loss = networks.get("polytwo")
starts = basins.grid(((-3, 3), (-3, 3)), 200)
falling = schemes.named("lc-egd", grow=2.0)  # steps that grow by 2: the longer ones of gd-energy follow the flow less
studies = [basins.study(loss, optimizer, starts) for optimizer in (schemes.named("gd-richardson"), falling)]
figure = basins.panels(studies, columns=2)

# %%
# Each basin is one piece (pieces of fewer than four starts are not counted: a cusp can be thinner than the grid).
minima = [i for i, p in enumerate(loss.critical_points()) if p.nature == "minimum"]
for study in studies:
    regions = [label(study.map() == i, np.ones((3, 3)))[0] for i in minima]
    pieces = [sum(np.sum(region == k) >= 4 for k in range(1, region.max() + 1)) for region in regions]
    diverged = study.fraction(schemes.Outcome.DIVERGED)
    print(f"{study.optimizer}: in minima {study.fraction('minimum'):.4f}, diverged {diverged}, "
          f"pieces {list(map(int, pieces))}")
    assert diverged == 0 and pieces == [1, 1, 1, 1]

# %%
# F along one run under energy control, measured beside the claim:
run = falling.run(loss, [2.9, 2.9], record=1)
values = loss.value(run.y[:2])
print(f"F after every tenth trial: {values[::10]}")
assert np.all(np.diff(values) <= 0)
