"""Every epoch sees every row once, in an order that the seed and the epoch give."""

from __future__ import annotations

import numpy as np
import pytest

from bpstudio.training.batches import (
    batch_size,
    batches_per_epoch,
    epoch_order,
    rows_of_step,
)


@pytest.mark.parametrize(
    ("rows", "batch", "count"), [(10, 3, 4), (9, 3, 3), (10, None, 1), (4, 32, 1), (5, 1, 5)]
)
def test_an_epoch_sees_every_row_once(rows: int, batch: int | None, count: int) -> None:
    assert batches_per_epoch(rows, batch) == count
    for epoch in range(3):
        seen = [rows_of_step(rows, batch, 1, epoch * count + i) for i in range(count)]
        assert sorted(np.concatenate(seen).tolist()) == list(range(rows))
        assert all(len(part) == batch_size(rows, batch) for part in seen[:-1])


def test_a_full_batch_keeps_the_order_of_the_data() -> None:
    assert rows_of_step(4, None, 1, 17).tolist() == [0, 1, 2, 3]


def test_the_order_is_keyed_by_seed_and_epoch() -> None:
    first = epoch_order(50, 1, 0)
    assert np.array_equal(first, epoch_order(50, 1, 0))
    assert not np.array_equal(first, epoch_order(50, 1, 1))
    assert not np.array_equal(first, epoch_order(50, 2, 0))


@pytest.mark.parametrize("rows", [1, 50, 30_000, 60_000])
def test_no_epoch_repeats_another(rows: int) -> None:
    orders = [epoch_order(rows, 1, epoch) for epoch in range(40 if rows == 50 else 3)]
    assert all(sorted(order) == list(range(rows)) for order in orders)
    assert len({order.tobytes() for order in orders}) == (1 if rows == 1 else len(orders))
