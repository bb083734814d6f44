"""Which rows each step sees: a function of seed and step, so that any step can be redone."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from bpstudio.engine.op import Array

DRAWN_AT_ONCE = 50_000
"""How many numbers the orders of some epochs may have that are drawn together."""

_STREAM = 0x6F72646572  # "order": not the streams from which weights and noise are drawn


def batch_size(rows: int, batch: int | None) -> int:
    """How many rows a full batch has: those asked for, but not more than there are."""
    return rows if batch is None else max(1, min(batch, rows))


def batches_per_epoch(rows: int, batch: int | None) -> int:
    """How many steps see every row once; the last may see fewer rows than the others."""
    return -(-rows // batch_size(rows, batch))


def epoch_order(rows: int, seed: int, epoch: int) -> Array:
    """The order in which an epoch takes the rows: a permutation of their indices.

    Orders of small data sets are drawn some epochs at a time: to start a stream of random numbers
    takes longer than to draw one of them.
    """
    together = max(1, min(16, DRAWN_AT_ONCE // rows))
    order: Array = _orders(rows, seed, epoch // together, together)[epoch % together]
    return order


def rows_of_step(rows: int, batch: int | None, seed: int, step: int) -> Array:
    """The indices of the rows that the step with this number (from 0) sees.

    A full batch takes them in the order of the data.
    """
    count = batches_per_epoch(rows, batch)
    if count == 1:
        return np.arange(rows)
    epoch, index = divmod(step, count)
    size = batch_size(rows, batch)
    return epoch_order(rows, seed, epoch)[index * size : (index + 1) * size]


@lru_cache(maxsize=2)
def _orders(rows: int, seed: int, block: int, together: int) -> Array:
    """The orders of so many epochs in a row, shape (together, rows)."""
    sequence = np.random.SeedSequence([seed, _STREAM, block])
    rng = np.random.Generator(np.random.Philox(sequence))
    orders = rng.permuted(np.tile(np.arange(rows), (together, 1)), axis=1)
    orders.flags.writeable = False
    return orders
