"""A run can be gone back to, exactly, from a bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bpstudio.engine.graph import add
from bpstudio.engine.op import catalog
from bpstudio.engine.optimizers import SGD, Adam
from bpstudio.errors import NotFinite, StudioError
from bpstudio.training import history
from bpstudio.training.course import weights_of
from bpstudio.training.history import Tape
from bpstudio.training.job import Change, Job, Progress
from bpstudio.training.line import Line
from bpstudio.training.seeking import Found, moments
from bpstudio.training.settings import Settings
from bpstudio.training.trainer import continued, train, train_now

if TYPE_CHECKING:
    from tests.training.conftest import Network


def sought(tape: Tape, step: int) -> Found:
    """The exact moment at that step."""
    return [found for found in moments(tape, 1, step) if found is not None][-1]


def with_dropout(job: Job) -> Job:
    """The job with dropout before its last layer."""
    graph = job.graph
    last = [id for id in graph.order if id.startswith("dense")][-1]
    node = graph[last]
    dropped = add(graph, replace(node, id="dropout1", op=catalog["dropout"](), title=""))
    nodes = dict(dropped.nodes)
    nodes[last] = replace(node, sources={"x": ("dropout1",)})
    return replace(job, graph=replace(graph, nodes=nodes))


def fresh(job: Job, changes: Sequence[tuple[int, Settings]], step: int) -> Progress:
    """The last record of a run that was never recorded, with settings that change on the way."""
    stops = [first for first, _ in changes if first < step] + [step]
    result = train_now(replace(job, steps=stops[0] - job.start))
    for (first, settings), end in zip(changes, stops[1:], strict=False):
        result = train_now(replace(continued(job, result, end - first), settings=settings))
    return Progress(result.step, result.losses, result.weights, result.statistics, 0.0)


def same(found: Found, weights: object, record: Progress) -> bool:
    assert found.exact
    return found.step == record.step and all(
        np.array_equal(found.weights[key], value) for key, value in record.weights.items()
    )


def test_every_record_of_a_run_is_found_again(network: Network) -> None:
    job = network("moons", (4, 1), batch=16, optimizer=Adam(), steps=10_000_000)
    settings = [
        replace(job.settings, optimizer=Adam(learning_rate=0.1)),
        replace(job.settings, optimizer=SGD(), batch=7, l2=0.01),
    ]
    tape = Tape(Line(job))
    training = train(job, tape)
    records: list[Progress] = [next(training), next(training)]
    for change in settings:
        records.append(training.send(Change(settings=change)))
        records.append(next(training))
    training.close()
    assert len(tape.line.changes) == 2
    for record in [*records, *records[::-1], records[0]]:
        assert same(sought(tape, record.step), None, record)
    alone = Tape(tape.line)  # nothing was kept: it is replayed from the beginning
    for record in records[::-1]:
        assert same(sought(alone, record.step), None, record)


def test_data_that_was_changed_on_the_way_is_found_again(network: Network) -> None:
    job = network("xor", (3, 1), steps=10_000_000)
    other = {key: value[::-1] + 0.5 * (key == "data1.rows") for key, value in job.given.items()}
    tape = Tape(Line(job))
    training = train(job, tape)
    records = [next(training), training.send(Change(given=other)), next(training)]
    training.close()
    for record in records:
        assert same(sought(tape, record.step), None, record)
    assert sought(tape, records[2].step).metrics != sought(tape, records[0].step).metrics


@pytest.mark.parametrize(("steps", "seeks"), [(20_000, 40)])
def test_any_step_of_a_long_run_is_found_again(network: Network, steps: int, seeks: int) -> None:
    find_again(with_dropout(network("xor", (6, 1), optimizer=Adam(), steps=steps)), seeks)


@pytest.mark.long
def test_any_step_of_a_million_is_found_again(network: Network) -> None:
    find_again(with_dropout(network("xor", (6, 1), optimizer=Adam(), steps=1_000_000)), 200)


def find_again(job: Job, seeks: int) -> None:
    """Train with a learning rate that changes on the way, then seek steps at random.

    The truth is a fresh run, which passes the steps that are sought in order.
    """
    slower = replace(job.settings, optimizer=Adam(learning_rate=0.003))
    tape = Tape(Line(job), most_bytes=2 << 20)
    training, middle, changed = train(job, tape), job.steps // 3, 0
    progress = next(training)
    while not progress.last:
        if not changed and progress.step >= middle:
            changed = progress.step
            progress = training.send(Change(settings=slower))
        else:
            progress = next(training)
        assert tape.size <= tape.most_bytes
        assert len(tape.states) <= tape.most_states
    assert 0 < changed < job.steps
    rng = np.random.default_rng(5)
    steps = sorted({0, 1, changed, changed + 1, job.steps, *rng.integers(0, job.steps, seeks)})
    truth = {}
    result = train_now(replace(job, steps=0))
    for step in sorted({*steps, changed}):
        settings = slower if result.step >= changed else job.settings
        going_on = continued(job, result, step - result.step)
        result = train_now(replace(going_on, settings=settings))
        truth[step] = result.weights
    for step in rng.permutation(steps):
        found = sought(tape, int(step))
        assert found.exact
        for key, value in truth[step].items():
            assert np.array_equal(found.weights[key], value), (step, key)
        assert tape.size <= tape.most_bytes
    one, two = sought(tape, steps[-1]), progress
    assert all(np.array_equal(one.weights[key], two.weights[key]) for key in two.weights)
    assert two.memory is not None
    for name, vector in two.memory.vectors.items():
        assert np.array_equal(one.memory.vectors[name], vector)
    assert one.metrics == two.metrics


def test_a_run_in_two_jobs_is_one_tape(network: Network) -> None:
    job = network(optimizer=Adam(), steps=100)
    tape = Tape(Line(job))
    for _ in (training := train(job, tape)):
        pass
    training.close()
    result = train_now(job)
    faster = replace(job.settings, optimizer=Adam(learning_rate=0.2))
    further = replace(continued(job, result, 100), settings=faster)
    longer = tape.gone_on(further)
    records = list(train(further, longer))
    assert [since for since, _ in longer.line.changes] == [100]
    assert not tape.line.changes
    assert same(sought(longer, 200), None, records[-1])
    assert sought(longer, 64).metrics == sought(tape, 64).metrics
    # From the middle of it another way is taken; the first one is still there.
    middle = sought(longer, 150)
    branch = replace(
        further, weights=middle.weights, memory=middle.memory, start=150, steps=50, settings=faster
    )
    assert same(sought(longer.gone_on(branch), 150), None, fresh(job, [(100, faster)], 150))
    assert same(sought(longer, 200), None, train_record(branch))


def train_record(job: Job) -> Progress:
    return list(train(job))[-1]


def test_steps_before_the_beginning_are_not_there(network: Network) -> None:
    job = network(optimizer=Adam())
    middle = train_now(replace(job, steps=40))
    later = Tape(Line(continued(job, middle, 0)))
    assert same(sought(later, 60), None, fresh(job, [], 60))
    with pytest.raises(StudioError, match="no step 10"):
        sought(later, 10)


def test_what_went_wrong_is_not_on_the_tape(network: Network) -> None:
    job = network("moons", (4, 1), output=None, loss="squared_error", steps=10_000)
    job = replace(job, settings=replace(job.settings, optimizer=SGD(learning_rate=1e6)))
    tape = Tape(Line(job), every=1)
    training = train(job, tape)
    with pytest.raises(NotFinite):
        for record in training:
            last = record
    assert tape.states[-1].step <= last.step
    assert same(sought(tape, last.step), None, last)


def test_one_near_is_told_while_the_exact_one_takes_long(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bpstudio.training.seeking.SOON", 0.0)
    tape = Tape(Line(network()))
    first, *_, last = [found for found in moments(tape, 7, 500) if found is not None]
    assert (first.step, first.exact, last.step, last.exact) == (0, False, 500, True)
    assert first.metrics is None and last.metrics is not None
    assert last.metrics.step == 500
    alone = [found for found in moments(tape, 7, 500) if found is not None]
    assert [found.step for found in alone] == [500]


def test_the_memory_stays_below_its_bound(network: Network) -> None:
    job = network("moons", (8, 1), optimizer=Adam(), steps=3000)
    tape = Tape(Line(job), every=1, most_states=50)
    for _ in train(job, tape):
        assert len(tape.states) <= 50
    assert tape.every == 64
    assert [state.step for state in tape.states] == list(range(0, 3001, 64))
    assert tape.size == sum(history.STATE_COST + 8 * 3 * len(s.parameters) for s in tape.states)
    tiny = Tape(Line(job), most_bytes=1)
    list(train(replace(job, steps=200), tiny))
    assert len(tiny.states) == 1
    course = list(tiny.replay(200))[-1]
    assert weights_of(course)["dense1.bias"].shape == (8,)


def test_a_change_at_a_step_that_is_kept_holds_from_it(network: Network) -> None:
    job = network("moons", (4, 1), batch=16, optimizer=SGD(learning_rate=0.1), steps=300)
    adam = replace(job.settings, optimizer=Adam(learning_rate=0.02))
    changes = [(64, adam), (128, replace(adam, l2=0.1)), (192, job.settings)]
    dated = tuple((step, Change(settings=settings)) for step, settings in changes)
    tape = Tape(Line(job, dated), every=32)
    for step in (290, 10, 150, 64, 100, 20, 70, 128, 130, 65, 193, 192, 191):
        assert same(sought(tape, step), None, fresh(job, changes, step)), step
    memory = sought(tape, 150).memory
    assert memory.since == 64
    assert not sought(tape, 200).memory.vectors


def test_what_was_kept_before_a_change_is_not_gone_on_from(network: Network) -> None:
    job = network("moons", (4, 1), batch=16, optimizer=Adam(), steps=10_000_000)
    tape = Tape(Line(job), every=1)
    training = train(job, tape)
    middle = next(training)
    plain = replace(job.settings, optimizer=SGD(learning_rate=0.1))
    last = training.send(Change(settings=plain))
    training.close()
    tape.states = [state for state in tape.states if state.step <= middle.step]
    assert same(sought(tape, last.step), None, last)
