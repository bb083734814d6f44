"""Training is exact: the same from the same, wherever it is cut and whatever drives it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.data.dataset import Dataset
from bpstudio.engine import run
from bpstudio.engine.graph import Graph, Node, add
from bpstudio.engine.op import Array, catalog
from bpstudio.engine.ops.arithmetic import Scale
from bpstudio.engine.optimizers import SGD, Adam, Momentum
from bpstudio.errors import GraphError, NotFinite
from bpstudio.training.batches import rows_of_step
from bpstudio.training.failure import given_of_step
from bpstudio.training.job import Change, Job, Memory, Progress
from bpstudio.training.measure import measure, share_right
from bpstudio.training.settings import Settings
from bpstudio.training.trainer import continued, train, train_now

if TYPE_CHECKING:
    from tests.training.conftest import Network


def values(features: list[float], answers: list[float]) -> Dataset:
    """A data set of one input and one value to learn, all of it for training."""
    return Dataset("values", np.array(features)[:, None], np.array(answers)[:, None])


def by_hand(job: Job) -> tuple[list[float], dict[str, Array]]:
    """The same training by the readable run and the optimizer's own rule, weight by weight."""
    weights = {key: np.array(value) for key, value in job.weights.items()}
    optimizer = job.settings.optimizer
    state = {
        key: {name: np.zeros_like(value) for name in optimizer.state}
        for key, value in weights.items()
    }
    losses = []
    for step in range(job.start, job.start + job.steps):
        randomness = run.Randomness(job.settings.seed, step)
        given = given_of_step(job, step)
        recording = run.record(job.graph, given, weights, randomness=randomness)
        losses.append(float(recording.values["loss1"]))
        for key, gradient in recording.weight_gradients.items():
            frozen = key.partition(".")[0] in job.settings.frozen
            pulled = 0.0 if key.endswith(".bias") else job.settings.l2 * weights[key]
            rate = np.array(0.0 if frozen else optimizer.learning_rate)
            new = optimizer.update(
                weights[key], gradient + pulled, rate, np.array(step + 1.0), **state[key]
            )
            weights[key] = new["w"]
            state[key] = {name: new[name] for name in state[key]}
    return losses, weights


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"optimizer": Momentum(), "batch": 3},
        {"optimizer": Adam(), "batch": 2, "l2": 0.1},
        {"optimizer": Adam(), "frozen": frozenset({"dense1"}), "l2": 0.01},
        {"batch": 1, "seed": 9},
    ],
    ids=str,
)
def test_it_is_what_the_readable_run_does(network: Network, settings: dict[str, Any]) -> None:
    job = network(steps=40, **settings)
    result = train_now(job)
    losses, weights = by_hand(job)
    assert np.allclose(result.losses, losses, rtol=1e-10, atol=1e-12)
    for key, value in weights.items():
        assert np.allclose(result.weights[key], value, rtol=1e-9, atol=1e-11)


def test_ragged_batches_are_what_the_readable_run_does(network: Network) -> None:
    data = toys.make("moons", points=50, held_out=0.2)
    job = network(data, (5, 1), batch=12, optimizer=Adam(), steps=25)
    assert job.rows % 12
    losses, _ = by_hand(job)
    assert np.allclose(train_now(job).losses, losses, rtol=1e-10)


@pytest.mark.parametrize("start", [0, 50])
@pytest.mark.parametrize("batch", [None, 3])
def test_noise_is_that_of_the_readable_run_wherever_it_starts(
    network: Network, start: int, batch: int | None
) -> None:
    job = replace(network(activation="dropout", batch=batch, steps=12), start=start)
    losses, _ = by_hand(job)
    assert len(set(losses)) > 6
    assert np.allclose(train_now(job).losses, losses, rtol=1e-10)


def test_xor_is_learned(network: Network) -> None:
    result = train_now(network(steps=1000))
    assert result.metrics.accuracy == 1.0
    assert result.losses[-1] < 0.05 < result.losses[0]
    assert result.step == len(result.losses) == 1000
    assert result.steps_per_second > 0


@pytest.mark.parametrize("batch", [None, 32])
def test_the_same_seed_gives_bit_equal_losses(network: Network, batch: int | None) -> None:
    job = network("moons", (8, 1), batch=batch, optimizer=Adam(), steps=1000)
    one, two = train_now(job), train_now(job)
    assert np.array_equal(one.losses, two.losses)
    assert all(np.array_equal(one.weights[key], two.weights[key]) for key in one.weights)
    other = train_now(network("moons", (8, 1), batch=batch, optimizer=Adam(), seed=2, steps=10))
    assert not np.array_equal(other.losses, one.losses[:10])


@pytest.mark.parametrize("optimizer", [SGD(), Momentum(), Adam()], ids=lambda o: o.name)
@pytest.mark.parametrize("batch", [None, 7])
def test_a_run_in_two_jobs_equals_a_run_in_one(
    network: Network, optimizer: SGD, batch: int | None
) -> None:
    data = toys.make("moons", points=40)
    whole = network(data, (5, 1), optimizer=optimizer, batch=batch, steps=101)
    first = train_now(replace(whole, steps=37))
    second = train_now(continued(whole, first, 64))
    expected = train_now(whole)
    assert np.array_equal(np.concatenate([first.losses, second.losses]), expected.losses)
    assert second.step == expected.step
    for key, value in expected.weights.items():
        assert np.array_equal(second.weights[key], value)
    for name, vector in expected.memory.vectors.items():
        assert np.array_equal(second.memory.vectors[name], vector)


def test_a_memory_that_does_not_fit_is_forgotten(network: Network) -> None:
    job = network(optimizer=Adam(), steps=5)
    result = train_now(job)
    fresh = continued(replace(job, memory=Memory()), replace(result, memory=Memory()), 5)
    other = replace(fresh, memory=replace(result.memory, layout=(("dense9.weight", (2, 4)),)))
    assert np.array_equal(train_now(fresh).losses, train_now(other).losses)
    kept = train_now(replace(fresh, memory=result.memory))
    assert not np.array_equal(kept.losses, train_now(fresh).losses)


def test_an_optimizer_without_a_memory_counts_from_its_own_start(network: Network) -> None:
    job = network(optimizer=Adam(), steps=20)
    later = train_now(replace(job, start=50))
    assert np.array_equal(later.losses, train_now(job).losses)
    assert later.memory.since == 50


def test_a_changed_setting_holds_from_the_next_step(network: Network) -> None:
    job = network("moons", (5, 1), batch=8, steps=10_000)
    slower = replace(job.settings, optimizer=SGD(learning_rate=0.01))
    training = train(job)
    first = next(training)
    second = training.send(Change(settings=slower))
    assert second.changes == ((first.step, slower),)
    one = train_now(replace(job, steps=first.step))
    two = train_now(replace(continued(job, one, len(second.losses)), settings=slower))
    assert np.array_equal(second.losses, two.losses)
    training.close()


@pytest.mark.parametrize(
    "changed",
    [
        {"optimizer": Adam()},
        {"l2": 0.5},
        {"batch": 5},
        {"seed": 4},
        {"frozen": frozenset({"dense1"})},
    ],
    ids=str,
)
def test_everything_that_may_change_equals_a_new_job(
    network: Network, changed: dict[str, Any]
) -> None:
    job = network("moons", (5, 1), batch=8, steps=10_000, optimizer=Momentum())
    settings = replace(job.settings, **changed)
    training = train(job)
    first = next(training)
    second = training.send(Change(settings=settings))
    one = train_now(replace(job, steps=first.step))
    two = train_now(replace(continued(job, one, len(second.losses)), settings=settings))
    assert np.array_equal(second.losses, two.losses)
    training.close()


def test_data_may_change(network: Network) -> None:
    job = network("xor", steps=10_000)
    training = train(job)
    first = next(training)
    rows = {"data1.rows": np.array([[0.0, 1.0]]), "loss1.target": np.array([[0.0]])}
    second = training.send(Change(given=rows))
    one = train_now(replace(job, steps=first.step))
    two = train_now(replace(continued(job, one, len(second.losses)), given=rows))
    assert np.array_equal(second.losses, two.losses)
    training.close()


def test_stopping_tells_where_it_stands(network: Network) -> None:
    training = train(network(steps=10_000_000, optimizer=Adam()))
    first = next(training)
    assert not first.last
    assert (first.memory is None) == (first.metrics is None)  # it is small, and told where measured
    last = training.send(Change(stop=True))
    assert last.last
    assert last.step == first.step
    assert last.memory is not None
    assert last.metrics is not None
    assert last.metrics.step == last.step
    with pytest.raises(StopIteration):
        next(training)


def test_records_are_frequent_and_follow_each_other(network: Network) -> None:
    records = list(train(network(steps=5000)))
    assert [r.last for r in records] == [False] * (len(records) - 1) + [True]
    steps = np.cumsum([len(r.losses) for r in records])
    assert steps.tolist() == [r.step for r in records]
    assert len(records) > 2


def test_no_steps_measure_where_it_stands(network: Network) -> None:
    result = train_now(network(steps=0))
    assert len(result.losses) == 0
    assert result.metrics.step == 0


def test_a_record_does_not_change_when_training_goes_on(network: Network) -> None:
    training = train(network(steps=1000))
    first = next(training)
    before = {key: value.copy() for key, value in first.weights.items()}
    for _ in training:
        pass
    assert all(np.array_equal(first.weights[key], before[key]) for key in before)
    with pytest.raises(ValueError, match="read-only"):
        first.weights["dense1.weight"][0, 0] = 1


def test_metrics_are_of_the_present_weights(network: Network) -> None:
    job = network(toys.make("moons", points=60), (5, 1), batch=8, steps=3000)
    seen: list[Progress] = []
    result = train_now(job, seen.append)
    measured = [record for record in seen if record.metrics is not None]
    assert len(measured) >= 2
    for record in measured:
        assert record.metrics == measure(job, record.weights, record.step)
    alone = measure(replace(job, given=job.test, test={}), result.weights, result.step)
    assert result.metrics.test_loss == alone.loss
    assert result.metrics.test_accuracy == alone.accuracy
    assert result.metrics.test_loss != result.metrics.loss != result.losses[-1]


def test_metrics_of_a_regression_have_no_accuracy(network: Network) -> None:
    job = network(toys.make("sine"), (5, 1), output=None, loss="squared_error", steps=5, batch=16)
    metrics = train_now(job).metrics
    assert metrics.accuracy is None
    assert metrics.test_loss is not None


def test_a_penalty_is_no_part_of_the_loss(network: Network) -> None:
    plain, penalised = train_now(network(steps=1)), train_now(network(steps=1, l2=1.0))
    assert plain.losses[0] == penalised.losses[0]
    before = network().weights
    for key, value in plain.weights.items():
        shrunk = 0.5 * before[key] if key.endswith(".weight") else 0
        assert np.allclose(penalised.weights[key], value - shrunk)


def test_frozen_nodes_stay(network: Network) -> None:
    job = network(steps=20, frozen=frozenset({"dense1"}), optimizer=Adam())
    result = train_now(job)
    assert np.array_equal(result.weights["dense1.weight"], job.weights["dense1.weight"])
    assert np.array_equal(result.weights["dense1.bias"], job.weights["dense1.bias"])
    assert not np.array_equal(result.weights["dense2.weight"], job.weights["dense2.weight"])


def test_share_right() -> None:
    column = np.array([[0.2], [0.5], [0.7]])
    assert share_right(column, np.array([[0.0], [1.0], [0.0]])) == pytest.approx(2 / 3)
    signs = np.array([[-0.2], [0.3], [-0.9]])
    assert share_right(signs, np.array([[-1.0], [1.0], [1.0]])) == pytest.approx(2 / 3)
    rows = np.array([[3.0, 1.0, 2.0], [0.0, 0.1, 0.2]])
    assert share_right(rows, np.eye(3)[[0, 1]]) == 0.5
    assert share_right(np.array([0.9, 0.1]), np.array([1.0, 1.0])) == 0.5


class TestNotFinite:
    """What happens when numbers run away."""

    def test_a_large_learning_rate_is_one_sentence(self, network: Network) -> None:
        job = network(
            toys.make("sine"),
            (5, 1),
            output=None,
            activation="relu",
            loss="squared_error",
            optimizer=SGD(learning_rate=1e6),
            steps=10_000,
        )
        seen: list[Progress] = []
        with pytest.raises(NotFinite) as caught:
            train_now(job, seen.append)
        sentence = str(caught.value)
        assert "learning rate" in sentence
        assert "\n" not in sentence
        assert caught.value.nodes
        last = seen[-1]
        assert last.last
        assert f"Step {last.step + 1}: " in sentence
        assert all(np.isfinite(value).all() for value in last.weights.values())
        assert np.isfinite(np.concatenate([record.losses for record in seen])).all()
        expected = train_now(replace(job, steps=last.step))
        for key, value in expected.weights.items():
            assert np.array_equal(last.weights[key], value)

    def test_a_large_rate_on_the_way_goes_back_no_further_than_the_change(
        self, network: Network
    ) -> None:
        data = toys.make("sine")
        job = network(data, (5, 1), output=None, loss="squared_error", steps=10_000_000)
        training = train(job)
        first = next(training)
        wild = replace(job.settings, optimizer=SGD(learning_rate=1e200))
        records = [training.send(Change(settings=wild))]
        while not records[-1].last:
            records.append(next(training))
        with pytest.raises(NotFinite):
            next(training)
        last = records[-1]
        before = train_now(replace(job, steps=first.step))
        after = continued(job, before, last.step - first.step)
        expected = train_now(replace(after, settings=wild))
        losses = np.concatenate([record.losses for record in records])
        assert np.array_equal(losses, expected.losses)
        for key, value in expected.weights.items():
            assert np.array_equal(last.weights[key], value)

    def test_it_is_found_far_behind_where_the_weights_were_kept(self, network: Network) -> None:
        job = network(
            values([1.0], [0.0]),
            (1,),
            output=None,
            loss="squared_error",
            optimizer=SGD(learning_rate=1.01 / 2),
            steps=10_000_000,
        )
        seen: list[Progress] = []
        with pytest.raises(NotFinite, match=r"Step \d+: "):
            train_now(job, seen.append)
        assert seen[-1].step > 10_000

    def test_data_that_overflow_name_the_first_gate(self, network: Network) -> None:
        job = network(
            values([1e200, 1.0], [0.0, 1.0]),
            (1,),
            output=None,
            loss="squared_error",
            steps=10,
        )
        with pytest.raises(NotFinite, match=r"Step 1: loss1 \(.*inf") as caught:
            train_now(job)
        assert caught.value.nodes == ("loss1",)

    @pytest.mark.parametrize(
        ("op", "weight"),
        [
            ("exp", 800.0),
            ("log", 0.0),
            ("log", -1.0),
            ("reciprocal", 0.0),
            ("sqrt", -4.0),
            ("square", 1e200),
            ("sqrt", 0.0),
        ],
    )
    def test_the_first_bad_gate_is_named(self, op: str, weight: float) -> None:
        graph = add(Graph(), Node("w1", catalog["parameter"]()))
        graph = add(graph, Node("gate1", catalog[op](), {"x": ("w1",)}))
        graph = add(graph, Node("zero1", Scale(factor=0.5), {"x": ("gate1",)}))
        job = Job(graph, {}, {"w1.value": np.array(weight)}, steps=10)
        seen: list[Progress] = []
        with pytest.raises(NotFinite, match=r"^Step 1: ") as caught:
            train_now(job, seen.append)
        assert caught.value.nodes == ("gate1",)
        assert seen[-1].step == 0
        assert seen[-1].weights["w1.value"] == weight

    def test_an_update_that_overflows_names_the_weight(self) -> None:
        graph = add(Graph(), Node("w1", catalog["parameter"]()))
        graph = add(graph, Node("square1", catalog["square"](), {"x": ("w1",)}))
        settings = Settings(optimizer=SGD(learning_rate=1e308))
        job = Job(graph, {}, {"w1.value": np.array(1e100)}, settings, steps=10)
        with pytest.raises(NotFinite, match="Step 1: this update would make w1 infinite"):
            train_now(job)

    def test_one_row_is_no_trouble(self, network: Network) -> None:
        job = network(values([0.5], [0.25]), (3, 1), output=None, loss="squared_error", batch=32)
        assert train_now(replace(job, steps=200)).losses[-1] < 1e-6


def test_what_can_not_be_trained_says_so(network: Network) -> None:
    graph = add(Graph(), Node("input1", catalog["input"]()))
    with pytest.raises(GraphError, match="nothing to train"):
        train_now(Job(graph, {"input1.value": np.zeros(())}, {}))
    job = network()
    empty = {key: value[:0] for key, value in job.given.items()}
    with pytest.raises(GraphError, match="no rows"):
        train_now(replace(job, given=empty))


def test_gates_without_data_can_be_trained() -> None:
    graph = add(Graph(), Node("w1", catalog["parameter"]()))
    graph = add(graph, Node("square1", catalog["square"](), {"x": ("w1",)}))
    job = Job(graph, {}, {"w1.value": np.array(3.0)}, steps=4)
    result = train_now(
        replace(job, settings=replace(job.settings, optimizer=SGD(learning_rate=0.25)))
    )
    assert result.losses.tolist() == [9, 2.25, 0.5625, 0.140625]
    assert result.weights["w1.value"] == 0.1875


def test_the_rows_of_a_step_are_those_that_it_saw(network: Network) -> None:
    job = network("moons", (3, 1), batch=10, steps=3)
    given = given_of_step(job, 2)
    rows = rows_of_step(job.rows, 10, job.settings.seed, 2)
    assert np.array_equal(given["data1.rows"], job.given["data1.rows"][rows])
