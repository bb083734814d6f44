"""Training in a process of its own, as the window drives it.

    with Worker() as worker:         # started early: it is ready by the time one presses Train
        worker.start(job)
        …
        snapshot = worker.look()     # as often as one likes; never waits
        for ended in worker.news():  # what came of it
            …

NumPy's small calls hold the interpreter's lock, so a thread would share one core with the window.
The process is spawned, never forked, on every system.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import queue
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from typing import Literal

from bpstudio.training.board import CAPACITY, Board, Snapshot, allocate
from bpstudio.training.job import Change, Job, Layout
from bpstudio.training.line import Line
from bpstudio.training.seeking import Found
from bpstudio.training.serve import (
    Command,
    Ended,
    GoOn,
    Held,
    Lacking,
    News,
    Seek,
    Start,
    Stop,
    Wind,
    serve,
)

State = Literal["starting", "idle", "training", "lost", "closed"]

_THREADS = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


class Worker:
    """A worker process, and what is known of it.

    `state` is `starting` until it is up, `training` from a `start` to the news of its end, `lost`
    when the process ended by itself (killed from outside, or out of memory): `start` then starts
    another. `up` says whether it has answered yet: before that no run has taken a step. Only the
    thread that made it may use it.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.state: State = "closed"
        self.up = False
        self._number = 0
        self._sought: tuple[str, Line, int] | None = None
        self._found: list[Found] = []
        self._held: list[Held] = []
        self._seen = 0
        self._layout: Layout = ()
        self._launch(capacity)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The id of the process."""
        return self._process.pid

    def start(self, job: Job, tape: str = "", after: str = "") -> None:
        """Train this job from now on; a run that is going on is given up.

        It is kept on the `tape` of that name, which goes on from the one that it comes `after`.
        """
        self._raise(sum(math.prod(shape) for _, shape in job.layout))
        self._layout = job.layout
        self._sought = None
        self._send(Start(self._next(), job, tape, after))

    def seek(self, tape: str, line: Line, step: int) -> None:
        """Find a step of a run, which is that line and kept on that tape; `found` tells it.

        What was sought before and not found yet is given up. Not while a run is going on, and
        not a step before the line began.
        """
        assert self.state != "training" and line.start <= step
        self._raise(0)
        self._number += 1
        self._sought = tape, line, step
        self._send(Seek(self._number, tape, step))

    def found(self) -> list[Found]:
        """What was found of the step that is sought, since the last call of `news`, oldest first;
        an exact one, or one with a problem, is the last."""
        found, self._found = self._found, []
        return found

    def held(self) -> list[Held]:
        """Which settings hold from which step on, as told since the last call of this."""
        held, self._held = self._held, []
        return held

    def go_on(self, steps: int) -> None:
        """Take so many steps more from where the last run ended, with the changes since."""
        self._send(GoOn(self._next(), steps))

    def change(self, change: Change) -> None:
        """Have other settings or data hold from the next step, or for the next run."""
        self._send(change)

    def pause(self) -> None:
        """End the run; the news have what it came to."""
        self._send(Stop(kept=True))

    def stop(self) -> None:
        """End the run and forget what it came to."""
        self._send(Stop(kept=False))
        self._number += 1
        if self.state == "training":
            self.state = "idle"

    def look(self) -> Snapshot | None:
        """The newest state of the run, or None where nothing is new since the last look."""
        snapshot = self._board.read(self._number, self._seen, self._layout)
        if snapshot is None or snapshot.taken == self._seen:
            return None
        self._seen = snapshot.taken
        return snapshot

    def news(self, timeout: float = 0) -> list[Ended]:
        """What has ended since the last call; waits up to `timeout` seconds for something to.

        Also notices that the process is up, or lost. Runs that were given up have no news.
        """
        if self.state in ("lost", "closed"):
            return []
        news: list[Ended] = []
        if timeout:
            wait([self._connection, self._process.sentinel], timeout)
        try:
            while self._connection.poll():
                told: News = self._connection.recv()
                if told is None:
                    self.up = True
                    self.state = "idle" if self.state == "starting" else self.state
                elif told.number == self._number:
                    self._take(told, news)
        except (EOFError, OSError):
            self.state = "lost"
        if not self._process.is_alive():
            self.state = "lost"
        return news

    def close(self) -> None:
        """End the process, whatever it is doing. It has nothing to lose: the results were told."""
        if self.state == "closed":
            return
        self.state = "closed"
        self._process.kill()
        self._process.join()
        self._outbox.put(None)
        self._sender.join()
        self._process.close()
        self._connection.close()

    def _launch(self, capacity: int) -> None:
        context = multiprocessing.get_context("spawn")
        memory = allocate(context, capacity)
        self._capacity, self._board = capacity, Board(memory, capacity)
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=serve, args=(theirs, memory, capacity), name="training", daemon=True
        )
        with one_thread():
            self._process.start()
        theirs.close()
        self._outbox: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self._sender = threading.Thread(
            target=_forward, args=(self._outbox, self._connection), daemon=True
        )
        self._sender.start()
        self.state, self.up = "starting", False

    def _raise(self, numbers: int) -> None:
        """See to it that there is a process, with room for so many numbers."""
        gone = self.state in ("lost", "closed") or not self._process.is_alive()
        if gone or numbers > self._capacity:
            self.close()
            self._launch(max(numbers, self._capacity))

    def _take(self, told: Ended | Held | Found | Lacking, news: list[Ended]) -> None:
        if isinstance(told, Ended):
            self.state = "idle"
            news.append(told)
        elif isinstance(told, Held):
            self._held.append(told)
        elif isinstance(told, Found):
            self._found.append(told)
        elif self._sought is not None:
            tape, line, step = self._sought
            self._send(Wind(tape, line))
            self._send(Seek(self._number, tape, step))

    def _send(self, command: Command) -> None:
        self._outbox.put(command)

    def _next(self) -> int:
        """The number of a new run."""
        self._number += 1
        self._seen = 0
        self._held = []
        self.state = "training"
        return self._number


def _forward(outbox: queue.SimpleQueue[Command | None], connection: Connection) -> None:
    """Send what is in the outbox: a large job takes its time, and the window must not wait."""
    while (command := outbox.get()) is not None:
        try:
            connection.send(command)
        except OSError:
            return  # the process is gone, which its handle notices by itself


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """What is started meanwhile computes on one thread: it is faster beside the window, and the
    sums of a matrix product come out the same on every machine of a kind."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
