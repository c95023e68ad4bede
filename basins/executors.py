"""Where the pieces of a study are followed: here, in other threads or processes, on a cluster.

To add a way: a line in `WAYS`, its name and what opens it.  Any `concurrent.futures.Executor` serves as it is.
"""
from __future__ import annotations

import contextlib
import importlib
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from types import ModuleType
from typing import Any, TypeAlias

from arithmetic import Catalogue, cpus

Engine: TypeAlias = Executor | str | Any | None  #: what `executor=` takes; Any is a `dask.distributed.Client`
ADDRESSES = ("tcp://", "tls://", "ucx://", "ws://", "wss://")


Opened: TypeAlias = contextlib.AbstractContextManager[Executor]


@contextlib.contextmanager
def _pool(make: Callable[[], Executor]) -> Iterator[Executor]:
    pool = make()
    try:
        yield pool
    finally:  # what runs is not waited for: of an interrupted study it is of no use
        pool.shutdown(wait=False, cancel_futures=True)


def _processes(method: str) -> Callable[[], Opened]:
    return lambda: _pool(lambda: ProcessPoolExecutor(cpus(), mp_context=multiprocessing.get_context(method)))


def _distributed() -> ModuleType:
    try:
        return importlib.import_module("distributed")
    except ImportError as error:
        raise ImportError("executor: Dask is not installed; pip install 'optiflows[cluster]', or use executor='spawn'"
                          ) from error


@contextlib.contextmanager
def _dask(*address: str) -> Iterator[Executor]:
    """A Dask cluster: the one at the address, or one on this machine."""
    options = {} if address else {"processes": True, "threads_per_worker": 1, "dashboard_address": None}
    with _distributed().Client(*address, **options) as client:
        yield client.get_executor(pure=False)


WAYS: Catalogue[Callable[[], Opened]] = Catalogue("way to run a study", {
    "threads": lambda: _pool(lambda: ThreadPoolExecutor(cpus(), thread_name_prefix="study")),
    **{method: _processes(method) for method in multiprocessing.get_all_start_methods()}, "dask": _dask})


def check_executor(engine: Engine) -> None:
    """Raises ValueError where `engine` is a text that names none, ImportError where it is Dask and there is none."""
    if not isinstance(engine, str):
        return
    if engine.startswith(ADDRESSES) or WAYS[engine] is _dask:
        _distributed()


@contextlib.contextmanager
def opened(engine: Engine) -> Iterator[Executor | None]:
    """The executor that is meant, which is shut down at the end where it was made here.

    engine : None; an executor; a `dask.distributed.Client`; or a text: "threads", "fork", "spawn", "forkserver" for as
    many workers as there are processors, "dask" for a cluster on this machine, or the address of a Dask scheduler,
    "tcp://host:8786".  Raises ValueError, TypeError for anything else, ImportError where Dask is not installed.
    """
    if engine is None or isinstance(engine, Executor):
        yield engine
    elif hasattr(engine, "get_executor"):
        yield engine.get_executor(pure=False)
    elif isinstance(engine, str):
        with _dask(engine) if engine.startswith(ADDRESSES) else WAYS[engine]() as made:
            yield made
    else:
        raise TypeError(f"executor={engine!r} must be None, a concurrent.futures.Executor, a dask.distributed.Client, "
                        f"one of {', '.join(WAYS)}, or the address of a Dask scheduler such as 'tcp://host:8786'")

