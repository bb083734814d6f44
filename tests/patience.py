"""Waiting for another process or thread: as long as a busy machine needs, and never for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 120.0
"""Seconds after which something that must happen is taken for lost. It is long, for nothing is
measured by it, and shorter than the time after which the whole run is given up."""

T = TypeVar("T")


def until(found: Callable[[], T], what: str, patience: float = PATIENCE) -> T:
    """What `found` gives as soon as it is something; fails with the sentence `what` if it never is.

    `found` may itself wait for a moment.
    """
    ends = time.monotonic() + patience
    while not (it := found()):
        assert time.monotonic() < ends, f"{what}, after {patience:g} seconds"
        time.sleep(0.001)
    return it
