"""A sweep driven from a thread of its own, for who must not wait: the window.

    going = Driven(sweep, workers)
    for outcome in going.news(): …      # as often as one likes; never waits
    going.leave()                       # ends at once what is on its way; nor does this wait

To start processes, to hand them their pieces and to wait until they have ended takes longer than
a blink. `wait_for_all` waits until nothing is left of any.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from bpstudio.errors import StudioError

if TYPE_CHECKING:
    # Who only waits at the end for what there may be left should not have to load the plans.
    from bpstudio.training.sweep import Outcome, Sweep
    from bpstudio.training.sweeping import Folder, Glimpse

LOOK = 0.05
"""Seconds after which at the latest it is noticed that nobody wants it any more."""
_NAME = "sweep"

log = logging.getLogger(__name__)


class Kept(Protocol):
    """A folder in which results are kept as long as a sweep is on its way."""

    @property
    def folder(self) -> Folder:
        """Where they are."""

    def discard(self) -> None:
        """It is over, or given up."""


class Driven:
    """A sweep in so many processes of this computer; what is `known` of it is not done again.

    `keep` makes the folder that it is kept in meanwhile, or finds that of one that was cut off; it
    may raise OSError and StudioError, and then nothing is kept. Only what ends this process from
    outside leaves it behind.

    `over` says whether all is done and told; `steps` counts the steps that all trials have taken,
    of `whole`, and `glimpses` are of those that are under way.
    """

    def __init__(
        self,
        sweep: Sweep,
        workers: int,
        known: Mapping[int, Outcome] | None = None,
        keep: Callable[[], Kept] | None = None,
    ) -> None:
        self.over = False
        self.steps, self.whole = 0, sweep.steps * len(sweep.trials)
        self.glimpses: Mapping[int, Glimpse] = {}
        self._sweep, self._workers, self._known = sweep, workers, dict(known or {})
        self._keep = keep
        self._found: queue.SimpleQueue[Outcome | Exception | None] = queue.SimpleQueue()
        self._left = threading.Event()
        threading.Thread(target=self._drive, name=_NAME, daemon=True).start()

    def news(self) -> list[Outcome]:
        """The trials done since the last call; raises what ended it early, once."""
        found: list[Outcome] = []
        while not self._found.empty():
            told = self._found.get()
            if told is None:
                self.over = True
            elif isinstance(told, Exception):
                self.over = True
                raise told
            else:
                found.append(told)
        return found

    def leave(self) -> None:
        """End its processes, whatever they are doing; they are gone a moment later."""
        self._left.set()

    def _drive(self) -> None:
        from bpstudio.training.executors import processes
        from bpstudio.training.sweeping import Sweeping

        kept = self._begin_folder()
        try:
            with processes(self._workers) as place:
                folder = None if kept is None else kept.folder
                going = Sweeping(self._sweep, place, folder, self._known)
                self.steps = going.steps
                for number in going.outcomes.keys() - self._known.keys():
                    self._found.put(going.outcomes[number])
                while not (going.over or self._left.is_set()):
                    for outcome in going.news(LOOK):
                        self._found.put(outcome)
                    self.steps, self.glimpses = going.steps, dict(going.glimpses)
                self._found.put(None)
        except Exception as error:  # it is told in the thread that asked for the sweep
            self._found.put(error)
        finally:
            if kept is not None:
                kept.discard()

    def _begin_folder(self) -> Kept | None:
        if self._keep is None:
            return None
        try:
            return self._keep()
        except (OSError, StudioError) as error:
            log.warning("a sweep can't be kept aside: %s", error)
            return None


def wait_for_all(patience: float) -> bool:
    """Wait so many seconds for the processes of the sweeps that were left; whether all are gone."""
    until = time.monotonic() + patience
    going = [thread for thread in threading.enumerate() if thread.name == _NAME]
    for thread in going:
        thread.join(max(0.0, until - time.monotonic()))
    return not any(thread.is_alive() for thread in going)
