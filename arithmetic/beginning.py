"""`python -m room` as it begins: how its process loads and computes, said before NumPy is loaded."""
from __future__ import annotations

import gc
import os
import sys

#: The rooms that each command enters besides its own, which is found already, and this one.
ENTERED = {"networks": (), "flows": ("schemes",), "schemes": ("flows",), "lyapunov": ("schemes", "flows", "networks"),
           "basins": ("schemes", "flows", "networks")}


def entered() -> str:
    """The room whose command is being loaded; "" in the processes of others."""
    if sys.argv[:1] != ["-m"] or "-m" not in sys.orig_argv:  # (the first while the room itself is imported)
        return ""
    name = sys.orig_argv[sys.orig_argv.index("-m") + 1]
    return name if name in ENTERED else ""


if ROOM := entered():
    gc.disable()  # until `command.end`: what is loaded is no garbage
    # matrices are small here, what runs side by side are lanes and processes; and starting threads took as long as to
    # load all of NumPy
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
