"""Two trainings raced: the same losses, each at its own price, and counted truly."""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from bpstudio.engine.graph import Graph
from bpstudio.engine.optimizers import SGD, Adam
from bpstudio.errors import GraphError
from bpstudio.training.job import Job
from bpstudio.training.race import MOST_POINTS, TrainingRace, prices, racing
from bpstudio.training.trainer import train_now
from tests.training.conftest import Network


def raced(job: Job) -> list[TrainingRace]:
    """All that is told of a race, the end included."""
    return list(racing(job))


def test_both_arrive_with_the_same_losses_at_their_own_price(network: Network) -> None:
    job = network(layers=(4, 1), steps=40, optimizer=SGD(learning_rate=0.5))
    last = raced(job)[-1]
    fast, slow = last.lanes
    assert last.over and last.weights == 17
    assert (fast.steps, fast.forward, fast.backward) == (40, 40, 40)
    assert (slow.steps, slow.forward, slow.backward) == (40, 40 * 35, 0)
    proper = train_now(job).losses
    np.testing.assert_array_equal(fast.course[:, 2], proper)
    np.testing.assert_allclose(slow.course[:, 2], proper, atol=1e-8)
    assert 0 < last.apart < 1e-8
    np.testing.assert_array_equal(fast.course[:, 0], 2 * np.arange(1, 41))
    np.testing.assert_array_equal(slow.course[:, 0], 35 * np.arange(1, 41))
    for lane in last.lanes:
        assert (np.diff(lane.course[:, 1]) > 0).all()
        assert lane.course[-1, 1] == pytest.approx(lane.seconds)


def test_neither_works_longer_while_both_are_on_the_way(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a clock of its own, on which every piece of work takes a millisecond.
    looks = itertools.count()
    clock = SimpleNamespace(perf_counter=lambda: next(looks) / 1000)
    monkeypatch.setattr("bpstudio.training.race.time", clock)
    for race in raced(network("moons", (8, 1), steps=60, optimizer=Adam())):
        fast, slow = race.lanes
        if max(fast.steps, slow.steps) < race.steps:
            assert abs(fast.seconds - slow.seconds) == pytest.approx(0.0005, abs=0.0006)
        assert slow.steps <= fast.steps or fast.steps < race.steps


def test_frozen_weights_cost_nothing(network: Network) -> None:
    last = raced(network(layers=(4, 1), steps=3, frozen=frozenset({"dense1"})))[-1]
    assert last.weights == 5
    assert last.lanes[1].forward == 3 * 11


def test_a_long_course_is_thinned_and_ends_where_the_lane_is(network: Network) -> None:
    last = raced(network(layers=(2, 1), steps=3000))[-1]
    for lane in last.lanes:
        assert len(lane.course) <= MOST_POINTS + 1
        assert lane.course[-1, 2] == lane.loss
        assert lane.course[0, 0] == (2 if lane.backward else 2 * last.weights + 1)


def test_what_diverges_stops_with_a_sentence(network: Network) -> None:
    job = network("xor", (4, 1), loss="squared_error", output=None, steps=2000)
    job = replace(job, settings=replace(job.settings, optimizer=SGD(learning_rate=1e6)))
    last = raced(job)[-1]
    assert last.over
    for lane in last.lanes:
        assert lane.problem is not None and "Step " in str(lane.problem)
        assert lane.steps < 2000 and np.isfinite(lane.course).all()


def test_the_price_at_other_sizes(network: Network) -> None:
    last = raced(network(layers=(4, 1), steps=5))[-1]
    found = prices(last)
    assert [price.weights for price in found] == [17, 1_000, 100_000, 10_000_000, 1_000_000_000]
    slow = last.lanes[1]
    assert found[0].passes == 35
    assert found[0].seconds == pytest.approx(slow.seconds / 5)
    assert found[1].seconds == pytest.approx(slow.seconds / slow.forward * 2001)


def test_there_has_to_be_something_to_train() -> None:
    with pytest.raises(GraphError, match="nothing to train"):
        next(racing(Job(Graph(), {}, {})))
