"""Something that takes long, done in a process of its own beside the window.

    with Beside(work, *arguments) as job:   # `work` is a generator function of some module
        …
        for found in job.news():            # as often as one likes; never waits
            …                               # `job.over`, `job.outcome`, `job.problem`

Of what the generator yields on the way the newest is told, some 25 times a second; what it returns
is the outcome. It can be held up between two of them, and let go on. Closing ends the process at
once, whatever it is doing.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
import traceback
from collections.abc import Callable, Generator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Literal

from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.training.serve import bring_plugins, end_with_parent
from bpstudio.training.worker import one_thread

PAUSE = 0.04
"""Seconds between two things that are told on the way, at least."""

Kind = Literal["found", "over", "problem", "fault"]


@dataclass(frozen=True, eq=False)
class Told:
    """What came of the work, or what it found on the way."""

    kind: Kind
    what: Any


class Beside:
    """A process that does one thing, and what is known of it.

    `over` says whether it has ended by itself: with an `outcome`, or with a `problem`; `trace` is
    there where the problem is a fault of ours, for the log.
    """

    def __init__(self, work: Callable[..., Generator[Any, None, Any]], *arguments: Any) -> None:
        self.over = False
        self.outcome: Any = None
        self.problem: StudioError | None = None
        self.trace = ""
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), name="beside", daemon=True)
        with one_thread():
            self._process.start()
        theirs.close()
        self._sending: threading.Thread | None = None
        self._send((work, arguments))

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def news(self, timeout: float = 0.0) -> list[Any]:
        """What was found since the last call; waits up to `timeout` seconds for something."""
        found: list[Any] = []
        if self.over:
            return found
        if timeout:
            wait([self._connection, self._process.sentinel], timeout)
        try:
            while not self.over and self._connection.poll():
                self._take(self._connection.recv(), found)
        except (EOFError, OSError):
            self._lose()
        if not self.over and not self._process.is_alive() and not self._connection.poll():
            self._lose()
        return found

    def hold(self, on: bool) -> None:
        """Have it wait before it does more, or go on; what was found until then is told."""
        self._send(on)

    def close(self) -> None:
        """End the process; nothing is left of it."""
        if self._connection.closed:
            return
        self._process.kill()
        self._process.join()
        if self._sending is not None:
            self._sending.join()
        self._process.close()
        self._connection.close()

    def _take(self, told: Told, found: list[Any]) -> None:
        if told.kind == "found":
            found.append(told.what)
            return
        self.over = True
        if told.kind == "over":
            self.outcome = told.what
        elif told.kind == "problem":
            self.problem = told.what
        else:
            kind, reason, self.trace = told.what
            self.problem = StudioError(
                N_(
                    "This ended by a fault of Backprop Studio itself ({kind}: {reason}). Report it."
                ),
                kind=kind,
                reason=reason,
            )

    def _lose(self) -> None:
        self.over = True
        self.problem = StudioError(
            N_("The process that was to do this was ended from outside. Try again.")
        )

    def _send(self, what: object) -> None:
        """Send this after all before it; it may be large, and whoever asked must not wait."""
        after = self._sending
        self._sending = threading.Thread(target=self._put, args=(what, after), daemon=True)
        self._sending.start()

    def _put(self, what: object, after: threading.Thread | None) -> None:
        if after is not None:
            after.join()
        try:
            self._connection.send(what)
        except OSError:
            return  # the process is gone, which its handle notices by itself


def _serve(connection: Connection) -> None:
    """Do the one thing that is sent, and tell of it."""
    # Ctrl+C in a terminal reaches every process of it; the window decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    bring_plugins()
    try:
        work, arguments = connection.recv()
        connection.send(_done(connection, work, arguments))
    except (EOFError, OSError):
        return


def _done(connection: Connection, work: Any, arguments: tuple[Any, ...]) -> Told:
    try:
        steps = work(*arguments)
        next_at, newest = 0.0, None
        while True:
            held = connection.poll() and connection.recv()
            if held and newest is not None:
                connection.send(Told("found", newest))
                newest = None
            while held:
                held = connection.recv()
            try:
                newest = next(steps)
            except StopIteration as end:
                if newest is not None:
                    connection.send(Told("found", newest))
                return Told("over", end.value)
            now = time.monotonic()
            if now >= next_at:
                connection.send(Told("found", newest))
                next_at, newest = now + PAUSE, None
    except StudioError as error:
        return Told("problem", error)
    except (EOFError, OSError):
        raise
    except Exception as error:
        return Told("fault", (type(error).__name__, str(error), traceback.format_exc()))
