"""What is wanted sooner or later is imported beside the window, before anybody asks for it.

To import what a panel or a dialog stands on takes up to some tenths of a second, and on a machine
that is busy with other things several times as long. In a thread of its own it holds the window up
for less than a blink at a time.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence

BESIDE = (
    "bpstudio.training.beside",
    "bpstudio.training.driving",
    "bpstudio.training.executors",
    "bpstudio.training.sweeping",
    "bpstudio.engine.check",
    "bpstudio.engine.race",
    "bpstudio.ui.film",
    "bpstudio.ui.render",
    "bpstudio.ui.presenting",
)
"""What a first click would import."""

log = logging.getLogger(__name__)


class Warming:
    """Imports, in a thread that begins with `begin` and can be left at any time.

    What the window is made of comes first; the rest waits for `go_on`, when the window is whole.
    """

    def __init__(self) -> None:
        self._left, self._rest = threading.Event(), threading.Event()
        self._waited_for: frozenset[str] = frozenset()
        self._done: set[str] = set()
        self._thread: threading.Thread | None = None

    def begin(self, first: Sequence[str]) -> None:
        """Import these, and then what a first click would import."""
        first = [name for name in first if name not in sys.modules]
        later = [name for name in _later() if name not in sys.modules]
        if (first or later) and self._thread is None:
            self._waited_for = frozenset(first + later)
            work = threading.Thread(
                target=self._work, args=(first, later), name="warming", daemon=True
            )
            self._thread = work
            work.start()

    def has(self, names: Iterable[str]) -> bool:
        """Whether none of these is still being imported, or about to be."""
        going = self._thread is not None and self._thread.is_alive()
        return not going or self._waited_for.isdisjoint(set(names) - self._done)

    def go_on(self) -> None:
        """Import the rest."""
        self._rest.set()

    def leave(self) -> None:
        """End it; an import that is going on is waited for."""
        self._left.set()
        self._rest.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self, first: list[str], later: list[str]) -> None:
        for name in first:
            self._import(name)
        self._rest.wait()
        for name in later:
            self._import(name)

    def _import(self, name: str) -> None:
        if self._left.is_set():
            return
        try:
            importlib.import_module(name)
        except Exception:
            # Whoever wants it is told what is wrong with it.
            log.info("%s can't be imported", name, exc_info=True)
        self._done.add(name)


def _later() -> Iterator[str]:
    from bpstudio.ui import dialogs

    yield from BESIDE
    for found in pkgutil.iter_modules(dialogs.__path__):
        yield f"{dialogs.__name__}.{found.name}"
