"""What runs beside the window, done in the test's own hands: no process, and no time of its own."""

from __future__ import annotations

import queue
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

from bpstudio.errors import StudioError


class Inside:
    """Stands for `Beside`: one thing is found at each look, and none while it is held up."""

    def __init__(self, work: Callable[..., Generator[Any, None, Any]], *arguments: Any) -> None:
        self.over, self.outcome, self.trace = False, None, ""
        self.problem: StudioError | None = None
        self._steps, self._held = work(*arguments), False

    def news(self, timeout: float = 0.0) -> list[Any]:
        """The next thing."""
        if self._held or self.over:
            return []
        try:
            return [next(self._steps)]
        except StopIteration as end:
            self.over, self.outcome = True, end.value
            return []

    def hold(self, on: bool) -> None:
        """Find nothing until it is let go on."""
        self._held = on

    def close(self) -> None:
        """It is given up."""
        self._steps.close()


class ByHand(Executor):
    """Stands for processes: every piece waits until the test does it."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    @contextmanager
    def processes(self, _workers: int) -> Iterator[ByHand]:
        """What takes the place of `executors.processes`."""
        yield self

    @property
    def asked(self) -> bool:
        """Whether a piece waits."""
        return not self._waiting.empty()

    def do(self) -> None:
        """Do the next piece that waits."""
        self._waiting.get(timeout=0)()

    def submit(self, work: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        """A piece that is done when the test says so."""
        future: Future[Any] = Future()
        self._waiting.put(lambda: future.set_result(work(*arguments, **named)))
        return future
