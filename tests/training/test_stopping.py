"""A run ends by its rule at the same step whatever the machine does, and a pace changes nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bpstudio.engine.optimizers import SGD, Adam
from bpstudio.training import trainer
from bpstudio.training.course import lay_out
from bpstudio.training.job import Change, Job, Progress
from bpstudio.training.pace import Pace
from bpstudio.training.settings import Settings, StopRule, given_over
from bpstudio.training.trainer import train, train_now
from tests.training.conftest import Network


def ruled(job: Job, **rule: float | int) -> Job:
    settings = replace(job.settings, stop=StopRule(**rule))  # type: ignore[arg-type]
    return replace(job, settings=settings, watched=True)


@pytest.mark.parametrize("piece", [1e-5, 0.015, 1.0])
def test_it_ends_at_the_same_step_whatever_the_pieces(
    network: Network, piece: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bpstudio.training.pace.PIECE", piece)
    job = network(steps=5000, optimizer=SGD(learning_rate=0.5))
    for rule, step in (({"steps": 123}, 123), ({"loss": 0.1}, None), ({"accuracy": 1.0}, None)):
        result = train_now(ruled(job, **rule))
        assert result.reached is not None and result.metrics.step == result.step < 5000
        assert step is None or result.step == step
        assert result.step % 50 == 0 or step
        again = train_now(replace(job, steps=result.step))
        np.testing.assert_array_equal(again.losses, result.losses)


def test_each_rule_says_what_it_saw(network: Network) -> None:
    job = network(steps=5000, optimizer=SGD(learning_rate=0.5))
    below = train_now(ruled(job, loss=0.1))
    assert below.metrics.loss < 0.1 and "is below 0.1" in str(below.reached)
    right = train_now(ruled(job, accuracy=1.0))
    assert right.metrics.accuracy == 1.0 and "100.0%" in str(right.reached)
    still = train_now(
        ruled(replace(job, settings=Settings(optimizer=SGD(learning_rate=0.0))), patience=120)
    )
    assert still.step == 200 and "epochs without improvement: 150" in str(still.reached)


def test_the_penalty_is_not_in_the_loss_that_a_rule_looks_at(network: Network) -> None:
    job = network(steps=3000, optimizer=Adam(learning_rate=0.05), l2=1e-4)
    result = train_now(ruled(job, loss=0.05))
    assert result.reached is not None
    assert result.metrics.loss < 0.05 < result.metrics.loss + 10 * result.metrics.penalty
    assert result.metrics.penalty == pytest.approx(
        0.5e-4
        * sum(float((w**2).sum()) for k, w in result.weights.items() if not k.endswith("bias"))
    )


def test_patience_looks_at_the_test_rows(network: Network) -> None:
    job = network("moons", (8, 1), steps=20_000, batch=32, optimizer=Adam(learning_rate=0.05))
    result = train_now(ruled(job, patience=30))
    assert result.reached is not None and result.step < 20_000


def test_a_run_of_so_many_steps_heeds_no_rule(network: Network) -> None:
    job = ruled(network(steps=300), steps=10)
    assert train_now(replace(job, watched=False)).step == 300


def test_a_rule_may_come_while_it_runs(network: Network) -> None:
    job = replace(network(steps=5000), watched=True)
    training = train(job)
    record = next(training)
    record = training.send(Change(replace(job.settings, stop=StopRule(steps=record.step + 7))))
    assert record.changes
    while not record.last:
        record = next(training)
    assert record.reached is not None


def test_a_pace_changes_no_number_and_is_kept(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("bpstudio.training.pace.time.perf_counter", lambda: now[0])
    job = network(steps=60)
    whole, seen = train_now(job), list[Progress]()
    training = train(replace(job, pace=20.0))
    for record in training:
        seen.append(record)
        now[0] += record.rest + 1e-4
    assert len(seen) == 60 and now[0] == pytest.approx(3.0, abs=0.2)
    assert all(record.metrics is not None for record in seen[2:])
    np.testing.assert_array_equal(np.concatenate([r.losses for r in seen]), whole.losses)
    assert seen[-1].steps_per_second <= 20.0


def test_without_a_limit_nothing_waits() -> None:
    pace = Pace()
    pace.begin()
    pace.end(10)
    assert pace.rest(10) == 0.0


def test_a_pace_alone_is_no_change_of_the_run(network: Network) -> None:
    training = train(network(steps=5000))
    next(training)
    record = training.send(Change(pace=100.0))
    assert record.changes == ()
    assert not Change(pace=3.0).counts and Change(Settings()).counts
    assert network().changed(Change(pace=0)).pace is None


def test_a_node_may_learn_at_a_rate_of_its_own(network: Network) -> None:
    job = network(steps=1, optimizer=SGD(learning_rate=0.5))
    plain = train_now(job)
    own = train_now(replace(job, settings=replace(job.settings, rates=(("dense1", 0.1),))))
    for key, weight in job.weights.items():
        share = 0.1 if key.startswith("dense1") else 1.0
        moved = own.weights[key] - weight
        np.testing.assert_allclose(moved, share * (plain.weights[key] - weight), atol=1e-15)
    frozen = replace(job.settings, rates=(("dense1", 0.1),), frozen=frozenset({"dense1"}))
    assert frozen.factor("dense1") == 0.0
    assert np.ndim(lay_out(job).rate) == 0


def test_who_takes_over_the_weights_learns_as_fast() -> None:
    settings = Settings(frozen=frozenset({"a"}), rates=(("b", 0.5),))
    assert given_over(settings, ["a"], ["x", "y"]).frozen == {"x", "y"}
    assert given_over(settings, ["b"], ["x", "y"]).rates == (("x", 0.5), ("y", 0.5))
    assert given_over(settings, ["a", "b"], ["x"]) == Settings()
    back = given_over(given_over(settings, ["b"], ["x", "y"]), ["x", "y"], ["b"])
    assert back == settings


def test_the_watch_costs_nothing_where_there_is_no_rule(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looked(*_: object) -> None:
        raise AssertionError("there is nothing to look for")

    monkeypatch.setattr(trainer, "_looked", looked)
    assert train_now(replace(network(steps=500), watched=True)).step == 500
