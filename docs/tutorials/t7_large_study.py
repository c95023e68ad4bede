"""
A study too large for one machine
=================================

A store keeps what is done; the same call again goes on from there; where the work is done does not change a bit.
"""
# %%
import tempfile
from pathlib import Path

import numpy as np

import basins
import networks
import schemes

loss, optimizer = networks.get("polytwo"), schemes.named("gd", lr=0.1)
starts = basins.uniform(((-3, 3), (-3, 3)), 20_000, seed=0)
folder = Path(tempfile.mkdtemp()) / "polytwo-gd"
first = basins.study(loss, optimizer, starts, store=folder, chunk=4096, progress=False)
pieces = sorted(folder.glob("piece-*"))
print(len(pieces), "pieces")

# %%
# A machine fails, and two pieces are lost.  The same call computes these and no others:
for piece in pieces[:2]:
    piece.unlink()
again = basins.study(loss, optimizer, starts, store=folder, chunk=4096, progress=False)
assert np.array_equal(first.theta, again.theta, equal_nan=True) and np.array_equal(first.end, again.end)
print(again.table())

# %%
# On a cluster the only change is the executor: any ``concurrent.futures.Executor``, a Dask client, or the address
# of its scheduler.  `Large studies <../cluster.html>`__ has scripts for SLURM and MPI.
#
# .. code-block:: python
#
#    basins.study(loss, optimizer, starts, store="/scratch/polytwo-gd", executor="tcp://scheduler:8786")
