"""The board on which the worker process writes the newest weights and losses for the window.

There are two buffers for the weights, so that the worker fills one while the window copies the
other, and a ring for the losses; neither side ever waits. The memory has no name in the file
system, so nothing is left behind however the two end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.context import SpawnContext
from typing import Any

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.engine.optimizers import optimizers
from bpstudio.training.job import MOST_CLASSES, Confusion, Layout, Memory, Metrics, Progress

CAPACITY = 1 << 18
"""How many numbers there is room for in each buffer unless asked for more: 2 MiB."""

RING = 1 << 18
"""How many of the newest losses are kept: some seconds of the smallest network."""

_TICKET, _RUN, _STEP, _TAKEN, _SPEED, _MEASURED = range(6)
_PLAIN = _MEASURED + 9
"""Where the plain numbers of the metrics end and those of the classes begin."""
_KNOWN = _PLAIN + 2 * MOST_CLASSES**2
_SINCE, _HEAD = _KNOWN + 1, _KNOWN + 2
"""Which vectors of an optimizer lie behind the weights, 0 for none, and since when it counts."""
_ATTEMPTS = 5


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The newest state of a run that was whole when it was read.

    `taken` is how many steps the run has taken, `losses` those of its steps since the last look;
    `missed` is how many before them were overwritten because nobody looked for long. `metrics` are
    those of these very weights, as is the optimizer's `memory`, where it is known.
    """

    step: int
    taken: int
    losses: Array
    missed: int
    weights: Mapping[str, Array]
    steps_per_second: float
    metrics: Metrics | None
    memory: Memory | None = None


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
        """Write a record: the worker's side. `taken` counts the steps of this run so far.

        Weights that were not measured are not shown, or else the numbers that one reads beside
        them would be those of others; of such a record the losses are kept.
        """
        begun = taken > len(progress.losses)
        newest = progress.losses[-RING:]
        self._reached[0] = taken
        self._ring[np.arange(taken - len(newest), taken) % RING] = newest
        if progress.metrics is None and begun:
            return
        ticket = self._newest[0] + 1
        buffer = self._buffers[int(ticket) % 2]
        buffer[_TICKET] = 0
        buffer[_RUN:_MEASURED] = run, progress.step, taken, progress.steps_per_second
        _pack(progress.metrics, buffer)
        place = _HEAD
        for key, shape in layout:
            end = place + math.prod(shape)
            buffer[place:end] = progress.weights[key].reshape(-1)
            place = end
        _put_memory(progress.memory, buffer, place)
        buffer[_TICKET] = ticket
        self._newest[0] = ticket

    def read(self, run: int, seen: int, layout: Layout) -> Snapshot | None:
        """The newest record of that run, or None where there is none: the window's side.

        `seen` is how many of its losses are known already.
        """
        for _ in range(_ATTEMPTS):
            ticket = self._newest[0]
            buffer = self._buffers[int(ticket) % 2]
            size = sum(math.prod(shape) for _, shape in layout)
            vectors = _names(buffer[_KNOWN]) or ()
            copy = buffer[: _HEAD + size * (1 + len(vectors))].copy()
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
            metrics=_unpacked(copy),
            memory=_memory_in(copy, place, layout),
        )


def _put_memory(memory: Memory | None, buffer: Array, place: int) -> None:
    """What an optimizer remembers, from that place on; none of it where there is no room."""
    buffer[_KNOWN] = 0
    if memory is None:
        return
    names, kinds = tuple(memory.vectors), _kinds()
    whole = sum(vector.size for vector in memory.vectors.values())
    if names not in kinds or place + whole > len(buffer):
        return
    buffer[_KNOWN:_HEAD] = 1 + kinds.index(names), memory.since
    for vector in memory.vectors.values():
        buffer[place : place + vector.size] = vector
        place += vector.size


def _memory_in(copy: Array, place: int, layout: Layout) -> Memory | None:
    names, size = _names(copy[_KNOWN]), place - _HEAD
    if names is None or len(copy) < place + size * len(names):
        return None
    vectors = {name: copy[place + i * size :][:size] for i, name in enumerate(names)}
    for vector in vectors.values():
        vector.flags.writeable = False
    return Memory(int(copy[_SINCE]), layout, vectors)


def _names(kind: float) -> tuple[str, ...] | None:
    """Which vectors there are, by the number that stands for them."""
    kinds = _kinds()
    return kinds[int(kind) - 1] if 0 < kind <= len(kinds) else None


@lru_cache(maxsize=1)
def _kinds() -> list[tuple[str, ...]]:
    """The vectors that optimizers have, in an order that is the same on both sides."""
    return sorted({tuple(optimizer.state) for optimizer in optimizers.values()})


def _pack(metrics: Metrics | None, buffer: Array) -> None:
    """Metrics as numbers, where NaN stands for what is not there."""
    buffer[_MEASURED:_PLAIN] = np.nan
    if metrics is None:
        return
    values = (
        metrics.accuracy,
        metrics.test_loss,
        metrics.test_accuracy,
        metrics.error,
        metrics.test_error,
    )
    plain = (np.nan if value is None else value for value in values)
    buffer[_MEASURED:_PLAIN] = (
        metrics.step,
        metrics.loss,
        metrics.penalty,
        len(metrics.confusion),
        *plain,
    )
    place = _PLAIN
    for table in (metrics.confusion, metrics.test_confusion):
        end = place + len(metrics.confusion) ** 2
        buffer[place:end] = np.ravel(table) if table else np.nan
        place = end


def _unpacked(copy: Array) -> Metrics | None:
    step, loss, penalty, classes, *values = copy[_MEASURED:_PLAIN].tolist()
    if np.isnan(step):
        return None
    accuracy, test_loss, test_accuracy, error, test_error = (
        None if np.isnan(value) else value for value in values
    )
    count = int(classes)
    middle = _PLAIN + count**2
    return Metrics(
        int(step),
        loss,
        accuracy,
        test_loss,
        test_accuracy,
        penalty,
        error,
        test_error,
        _table(copy[_PLAIN:middle], count),
        _table(copy[middle : middle + count**2], count),
    )


def _table(numbers: Array, count: int) -> Confusion:
    if not count or np.isnan(numbers[0]):
        return ()
    return tuple(tuple(line) for line in numbers.astype(int).reshape(count, count).tolist())
