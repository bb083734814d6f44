"""Where pieces of work are done: in processes of this computer, or on a Dask cluster.

    with executor("local") as place:
        future = place.submit(work, argument)    # as of `concurrent.futures`

Leaving ends at once what is still being done.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.training.serve import bring_plugins
from bpstudio.training.worker import one_thread

LOCAL, DASK = "local", "dask://"
PATIENCE = 10.0
"""So many seconds a cluster has to answer."""
GRACE = 2.0
"""So many seconds a process has to hand over the result that it is writing when it is to end."""

P = ParamSpec("P")
R = TypeVar("R")


@contextlib.contextmanager
def executor(where: str = LOCAL, workers: int | None = None) -> Iterator[Executor]:
    """An executor: `local`, with so many processes, or `dask://HOST:PORT`.

    Raises StudioError for a place that is neither, and for a cluster that can't be reached.
    """
    if where == LOCAL:
        with processes(workers) as local:
            yield local
    elif where.startswith(DASK) and where != DASK:
        with _cluster(where.removeprefix(DASK)) as remote:
            yield remote
    else:
        raise StudioError(
            N_("Work is done on local or dask://HOST:PORT, not on {place}."), place=where
        )


@contextlib.contextmanager
def processes(workers: int | None = None) -> Iterator[Executor]:
    """So many processes, by default one for each processor; they end with this block or process."""
    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    pool = _Processes(
        workers or os.cpu_count() or 1,
        mp_context=context,
        initializer=_begin,
        initargs=(theirs,),
    )
    try:
        with one_thread():
            # Processes are started with the first pieces, and inherit what holds then.
            yield pool
    finally:
        ours.close()
        pool.shutdown(cancel_futures=True)
        theirs.close()


def _begin(alive: Connection) -> None:
    """A process begins: it ends when the other end of the pipe is closed, whatever it is doing."""
    # Ctrl+C in a terminal reaches every process of it; the first of them decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bring_plugins()
    threading.Thread(target=_end_with, args=(alive,), daemon=True).start()


def _end_with(alive: Connection) -> None:
    """End in the midst of a piece of work at once, but never in the midst of handing one over.

    Who reads half a result waits for the rest for ever, and so would who waits for its end.
    """
    with contextlib.suppress(EOFError, OSError):
        alive.recv_bytes()
    with _stage.change:
        _stage.ending = True
        if _stage.working:
            os._exit(1)
    time.sleep(GRACE)  # meanwhile an idle process is told to end, and a busy one has written
    os._exit(1)


def _piece(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """A piece of work, known as such to the thread that may end this process."""
    with _stage.change:
        if _stage.ending:
            os._exit(1)
        _stage.working = True
    try:
        return work(*args, **kwargs)
    finally:
        with _stage.change:
            _stage.working = False


class _Processes(ProcessPoolExecutor):
    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        return super().submit(_piece, fn, *args, **kwargs)  # type: ignore[arg-type]


class _Stage:
    """What this process is at; only read and written under `change`."""

    def __init__(self) -> None:
        self.change = threading.Lock()
        self.working = self.ending = False


_stage = _Stage()


@contextlib.contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError:
        raise StudioError(
            N_(
                "A Dask cluster needs the library distributed, which is not installed here. "
                "Install bpstudio[cluster]."
            )
        ) from None
    try:
        client: Any = Client(address, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise StudioError(
            N_("The cluster at {address} does not answer ({reason}). Is its scheduler running?"),
            address=address,
            reason=error,
        ) from None
    try:
        # The same piece may be asked for twice, and is then to be done twice.
        place: Executor = client.get_executor(pure=False)
        yield place
        place.shutdown(wait=False)
    finally:
        client.close()
