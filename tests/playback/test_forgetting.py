"""What was found of a gate is forgotten again: a slider that is dragged makes hundreds of them."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable

import pytest

from bpstudio.engine.op import Op
from bpstudio.engine.ops.rectifier import LeakyReLU
from bpstudio.playback import near, patterns

MANY = 300
"""More settings than are kept."""


@pytest.mark.parametrize(
    ("found", "slope"),
    [(patterns.pattern_of, 0.5123), (patterns.swapped, 0.6123), (near._limits, 0.7123)],
)
def test_what_was_found_of_a_gate_is_forgotten(found: Callable[[Op], object], slope: float) -> None:
    first = LeakyReLU(slope=slope)  # which no other test has, so that it is this one that is kept
    gone = weakref.ref(first)
    found(first)
    del first
    for number in range(MANY):
        found(LeakyReLU(slope=number / 1000))
    gc.collect()
    assert gone() is None
