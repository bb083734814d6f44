"""The board on which the worker process writes the newest weights and losses for the window.

There are two buffers for the weights, so that the worker fills one while the window copies the
other, and a ring for the losses; neither side ever waits. The memory has no name in the file
system, so nothing is left behind however the two end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.context import SpawnContext
from typing import Any

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.training.job import Layout, Metrics, Progress

CAPACITY = 1 << 18
"""How many numbers there is room for in each buffer unless asked for more: 2 MiB."""

RING = 1 << 18
"""How many of the newest losses are kept: some seconds of the smallest network."""

_HEAD = 10
_TICKET, _RUN, _STEP, _TAKEN, _SPEED, _MEASURED = range(6)
_ATTEMPTS = 5


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The newest state of a run that was whole when it was read.

    `taken` is how many steps the run has taken, `losses` those of its steps since the last look;
    `missed` is how many before them were overwritten because nobody looked for long. `metrics`
    belong to the step that they name, which may lie before `step`.
    """

    step: int
    taken: int
    losses: Array
    missed: int
    weights: Mapping[str, Array]
    steps_per_second: float
    metrics: Metrics | None


def allocate(context: SpawnContext, capacity: int) -> Any:
    """Memory for a board for weights of up to this many numbers, zeroed."""
    return context.RawArray("d", 2 + 2 * (_HEAD + capacity) + RING)


class Board:
    """The memory of `allocate` as either side sees it.

    A buffer begins with the ticket of what it holds, 0 while it is written; `_newest` is the
    ticket of the last one that is whole. Tickets count up, and their parity says which buffer.
    `_reached` is how many losses the ring has taken, told before they are written over others.
    """

    def __init__(self, memory: Any, capacity: int) -> None:
        numbers = np.frombuffer(memory, dtype=np.float64)
        size = _HEAD + capacity
        self._newest = numbers[:1]
        self._reached = numbers[1:2]
        self._buffers = [numbers[2 + i * size : 2 + (i + 1) * size] for i in range(2)]
        self._ring = numbers[2 + 2 * size :]

    def publish(self, run: int, progress: Progress, taken: int, layout: Layout) -> None:
        """Write a record: the worker's side. `taken` counts the steps of this run so far."""
        first = taken - len(progress.losses)
        newest = progress.losses[-RING:]
        self._reached[0] = taken
        self._ring[np.arange(taken - len(newest), taken) % RING] = newest
        ticket = self._newest[0] + 1
        buffer, before = self._buffers[int(ticket) % 2], self._buffers[int(ticket - 1) % 2]
        buffer[_TICKET] = 0
        buffer[_RUN:_MEASURED] = run, progress.step, taken, progress.steps_per_second
        if progress.metrics is not None:
            buffer[_MEASURED:_HEAD] = _packed(progress.metrics)
        elif first > 0:
            buffer[_MEASURED:_HEAD] = before[_MEASURED:_HEAD]
        else:
            buffer[_MEASURED:_HEAD] = np.nan
        place = _HEAD
        for key, shape in layout:
            end = place + math.prod(shape)
            buffer[place:end] = progress.weights[key].reshape(-1)
            place = end
        buffer[_TICKET] = ticket
        self._newest[0] = ticket

    def read(self, run: int, seen: int, layout: Layout) -> Snapshot | None:
        """The newest record of that run, or None where there is none: the window's side.

        `seen` is how many of its losses are known already.
        """
        for _ in range(_ATTEMPTS):
            ticket = self._newest[0]
            buffer = self._buffers[int(ticket) % 2]
            copy = buffer[: _HEAD + sum(math.prod(shape) for _, shape in layout)].copy()
            if ticket and copy[_TICKET] == ticket == buffer[_TICKET]:
                return self._snapshot(copy, seen, layout) if copy[_RUN] == run else None
        return None

    def _snapshot(self, copy: Array, seen: int, layout: Layout) -> Snapshot:
        taken = int(copy[_TAKEN])
        losses = self._ring[np.arange(max(seen, taken - RING), taken) % RING]
        # The worker may have gone on meanwhile and written over the oldest of them.
        kept = min(len(losses), max(0, taken - (int(self._reached[0]) - RING)))
        losses = losses[len(losses) - kept :]
        weights, place = {}, _HEAD
        for key, shape in layout:
            end = place + math.prod(shape)
            weights[key] = copy[place:end].reshape(shape)
            weights[key].flags.writeable = False
            place = end
        return Snapshot(
            step=int(copy[_STEP]),
            taken=taken,
            losses=losses,
            missed=taken - seen - len(losses),
            weights=weights,
            steps_per_second=float(copy[_SPEED]),
            metrics=_unpacked(copy[_MEASURED:_HEAD]),
        )


def _packed(metrics: Metrics) -> tuple[float, ...]:
    """Metrics as numbers, where NaN stands for what is not there."""
    values = (metrics.accuracy, metrics.test_loss, metrics.test_accuracy)
    return metrics.step, metrics.loss, *(np.nan if v is None else v for v in values)


def _unpacked(numbers: Array) -> Metrics | None:
    if np.isnan(numbers[0]):
        return None
    step, loss, *values = (float(n) for n in numbers)
    return Metrics(int(step), loss, *(None if np.isnan(v) else v for v in values))
