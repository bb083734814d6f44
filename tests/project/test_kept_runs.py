"""Runs in a project's file: found again exactly, compared, bounded, left out where not wanted."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.engine.op import Array
from bpstudio.engine.optimizers import SGD, Adam
from bpstudio.errors import FileError
from bpstudio.project import build, edits, file, past, runs, writing_runs
from bpstudio.project.comparing import differences
from bpstudio.project.container import pack, unpack
from bpstudio.project.project import Project
from bpstudio.training.history import Tape
from bpstudio.training.job import Change
from bpstudio.training.line import Run
from bpstudio.training.seeking import moments
from bpstudio.training.trainer import train, train_now


def trained(project: Project, steps: int) -> Project:
    """The project after so many steps, with its run."""
    run, job = past.begun(project, runs.job(project, steps))
    result = train_now(job)
    return past.landed(runs.landed(project, result), run, metrics=result.metrics)


def back(project: Project, run: str, step: int) -> Project:
    """The project as it was at that step."""
    found = [each for each in moments(Tape(project.runs[run].line), 1, step) if each is not None]
    last = found[-1]
    assert last.memory is not None
    return past.gone_back(
        project, project.runs[run], step, last.weights, last.statistics, last.memory
    )


def with_runs() -> Project:
    """A run of 60 steps, one with Adam that branches off at step 40, and one of another network."""
    project = trained(build.network(toys.make("moons", points=40), (2, 3, 1)), 60)
    project = back(project, "run1", 40)
    settings = replace(project.training, optimizer=Adam(learning_rate=0.02), batch=16, l2=0.01)
    project = trained(edits.set_training(project, settings), 30)
    project = past.marked(project, "run2", 55)
    wider = edits.reset(edits.set_setting(project, "dense1", "units", 5))
    project = trained(wider, 20)
    other = edits.set_data(edits.reset(project), toys.make("circles", points=30))
    return trained(other, 10)


def reopened(project: Project) -> Project:
    return file.from_bytes(file.to_bytes(project))


def weights_at(run: Run, step: int) -> dict[str, Array]:
    """The weights of a run at that step, replayed from its start."""
    found = [each for each in moments(Tape(run.line), 1, step) if each is not None]
    return dict(found[-1].weights)


def test_every_run_is_there_again_and_replays_to_the_last_bit() -> None:
    project = with_runs()
    again = reopened(project)
    assert list(again.runs) == list(project.runs) == ["run1", "run2", "run3", "run4"]
    assert again.trained.run == project.trained.run == "run4"
    for id, run in project.runs.items():
        other = again.runs[id]
        assert (other.start, other.end, other.parent) == (run.start, run.end, run.parent)
        assert (other.marks, other.metrics, other.problem) == (run.marks, run.metrics, run.problem)
        np.testing.assert_array_equal(other.losses, run.losses)
        for step in (run.start, run.start + 7, run.end):
            one, two = weights_at(run, step), weights_at(other, step)
            assert one.keys() == two.keys()
            assert all(np.array_equal(one[key], two[key]) for key in one)


def test_they_are_compared_as_before() -> None:
    project = with_runs()
    before = differences(tuple(project.runs.values()))
    assert differences(tuple(reopened(project).runs.values())) == before
    assert {"Learning rate α", "Batch", "Network", "Data"} <= {row.name for row in before}


def test_training_goes_on_with_the_run_that_it_was() -> None:
    project = trained(build.network(toys.make("xor"), (2, 4, 1)), 50)
    straight, later = trained(project, 30), trained(reopened(project), 30)
    assert list(later.runs) == ["run1"] and later.runs["run1"].end == 80
    np.testing.assert_array_equal(later.trained.losses, straight.trained.losses)
    branched = trained(back(straight, "run1", 40), 10)
    stretches = past.way(reopened(branched))
    assert [stretch.run.id for stretch in stretches] == ["run1", "run2"]


def test_what_was_changed_on_the_way_is_kept() -> None:
    project = build.network(toys.make("xor"), (2, 3, 1))
    run, job = past.begun(project, runs.job(project, 10_000_000))
    tape = Tape(run.line)
    training = train(job, tape)
    next(training)
    slower = replace(job.settings, optimizer=SGD(learning_rate=0.01))
    data = {key: value[::-1] for key, value in job.given.items()}
    training.send(Change(settings=slower))
    training.send(Change(given=data))
    last = training.send(Change(stop=True))
    while not last.last:
        last = next(training)
    losses = np.ones(last.step)
    landed = edits.land_training(project, last.weights, last.statistics, losses, last.step)
    project = past.landed(landed, run, tape.line.changes)
    mine, other = project.runs["run1"], reopened(project).runs["run1"]
    assert [step for step, _ in other.line.changes] == [step for step, _ in mine.line.changes]
    at_end = weights_at(other, mine.end)
    for key, weight in last.weights.items():
        np.testing.assert_array_equal(at_end[key], weight)


def test_who_does_not_want_them_saves_without_them() -> None:
    project = past.saved_along(with_runs(), False)
    again = reopened(project)
    assert not again.runs and not again.saves_runs and again.trained.run == ""
    np.testing.assert_array_equal(again.trained.losses, project.trained.losses)
    assert len(file.to_bytes(project)) < len(file.to_bytes(with_runs()))
    assert reopened(build.network(toys.make("xor"), (2, 1))).saves_runs


def test_a_file_holds_as_many_as_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    project = with_runs()
    monkeypatch.setattr(writing_runs, "MOST_SAVED", 3000)
    kept = reopened(project)
    assert 0 < len(kept.runs) < len(project.runs)
    assert kept.trained.run == "run4"  # that of the present weights comes first
    monkeypatch.setattr(writing_runs, "MOST_SAVED", 10)
    assert not reopened(project).runs


def test_a_version_without_runs_reads_the_file_and_keeps_them() -> None:
    document = json.loads(unpack(file.to_bytes(with_runs())).document)
    assert (
        document["format_version"]
        == json.loads(unpack(file.to_bytes(Project())).document)["format_version"]
    )
    assert "runs" not in json.loads(unpack(file.to_bytes(Project())).document)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"end": 61}, "steps and its losses do not fit"),
        ({"losses": "nobody"}, "no arrays/nobody.npy"),
        ({"weights": {}}, "not those of its network"),
        ({"weights": {"dense1.weight": 1.0}}, "not those of its network"),
        ({"objective": "nobody"}, "nobody, which is no node"),
        ({"id": "../run"}, "no name for a run"),
        ({"id": "run2"}, "no name for a run"),
        ({"planet": "Mars"}, "no field called planet"),
        ({"nodes": []}, "runs.run1"),
        ({"start": 99}, "steps and its losses do not fit"),
    ],
)
def test_what_is_no_run_is_refused(change: dict[str, Any], sentence: str) -> None:
    parts = unpack(file.to_bytes(with_runs()))
    document = json.loads(parts.document)
    document["runs"]["kept"][0] |= change
    hostile = pack(parts._replace(document=json.dumps(document).encode()))
    with pytest.raises(FileError, match=sentence):
        file.from_bytes(hostile)
