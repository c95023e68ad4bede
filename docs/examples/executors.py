"""
The same bits on threads, on processes and on a cluster
=======================================================

**Claim.**  A study depends on its loss, optimizer, starts and stop, and on nothing else: not on the size of its
chunks, on the number of workers, or on the order in which they finish.  Here one study is made four times and
compared bit for bit.

On a cluster the executor is a Dask client, ``basins.study(…, executor=client)``, or ``executor="tcp://host:8786"``;
`large studies <../cluster.html>`__ has the script that is run by the tests.
"""
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

import basins
import networks
import schemes

loss, optimizer = networks.get("polytwo"), schemes.named("adam", lr=0.5)
starts = basins.uniform(((-3, 3), (-3, 3)), 1500, seed=0)
variants = {"one thread": {"threads": 1}, "all threads": {}, "chunks of 77": {"chunk": 77},
            "two processes": {"executor": ProcessPoolExecutor(2, get_context("fork")), "chunk": 400}}
studies = {name: basins.study(loss, optimizer, starts, progress=False, **options) for name, options in variants.items()}
first = studies["one thread"]
for name, study in studies.items():
    same = all(np.array_equal(getattr(study, field), getattr(first, field), equal_nan=True)
               for field in ("theta", "outcome", "steps", "gradients", "point", "end"))
    print(f"{name:15} {'the same bits' if same else 'DIFFERENT'}")
    assert same

# %%
# The starts and where they end:
import matplotlib.pyplot as plt  # noqa: E402

figure, ax = plt.subplots(figsize=(5.5, 5), layout="constrained")
ax.scatter(*starts, c=first.point, s=6, cmap="tab10")
ax.set(xlabel="w", ylabel="b", title=f"{first.n} starts, a colour per end")
variants["two processes"]["executor"].shutdown()
