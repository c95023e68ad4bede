"""Ctrl-C while a study runs: the first ends the runs, the next the wait for names, and none falls anywhere else."""
from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class Interruptions:
    """`with Interruptions() as keys`: a Ctrl-C is raised as KeyboardInterrupt inside `keys.allowed()`, and noted else.

    Where it was noted, the next `keys.allowed()` is not entered: it raises KeyboardInterrupt.  A block that was
    interrupted is done with; another one takes the next Ctrl-C.  Python drops an exception that falls into a finalizer,
    so a block that is long calls `keys.check()`, which raises it again.  In another thread than the main one, and where
    the program handles the signal itself, nothing is changed.
    """

    def __init__(self) -> None:
        self._open, self._raised, self._noted, self._mine = False, False, False, False

    def __enter__(self) -> Interruptions:
        self._mine = (threading.current_thread() is threading.main_thread()
                      and signal.getsignal(signal.SIGINT) is signal.default_int_handler)
        if self._mine:
            signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_) -> None:
        if self._mine:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._open:
            self._open, self._raised = False, True
            raise KeyboardInterrupt
        self._noted = True

    def check(self) -> None:
        """Raises KeyboardInterrupt where one was raised in this block, and dropped."""
        if self._raised:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def allowed(self) -> Iterator[None]:
        """A block in which work may be interrupted."""
        try:
            self._open, self._raised = True, False
            if self._noted:
                self._noted = False
                raise KeyboardInterrupt
            yield
        finally:
            self._open = False
