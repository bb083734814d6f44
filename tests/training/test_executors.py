"""Processes that are ended at any moment end, and so does who waits for them."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from bpstudio.training import executors
from tests.patience import PATIENCE, until

SIZE = 4_000_000


def large(count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A result that takes far longer to hand over than to make."""
    return np.zeros(count)


def endless() -> None:
    while True:
        time.sleep(1)


@pytest.mark.parametrize("pause", [0.0, 0.002, 0.005, 0.01, 0.02])
def test_they_end_while_results_are_handed_over(pause: float) -> None:
    left = threading.Event()

    def leave() -> None:
        with executors.processes(2) as place:
            pieces = [place.submit(large, SIZE) for _ in range(12)]
            assert pieces[0].result(PATIENCE).size == SIZE
            time.sleep(pause)
        left.set()

    thread = threading.Thread(target=leave, daemon=True)
    thread.start()
    assert left.wait(PATIENCE), "it waits for a result of which half was written"


def test_they_end_in_the_midst_of_a_piece() -> None:
    with executors.processes(1) as place:
        piece = place.submit(endless)
        until(piece.running, "the piece is not begun")
    assert piece.done()
