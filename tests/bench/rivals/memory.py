"""The memory of a compiled plan, with what nobody reads any more used again and without."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any
from unittest import mock

from bpstudio.engine import layout
from bpstudio.engine.memory import Pool
from bpstudio.engine.op import Array


class Hoard(Pool):
    """Memory of which nothing is given back."""

    def give(self, flat: Array) -> None:
        """Keep it."""


def megabytes(make: Callable[[], Any]) -> float:
    """What stays allocated by what `make` gives, NumPy's arrays included."""
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    kept = make()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return (after - before) / 2**20


def with_and_without(make: Callable[[], Any]) -> tuple[float, float]:
    """Megabytes of a plan as it is, and as it would be if every value had memory of its own."""
    make()
    have = megabytes(make)
    with mock.patch.object(layout, "Pool", Hoard):
        return have, megabytes(make)
