"""Going back in training: what is shown follows, the project stays, one can go on from there."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import numpy as np
from pytestqt.qtbot import QtBot

from bpstudio.engine.optimizers import SGD, Adam
from bpstudio.project import edits, past, runs
from bpstudio.project.project import Project
from bpstudio.training.trainer import train_now
from bpstudio.ui.studio import Change, Notice, Studio

PATIENCE = 60_000
"""Milliseconds within which anything that must happen will have happened."""


def train(qtbot: QtBot, studio: Studio, steps: int) -> None:
    studio.train(steps)
    qtbot.waitUntil(lambda: not studio.shown.training, timeout=PATIENCE)


def go_to(qtbot: QtBot, studio: Studio, step: int, run: str = "") -> None:
    """Go back to a step and wait until it is there."""
    studio.past.go_to(step, run)
    qtbot.waitUntil(lambda: not studio.past.running, timeout=PATIENCE)
    assert studio.shown.step == step


def trained_to(project: Project, step: int) -> Project:
    """The project as a fresh run of so many steps leaves it."""
    return runs.landed(project, train_now(runs.job(project, step)))


def shows(studio: Studio, truth: Project) -> bool:
    """Whether everything that is shown is of these weights."""
    shown = studio.shown
    assert shown.step == truth.trained.steps
    assert shown.recording is not None
    assert shown.metrics == runs.measured(truth)
    return all(np.array_equal(shown.weights[key], truth.weights[key]) for key in truth.weights)


def test_any_step_is_shown_again_and_the_project_stays(
    qtbot: QtBot, studio: Studio, xor: Project
) -> None:
    changes: list[Change] = []
    train(qtbot, studio, 100)
    train(qtbot, studio, 100)
    project, history = studio.project, studio.history
    assert [run.end for run in project.runs.values()] == [200]
    studio.changed.connect(changes.append)
    for step in (150, 0, 37, 199, 100):
        go_to(qtbot, studio, step)
        assert shows(studio, trained_to(xor, step))
        assert studio.shown.past is not None
        assert len(studio.shown.losses) == 200
    go_to(qtbot, studio, 200)
    assert studio.shown.past is None
    assert studio.shown.weights is project.weights
    assert studio.project is project and studio.history is history
    assert not changes


def test_a_step_is_sought_while_training_goes_on(
    qtbot: QtBot, studio: Studio, xor: Project
) -> None:
    studio.train()
    qtbot.waitUntil(lambda: studio.shown.step > 200, timeout=PATIENCE)
    go_to(qtbot, studio, 120)
    assert not studio.shown.training
    assert studio.project.trained.steps > 200
    assert shows(studio, trained_to(xor, 120))
    go_to(qtbot, studio, studio.project.trained.steps)
    assert studio.shown.past is None


def test_training_goes_on_from_a_past_moment_as_a_branch(
    qtbot: QtBot, studio: Studio, xor: Project
) -> None:
    train(qtbot, studio, 100)
    first = studio.project
    go_to(qtbot, studio, 60)
    studio.set_training(optimizer=SGD(learning_rate=0.05))
    assert studio.history.names[-2:] == ("Back to step 60", "Training settings")
    assert studio.project.trained.steps == 60
    train(qtbot, studio, 50)
    one, two = studio.project.runs.values()
    assert (one.end, two.start, two.end, two.parent) == (100, 60, 110, one.id)
    truth = trained_to(xor, 60)
    truth = edits.set_training(truth, replace(truth.training, optimizer=SGD(learning_rate=0.05)))
    truth = trained_to(truth, 50)
    assert np.array_equal(truth.trained.losses, studio.project.trained.losses)
    go_to(qtbot, studio, 80)
    halfway = edits.set_training(
        trained_to(xor, 60), replace(xor.training, optimizer=SGD(learning_rate=0.05))
    )
    assert shows(studio, trained_to(halfway, 20))
    go_to(qtbot, studio, 30)  # before it branched off
    assert shows(studio, trained_to(xor, 30))
    go_to(qtbot, studio, 90, one.id)  # the other run
    assert shows(studio, trained_to(xor, 90))
    studio.past.leave()
    assert studio.shown.step == 110
    for _ in range(3):
        studio.undo()
    assert studio.project is first


def test_settings_and_data_changed_on_the_way_are_found_again(
    qtbot: QtBot, studio: Studio, xor: Project
) -> None:
    train(qtbot, studio, 40)
    studio.set_training(optimizer=Adam(learning_rate=0.1), l2=0.01)
    train(qtbot, studio, 40)
    data = studio.project.data
    assert data is not None
    moved = replace(data, features=data.features + 0.25)
    studio.do("Data", edits.set_data, moved)
    train(qtbot, studio, 40)
    (run,) = studio.project.runs.values()
    assert [since for since, _ in run.line.changes] == [40, 80]
    truth = trained_to(xor, 40)
    truth = edits.set_training(
        truth, replace(truth.training, optimizer=Adam(learning_rate=0.1), l2=0.01)
    )
    weights = {70: trained_to(truth, 30).weights}
    truth = edits.set_data(trained_to(truth, 40), moved)
    weights[110] = trained_to(truth, 30).weights
    for step in (110, 70, 110):
        go_to(qtbot, studio, step)
        for key, value in weights[step].items():
            assert np.array_equal(studio.shown.weights[key], value)


def test_layout_and_marks_are_no_branch(qtbot: QtBot, studio: Studio) -> None:
    train(qtbot, studio, 50)
    go_to(qtbot, studio, 20)
    studio.do("Title", edits.set_title, "seen")
    studio.past.mark()
    assert studio.shown.past is not None and studio.shown.step == 20
    assert studio.project.trained.steps == 50
    (run,) = studio.project.runs.values()
    assert run.marks == (20,)
    studio.past.mark()
    assert not studio.project.runs[run.id].marks
    studio.undo()
    assert studio.shown.past is None
    assert studio.project.runs[run.id].marks == (20,)


def test_only_the_newest_of_many_seeks_is_shown(qtbot: QtBot, studio: Studio) -> None:
    train(qtbot, studio, 400)
    for step in range(400, 100, -1):
        studio.past.go_to(step)
    assert studio.past.step == 101
    qtbot.waitUntil(lambda: not studio.past.running, timeout=PATIENCE)
    assert studio.shown.step == 101


def test_a_project_that_takes_its_place_is_not_shown_a_foreign_moment(
    qtbot: QtBot, studio: Studio, xor: Project
) -> None:
    train(qtbot, studio, 100)
    studio.past.go_to(10)
    studio.begin(xor)
    assert studio.shown.past is None and not studio.past.running
    train(qtbot, studio, 30)
    go_to(qtbot, studio, 7)
    assert shows(studio, trained_to(xor, 7))


def test_another_network_can_not_be_gone_back_to(qtbot: QtBot, studio: Studio) -> None:
    train(qtbot, studio, 30)
    before = studio.past.way
    assert [(each.begin, each.end) for each in before] == [(0, 30)]
    studio.do("Units", edits.set_setting, "dense1", "units", 5)
    assert not studio.past.way
    studio.past.go_to(3)
    assert studio.shown.past is None
    studio.undo()
    assert studio.past.way[-1].end == 30
    assert len(studio.past.way) == 1


def test_a_lost_process_is_replaced(
    qtbot: QtBot, studio: Studio, xor: Project, notices: list[Notice]
) -> None:
    train(qtbot, studio, 60)
    pid = studio.training.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    go_to(qtbot, studio, 44)
    assert shows(studio, trained_to(xor, 44))


def test_the_runs_are_bounded(xor: Project) -> None:
    project = xor
    for _ in range(past.MOST_RUNS + 3):
        run, _ = past.begun(project, runs.job(edits.reset(project), 0))
        project = past.landed(project, run)
    assert len(project.runs) == past.MOST_RUNS
    assert list(project.runs)[-1] == project.trained.run
