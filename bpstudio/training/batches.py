"""Which rows each step sees: a function of seed and step, so that any step can be redone."""

from __future__ import annotations

import numpy as np

from bpstudio.engine.op import Array

_STREAM = 0x6F72646572  # "order": not the streams from which weights and noise are drawn


def batch_size(rows: int, batch: int | None) -> int:
    """How many rows a full batch has: those asked for, but not more than there are."""
    return rows if batch is None else max(1, min(batch, rows))


def batches_per_epoch(rows: int, batch: int | None) -> int:
    """How many steps see every row once; the last may see fewer rows than the others."""
    return -(-rows // batch_size(rows, batch))


def epoch_order(rows: int, seed: int, epoch: int) -> Array:
    """The order in which an epoch takes the rows: a permutation of their indices."""
    sequence = np.random.SeedSequence([seed, _STREAM, epoch])
    return np.random.Generator(np.random.Philox(sequence)).permutation(rows)


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
