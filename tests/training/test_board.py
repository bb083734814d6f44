"""The board shows the newest whole record, or nothing."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace

import numpy as np
import pytest

from bpstudio.engine.op import Array
from bpstudio.engine.optimizers import Adam
from bpstudio.training import board
from bpstudio.training.board import Board, allocate
from bpstudio.training.job import Layout, Memory, Metrics, Progress

LAYOUT: Layout = (("a.weight", (2, 3)), ("a.bias", (3,)), ("b.value", ()))


def record(
    step: int, losses: list[float], metrics: Metrics | None = None, *, measured: bool = True
) -> Progress:
    metrics = metrics or (Metrics(step, 1.0) if measured else None)
    weights: dict[str, Array] = {
        "a.weight": np.arange(6.0).reshape(2, 3) + step,
        "a.bias": np.full(3, float(step)),
        "b.value": np.array(-float(step)),
    }
    return Progress(step, np.array(losses), weights, {}, 1234.5, metrics=metrics)


@pytest.fixture
def memory() -> object:
    return allocate(multiprocessing.get_context("spawn"), 10)


def test_what_is_written_is_read(memory: object) -> None:
    writer, reader = Board(memory, 10), Board(memory, 10)
    assert reader.read(1, 0, LAYOUT) is None
    metrics = Metrics(12, 0.5, 0.75)
    writer.publish(1, record(12, [3.0, 2.0], metrics), 2, LAYOUT)
    seen = reader.read(1, 0, LAYOUT)
    assert seen is not None
    assert (seen.step, seen.taken, seen.missed, seen.steps_per_second) == (12, 2, 0, 1234.5)
    assert seen.losses.tolist() == [3, 2]
    assert seen.metrics == metrics
    assert seen.weights["a.weight"].tolist() == [[12, 13, 14], [15, 16, 17]]
    assert seen.weights["a.bias"].tolist() == [12, 12, 12]
    assert seen.weights["b.value"] == -12
    writer.publish(1, record(13, [1.0]), 3, LAYOUT)
    seen = reader.read(1, 2, LAYOUT)
    assert seen is not None
    assert seen.losses.tolist() == [1]
    assert seen.metrics == Metrics(13, 1.0)


def test_weights_that_were_not_measured_are_not_shown_but_their_losses_are_kept(
    memory: object,
) -> None:
    sheet = Board(memory, 10)
    sheet.publish(1, record(1, [5.0]), 1, LAYOUT)
    sheet.publish(1, record(2, [4.0], measured=False), 2, LAYOUT)
    seen = sheet.read(1, 0, LAYOUT)
    assert seen is not None and seen.metrics is not None
    assert (seen.step, seen.metrics.step, seen.losses.tolist()) == (1, 1, [5])
    sheet.publish(1, record(3, [3.0]), 3, LAYOUT)
    seen = sheet.read(1, 1, LAYOUT)
    assert seen is not None and seen.metrics is not None
    assert (seen.step, seen.metrics.step, seen.losses.tolist()) == (3, 3, [4, 3])


def test_another_run_is_not_taken_for_this_one(memory: object) -> None:
    sheet = Board(memory, 10)
    sheet.publish(1, record(5, [1.0], Metrics(5, 1.0)), 1, LAYOUT)
    assert sheet.read(2, 0, LAYOUT) is None
    sheet.publish(2, record(5, [7.0], measured=False), 1, LAYOUT)
    seen = sheet.read(2, 0, LAYOUT)
    assert seen is not None
    assert seen.metrics is None


def test_metrics_with_gaps_and_infinities(memory: object) -> None:
    sheet = Board(memory, 10)
    confused = ((3, 1), (0, 4))
    for metrics in (
        Metrics(1, np.inf),
        Metrics(1, 0.5, None, 0.25, None),
        Metrics(1, 2, 1, 3, 0, 0.5),
        Metrics(1, 2, error=0.5, test_error=np.inf),
        Metrics(1, 2, 0.75, confusion=confused),
        Metrics(1, 2, 0.75, 2, 1.0, confusion=confused, test_confusion=((1, 2), (3, 4))),
        Metrics(1, 2, confusion=((1,) * 12,) * 12, test_confusion=((7,) * 12,) * 12),
    ):
        sheet.publish(1, record(1, [1.0], metrics), 1, LAYOUT)
        seen = sheet.read(1, 0, LAYOUT)
        assert seen is not None
        assert seen.metrics == metrics


def test_a_record_that_is_being_written_is_not_read(memory: object) -> None:
    sheet = Board(memory, 10)
    sheet.publish(1, record(1, [1.0]), 1, LAYOUT)
    sheet.publish(1, record(2, [1.0]), 2, LAYOUT)
    newest = sheet._buffers[0]
    ticket = newest[0]
    newest[0] = 0
    assert sheet.read(1, 0, LAYOUT) is None
    newest[0] = ticket
    assert sheet.read(1, 0, LAYOUT) is not None


def test_losses_that_nobody_looked_at_are_counted(
    memory: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "RING", 8)
    sheet = Board(memory, 10)
    for first in range(0, 30, 3):
        losses = [float(first), first + 1.0, first + 2.0]
        sheet.publish(1, record(first + 3, losses), first + 3, LAYOUT)
    seen = sheet.read(1, 5, LAYOUT)
    assert seen is not None
    assert seen.losses.tolist() == [22, 23, 24, 25, 26, 27, 28, 29]
    assert seen.missed == 17
    sheet.publish(1, record(60, list(range(30, 60))), 60, LAYOUT)
    seen = sheet.read(1, 30, LAYOUT)
    assert seen is not None
    assert seen.losses.tolist() == list(range(52, 60))
    assert seen.missed == 22


def test_losses_that_are_written_over_while_one_reads_are_not_taken(
    memory: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "RING", 8)
    sheet = Board(memory, 10)
    sheet.publish(1, record(6, [0, 1, 2, 3, 4, 5]), 6, LAYOUT)
    copied = sheet._buffers[1].copy()
    sheet.publish(1, record(10, [6, 7, 8, 9]), 10, LAYOUT)
    seen = sheet._snapshot(copied, 0, LAYOUT)
    assert seen.losses.tolist() == [2, 3, 4, 5]
    assert seen.missed == 2


def test_what_the_optimizer_remembers_crosses_where_there_is_room() -> None:
    context = multiprocessing.get_context("spawn")
    vectors = dict.fromkeys(Adam.state, np.arange(10.0))
    told = replace(record(7, [1.0]), memory=Memory(3, LAYOUT, vectors))
    roomy, tight = Board(allocate(context, 30), 30), Board(allocate(context, 29), 29)
    roomy.publish(1, told, 1, LAYOUT)
    found = roomy.read(1, 0, LAYOUT)
    assert found is not None and found.memory is not None
    assert (found.memory.since, found.memory.layout) == (3, LAYOUT)
    for name, vector in vectors.items():
        np.testing.assert_array_equal(found.memory.vectors[name], vector)
    for writer, later in ((roomy, replace(told, memory=None)), (tight, told)):
        writer.publish(1, later, 2, LAYOUT)
        found = writer.read(1, 0, LAYOUT)
        assert found is not None and found.memory is None
        np.testing.assert_array_equal(found.weights["a.bias"], told.weights["a.bias"])
