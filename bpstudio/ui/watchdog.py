"""Notices when the window stands still, and writes into the log where every thread is.

A timer in the thread of the window beats; a thread of its own looks whether it does. Nobody is
told while it lasts: the log has what a report needs.
"""

from __future__ import annotations

import faulthandler
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from PySide6.QtCore import QTimer

BEAT = 100
"""Milliseconds between two beats."""
LOOK = 0.5
"""Seconds between two looks."""
LONGEST = 2.0
"""Seconds without a beat that are too many."""

log = logging.getLogger(__name__)


class Pulse:
    """When the last beat was, and whether it was missed already."""

    def __init__(self, now: float) -> None:
        self.last = self._looked = now
        self._told = False

    def beat(self, now: float) -> None:
        """The window lives."""
        self.last = now

    def missed(self, now: float) -> float:
        """For how long the window has stood still; 0 where it lives, or where that was told.

        A look that comes too late itself says nothing: then the machine slept.
        """
        slept = now - self._looked > LONGEST
        self._looked = now
        gap = now - self.last
        if gap <= LONGEST:
            self._told = False
            return 0.0
        if slept or self._told:
            return 0.0
        self._told = True
        return gap


@contextmanager
def watched(file: TextIO | None, clock: Callable[[], float] = time.monotonic) -> Iterator[Pulse]:
    """Watch over the window meanwhile; traces of all threads go to the file, if there is one."""
    pulse, over = Pulse(clock()), threading.Event()
    timer = QTimer()
    timer.setInterval(BEAT)
    timer.timeout.connect(lambda: pulse.beat(clock()))
    timer.start()

    def watch() -> None:
        while not over.wait(LOOK):
            gap = pulse.missed(clock())
            if gap:
                note(gap, file)

    thread = threading.Thread(target=watch, name="watchdog", daemon=True)
    thread.start()
    try:
        yield pulse
    finally:
        timer.stop()
        over.set()
        thread.join()


def note(gap: float, file: TextIO | None) -> None:
    """Write that the window has stood still for so many seconds, and where every thread is."""
    log.warning("the window has not answered for %.1f seconds", gap)
    if file is None:
        return
    try:
        file.write(f"\n{time.strftime('%Y-%m-%d %H:%M:%S')}: no answer for {gap:.1f} seconds\n")
        file.flush()
    except OSError as error:
        log.warning("where the threads are can't be written: %s", error)
        return
    faulthandler.dump_traceback(file, all_threads=True)
