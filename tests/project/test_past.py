"""What happened in runs, and in what they differ."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np

from bpstudio.data import toys
from bpstudio.engine.optimizers import SGD, Adam
from bpstudio.project import build, edits, past, runs
from bpstudio.project.comparing import differences, name_of
from bpstudio.project.events import BRANCH, CHANGE, FAILED, MARK, SPIKE, events, spikes
from bpstudio.project.project import Project
from bpstudio.training.job import Change
from bpstudio.training.trainer import train_now


def xor() -> Project:
    return build.network(toys.make("xor"), (2, 4, 1))


def trained(project: Project, steps: int) -> Project:
    """The project after so many steps, with its run."""
    run, job = past.begun(project, runs.job(project, steps))
    result = train_now(job)
    return past.landed(runs.landed(project, result), run, metrics=result.metrics)


def with_rate(project: Project, rate: float) -> Project:
    return edits.set_training(project, replace(project.training, optimizer=SGD(learning_rate=rate)))


def test_a_loss_that_jumps_is_a_spike_and_noise_is_none() -> None:
    rng = np.random.default_rng(3)
    losses = np.exp(-np.linspace(0, 4, 5000)) * (1 + 0.3 * rng.random(5000))
    assert spikes(losses) == ()
    losses[3210] = 2.0
    assert spikes(losses) == (3210,)
    losses[100:4900:100] = 9.0 * 4.0 ** np.arange(48)
    assert len(spikes(losses)) == 8
    assert spikes(np.full(500, np.nan)) == ()
    assert spikes(np.zeros(3)) == ()


def test_events_tell_what_happened_on_the_way() -> None:
    first = trained(xor(), 50)
    second = trained(with_rate(first, 0.125), 30)
    assert list(second.runs) == ["run1"]
    marked = past.marked(second, "run1", 20)
    back = past.gone_back(
        marked,
        marked.runs["run1"],
        60,
        marked.weights,
        marked.statistics,
        marked.trained.memory,
    )
    branch = trained(with_rate(back, 0.25), 10)
    found = events(past.way(branch))
    assert [(event.step, event.kind) for event in found] == [
        (20, MARK),
        (50, CHANGE),
        (60, BRANCH),
    ]
    assert found[1].text.endswith("→ 0.125")
    failed = past.landed(branch, branch.runs["run2"], problem="no number")
    assert events(past.way(failed))[-1][:2] == (70, FAILED)
    jumped = replace(branch.runs["run2"], losses=np.append(np.full(65, 0.1), np.full(5, 2.0)))
    spiked = replace(branch, runs={**branch.runs, "run2": jumped})
    assert (65, SPIKE) in [event[:2] for event in events(past.way(spiked))]


def test_what_was_told_of_runs_does_not_hold_them() -> None:
    project = trained(with_rate(trained(xor(), 10), 0.125), 10)
    assert events(past.way(project))
    differences(list(project.runs.values()))
    run = weakref.ref(project.runs["run1"])
    data = weakref.ref(next(iter(project.runs["run1"].line.job.given.values())))
    del project
    gc.collect()
    assert run() is None and data() is None


def test_runs_are_compared_by_what_differs_alone() -> None:
    one = trained(xor(), 10)
    two = trained(with_rate(edits.reset(one), 0.25), 10)
    rows = differences(list(two.runs.values()))
    assert [row.values[1] for row in rows] == ["0.25"]
    assert rows[0].name == "Learning rate α"
    three = trained(edits.set_training(two, replace(two.training, optimizer=Adam(), batch=2)), 10)
    told = {row.name: row.values for row in differences(list(three.runs.values()))}
    assert told["Optimizer"][1].startswith(two.training.optimizer.title + " → ")
    assert told["Batch"] == ("–", "– → 2")
    assert told["Memory β₁"][0] == ""
    assert [name_of(run) for run in three.runs.values()] == ["Run 1", "Run 2"]


def test_data_that_is_the_same_is_held_once() -> None:
    one = trained(xor(), 10)
    two = trained(edits.reset(one), 10)
    first, second = two.runs.values()
    assert all(first.line.job.given[key] is v for key, v in second.line.job.given.items())
    assert first.line.job.given is second.line.job.given


def test_a_changed_line_is_only_as_long_as_it_is_known() -> None:
    project = trained(xor(), 10)
    run = project.runs["run1"]
    line = replace(run.line, changes=((4, Change(settings=replace(project.training, l2=0.5))),))
    assert line.at(3).settings.l2 == 0.0
    assert line.at(4).settings.l2 == 0.5
    assert not line.up_to(4).changes


def test_what_makes_no_difference_on_the_way_is_not_told() -> None:
    one = trained(xor(), 10)
    rule = replace(one.training, stop=replace(one.training.stop, steps=500))
    two = trained(edits.set_training(one, rule), 10)
    assert not events(past.way(two))
    own = replace(one.training, rates=(("dense1", 0.5),))
    three = trained(edits.set_training(two, own), 10)
    (event,) = events(past.way(three))
    assert event.text.endswith("– → dense1 ×0.5")
