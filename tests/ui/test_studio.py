"""The studio: edits, undo, training in a real worker process, playback, files."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from bpstudio.engine.op import catalog
from bpstudio.engine.optimizers import SGD, Adam
from bpstudio.errors import StudioError
from bpstudio.playback.timeline import BACKWARD, CLEAR, UPDATE
from bpstudio.project import edits, file, runs
from bpstudio.project.project import Project
from bpstudio.training.job import Memory
from bpstudio.training.trainer import train_now
from bpstudio.ui import playing
from bpstudio.ui.readout import readout, whereabouts
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Change, Notice, Studio
from bpstudio.ui.training import Outcome
from tests.ui.clockwork import Clock

PATIENCE = 60_000
"""Milliseconds within which anything that must happen will have happened."""


def wait_for_steps(qtbot: QtBot, studio: Studio, more: int = 1) -> None:
    """Wait until training was seen to take so many steps more."""
    goal = studio.shown.step + more
    qtbot.waitUntil(lambda: studio.shown.step >= goal, timeout=PATIENCE)


def train(qtbot: QtBot, studio: Studio, steps: int) -> None:
    """Train so many steps and wait for the end."""
    studio.train(steps)
    qtbot.waitUntil(lambda: not studio.shown.training, timeout=PATIENCE)


# -- edits ------------------------------------------------------------------------------------


def test_an_edit_is_announced_with_both_projects_and_undone_to_the_very_one(
    studio: Studio, xor: Project
) -> None:
    heard: list[Change] = []
    studio.changed.connect(heard.append)
    assert studio.do("Rename", edits.rename, "dense1", "hidden")
    after = studio.project
    assert [change.name for change in heard] == ["Rename"]
    assert heard[0].before is xor
    assert heard[0].after is after
    studio.undo()
    assert studio.project is xor
    assert not studio.dirty
    studio.redo()
    assert studio.project is after
    assert studio.dirty


def test_what_can_not_be_done_is_said_and_changes_nothing(
    studio: Studio, xor: Project, notices: list[Notice]
) -> None:
    assert not studio.do("Connect", edits.connect, "loss1", "dense1", "x")
    assert studio.project is xor
    assert [notice.kind for notice in notices] == ["problem"]
    assert notices[0].nodes


def test_edits_of_one_gesture_are_one_entry(studio: Studio, xor: Project) -> None:
    for x in (1.0, 2.0, 3.0):
        studio.do_merged("Move", "drag", edits.move, {"dense1": (x, 0.0)})
    studio.settle()
    studio.do_merged("Move", "drag", edits.move, {"dense1": (9.0, 0.0)})
    assert studio.history.names == ("Move", "Move")
    studio.undo()
    assert studio.project.places["dense1"] == (3.0, 0.0)
    studio.undo()
    assert studio.project is xor


def test_moving_a_node_runs_nothing_anew(studio: Studio) -> None:
    timeline = studio.shown.timeline
    studio.do("Move", edits.move, {"dense1": (5.0, 5.0)})
    assert studio.shown.timeline is timeline
    assert studio.shown.project is studio.project
    studio.do("Value", edits.set_entry, "dense1.bias", (0,), 0.25)
    assert studio.shown.timeline is not timeline


def test_deleted_nodes_are_no_longer_selected(studio: Studio) -> None:
    studio.select(["dense1", "tanh1"])
    studio.do("Delete", edits.remove_nodes, ["tanh1"])
    assert studio.selection == {"dense1"}


def test_a_network_that_is_being_built_runs_as_far_as_it_goes(studio: Studio) -> None:
    studio.begin(Project())
    assert studio.shown.timeline is None
    for name in ("input", "input", "add", "multiply"):
        studio.do("Add", edits.add_node, catalog[name](), (0.0, 0.0))
    for source, port in (("input1", "a"), ("input2", "b")):
        studio.do("Connect", edits.connect, source, "add1", port)
    recording = studio.shown.recording
    assert recording is not None
    assert recording.values["add1"] == 2.0
    assert recording.backward[0].node == "add1"
    assert isinstance(studio.shown.problem, StudioError)
    assert not studio.can_train
    studio.do("Connect", edits.connect, "add1", "multiply1", "a")
    assert studio.shown.recording is not None
    assert studio.shown.recording.backward == ()
    studio.do("Connect", edits.connect, "add1", "multiply1", "b")
    assert studio.shown.problem is None
    assert readout(studio.shown) == "f = 4.0000"


def test_a_gate_that_lies_beside_does_not_keep_the_network_from_training(
    studio: Studio, qtbot: QtBot
) -> None:
    studio.do("Add", edits.add_node, catalog["relu"](), (0.0, 0.0))
    assert studio.can_train
    train(qtbot, studio, 3)
    assert studio.project.trained.steps == 3


# -- training ---------------------------------------------------------------------------------


def test_training_enters_the_history_once_and_undo_brings_the_weights_back(
    studio: Studio, xor: Project, qtbot: QtBot
) -> None:
    train(qtbot, studio, 20)
    assert studio.history.names == ("Train 20 steps",)
    expected = train_now(runs.job(xor, 20))
    trained = studio.project
    assert np.array_equal(trained.trained.losses, expected.losses)
    for key, weight in expected.weights.items():
        assert np.array_equal(trained.weights[key], weight)
    assert studio.shown.weights is trained.weights
    studio.undo()
    assert studio.project.weights is xor.weights


def test_reset_gives_the_same_start_and_the_same_losses_to_the_last_bit(
    studio: Studio, xor: Project, qtbot: QtBot
) -> None:
    train(qtbot, studio, 50)
    first = studio.project.trained.losses
    studio.reset_training()
    assert studio.project.trained.steps == 0
    for key, weight in xor.weights.items():
        assert np.array_equal(studio.project.weights[key], weight)
    train(qtbot, studio, 50)
    assert np.array_equal(studio.project.trained.losses, first)


def test_adam_goes_on_after_a_pause_as_if_there_had_been_none(studio: Studio, qtbot: QtBot) -> None:
    studio.set_training(optimizer=Adam(), batch=2)
    expected = train_now(runs.job(studio.project, 30))
    train(qtbot, studio, 11)
    train(qtbot, studio, 19)
    assert np.array_equal(studio.project.trained.losses, expected.losses)


def test_what_the_recording_calls_an_update_is_what_training_does(
    studio: Studio, qtbot: QtBot
) -> None:
    studio.set_training(optimizer=Adam(), l2=0.01, frozen=frozenset({"dense2"}))
    train(qtbot, studio, 4)
    assert studio.shown.recording is not None
    foretold = {f"{u.node}.{u.port}": u.after for u in studio.shown.recording.updates}
    assert foretold.keys() == {"dense1.weight", "dense1.bias"}
    before = studio.project.weights
    train(qtbot, studio, 1)
    for key, weight in studio.project.weights.items():
        expected = foretold.get(key, before[key])
        assert np.allclose(weight, expected, rtol=1e-12, atol=1e-15)


def test_other_weights_come_from_the_next_seed(studio: Studio, xor: Project) -> None:
    studio.draw_new_weights()
    assert studio.project.training.seed == xor.training.seed + 1
    assert not np.array_equal(studio.project.weights["dense1.weight"], xor.weights["dense1.weight"])


def test_while_training_moments_pass_and_the_project_stays(
    studio: Studio, xor: Project, qtbot: QtBot
) -> None:
    edited: list[Change] = []
    seen: list[Showing] = []
    studio.changed.connect(edited.append)
    studio.moved.connect(seen.append)
    studio.train()
    wait_for_steps(qtbot, studio, 100)
    assert studio.project is xor
    assert edited == []
    shown = studio.shown
    assert shown.training
    assert len(shown.losses) == shown.step
    assert shown.weights.keys() == xor.weights.keys()
    assert whereabouts(shown).endswith("training")
    studio.pause()
    assert not studio.shown.training
    assert [change.name for change in edited] == [f"Train {studio.project.trained.steps} steps"]
    steps = [each.step for each in seen]
    assert steps == sorted(steps)


def test_settings_reach_the_run_without_stopping_it(studio: Studio, qtbot: QtBot) -> None:
    studio.train()
    wait_for_steps(qtbot, studio)
    studio.set_training(frozen=frozenset({"dense1", "dense2"}))
    assert studio.shown.training
    assert studio.history.names == ("Training settings",)
    # All weights are frozen from some step on: then the losses do not change any more.
    qtbot.waitUntil(lambda: len(set(studio.shown.losses[-5:])) == 1, timeout=PATIENCE)
    studio.pause()
    assert [name.split()[0] for name in studio.history.names] == ["Training", "Train"]
    assert studio.project.training.frozen == {"dense1", "dense2"}


def test_an_edit_of_the_structure_lands_the_training_and_goes_on(
    studio: Studio, qtbot: QtBot
) -> None:
    studio.train()
    wait_for_steps(qtbot, studio, 10)
    studio.do("Units", edits.set_setting, "dense1", "units", 6)
    assert [name.split()[0] for name in studio.history.names] == ["Train", "Units"]
    landed = studio.project.trained.steps
    assert landed >= 10
    assert studio.shown.training
    wait_for_steps(qtbot, studio, 10)
    studio.pause()
    assert studio.project.trained.steps > landed
    assert studio.project.weights["dense1.weight"].shape == (2, 6)


def test_what_training_came_to_is_had_at_once_and_it_goes_on(studio: Studio, qtbot: QtBot) -> None:
    studio.train(10_000_000)
    wait_for_steps(qtbot, studio, 10)
    had = studio.at_once()
    assert had is studio.project and had.trained.steps >= 10
    assert studio.shown.training and studio.training.running
    wait_for_steps(qtbot, studio, had.trained.steps + 10)
    studio.pause()
    assert studio.project.trained.steps > had.trained.steps
    again = studio.at_once()  # where nothing goes on, nothing begins
    assert again is studio.project and not studio.training.running


def test_an_edit_that_takes_the_loss_away_ends_the_training(studio: Studio, qtbot: QtBot) -> None:
    studio.train()
    wait_for_steps(qtbot, studio)
    studio.do("Disconnect", edits.disconnect, "dense2", "x")
    assert not studio.shown.training
    assert studio.project.trained.steps > 0


def test_what_a_run_of_another_network_came_to_is_not_written(studio: Studio, xor: Project) -> None:
    stale = Outcome(
        runs.job(xor, 5),
        5,
        np.ones(5),
        {key: np.zeros_like(weight) for key, weight in xor.weights.items()},
        Memory(),
    )
    studio.do("Replace", edits.replace_op, "tanh1", catalog["relu"]())
    before = studio.project
    studio.training.ended.emit(stale)
    assert studio.project is before


def test_a_killed_worker_is_said_and_nothing_is_lost(
    studio: Studio, qtbot: QtBot, notices: list[Notice]
) -> None:
    studio.train()
    wait_for_steps(qtbot, studio, 50)
    pid = studio.training.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: not studio.shown.training, timeout=PATIENCE)
    assert [notice.kind for notice in notices] == ["problem"]
    kept = studio.project.trained.steps
    assert kept >= 50
    assert len(studio.project.trained.losses) == kept
    assert str(kept) in notices[0].text
    train(qtbot, studio, 5)
    assert studio.project.trained.steps == kept + 5
    assert studio.training.pid != pid


def test_a_worker_killed_between_two_runs_is_not_missed(studio: Studio, qtbot: QtBot) -> None:
    train(qtbot, studio, 2)
    pid = studio.training.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    train(qtbot, studio, 2)
    assert studio.project.trained.steps == 4


def test_numbers_that_run_away_stop_the_training_with_the_reason(
    studio: Studio, qtbot: QtBot, notices: list[Notice]
) -> None:
    for gate in ("tanh1", "sigmoid1"):
        studio.do("Replace", edits.replace_op, gate, catalog["square"]())
    studio.do("Replace", edits.replace_op, "loss1", catalog["squared_error"]())
    studio.set_training(optimizer=SGD(learning_rate=50.0))
    studio.train()
    qtbot.waitUntil(lambda: not studio.shown.training, timeout=PATIENCE)
    assert [notice.kind for notice in notices] == ["problem"]
    assert all(np.isfinite(weight).all() for weight in studio.project.weights.values())


def test_undo_while_training_takes_the_training_back(
    studio: Studio, xor: Project, qtbot: QtBot
) -> None:
    studio.train()
    wait_for_steps(qtbot, studio)
    studio.undo()
    assert not studio.shown.training
    assert studio.project is xor


def test_closing_while_training_ends_the_worker(studio: Studio, qtbot: QtBot) -> None:
    studio.train()
    wait_for_steps(qtbot, studio)
    pid = studio.training.pid
    assert pid is not None
    studio.close()
    assert studio.training.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_without_weights_training_says_why(
    studio: Studio, qtbot: QtBot, notices: list[Notice]
) -> None:
    studio.begin(Project())
    assert not studio.can_train
    train(qtbot, studio, 1)
    assert [notice.kind for notice in notices] == ["problem"]


def test_an_epoch_sees_every_row_once(studio: Studio) -> None:
    assert studio.steps_per_epoch == 1
    studio.set_training(batch=3)
    assert studio.steps_per_epoch == 2


# -- playback ---------------------------------------------------------------------------------


def test_steps_walk_through_the_timeline_and_back(studio: Studio) -> None:
    studio.prefer(reduce_motion=True)
    studio.show_position(0.0)
    length = studio.shown.length
    assert length == 15
    for number in range(1, length + 1):
        studio.step(1)
        assert studio.shown.position == number
    studio.step(1)
    assert studio.shown.position == length
    for number in range(length - 1, -1, -1):
        studio.step(-1)
        assert studio.shown.position == number


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two frames the same time passes, however long a busy machine takes."""
    monkeypatch.setattr(playing, "QElapsedTimer", Clock)


def test_playing_moves_on_and_stops_at_the_end(steady: None, studio: Studio, qtbot: QtBot) -> None:
    places: list[float] = []
    studio.moved.connect(lambda shown: places.append(shown.position))
    studio.play()
    assert studio.shown.playing
    assert studio.shown.position == 0.0
    qtbot.waitUntil(lambda: not studio.shown.playing, timeout=PATIENCE)
    assert studio.shown.position == studio.shown.length
    assert places == sorted(places)
    assert any(place != int(place) for place in places)


def test_a_step_moves_there_and_a_second_one_goes_further(studio: Studio, qtbot: QtBot) -> None:
    studio.show_position(3.0)
    studio.step(1)
    studio.step(1)
    qtbot.waitUntil(lambda: not studio.shown.playing, timeout=PATIENCE)
    assert studio.shown.position == 5.0


def test_a_phase_is_shown_from_its_beginning(studio: Studio) -> None:
    studio.show_phase(CLEAR)
    assert studio.shown.position == 5.0
    studio.show_phase(BACKWARD)
    assert studio.shown.position == 6.0
    assert studio.shown.instant is not None
    assert studio.shown.instant.phase == BACKWARD
    assert studio.has_phase(UPDATE)
    studio.set_training(frozen=frozenset({"dense1", "dense2"}))
    assert not studio.has_phase(UPDATE)


def test_an_edit_keeps_the_place_in_the_timeline(studio: Studio) -> None:
    studio.show_position(7.0)
    studio.do("Value", edits.set_entry, "dense1.bias", (0,), 0.5)
    assert studio.shown.position == 7.0
    studio.show_position(float(studio.shown.length))
    studio.do("Delete", edits.remove_nodes, ["tanh1"])
    assert studio.shown.position == studio.shown.length


# -- files ------------------------------------------------------------------------------------


def test_a_saved_project_opens_as_it_was(studio: Studio, qtbot: QtBot, tmp_path: Path) -> None:
    train(qtbot, studio, 7)
    studio.do("Rename", edits.rename, "dense1", "숨은 층")
    assert studio.dirty
    path = tmp_path / "한글 프로젝트.bps"
    assert studio.save(path)
    assert not studio.dirty
    opened = file.load(path)
    assert opened.graph == studio.project.graph
    assert opened.trained.steps == 7
    assert np.array_equal(opened.trained.losses, studio.project.trained.losses)
    for key, weight in studio.project.weights.items():
        assert np.array_equal(opened.weights[key], weight)


def test_saving_while_training_saves_the_training_and_goes_on(
    studio: Studio, qtbot: QtBot, tmp_path: Path
) -> None:
    studio.train()
    wait_for_steps(qtbot, studio, 5)
    assert studio.save(tmp_path / "a.bps")
    assert studio.shown.training
    assert file.load(tmp_path / "a.bps").trained.steps >= 5


def test_what_can_not_be_saved_is_said_and_stays_unsaved(
    studio: Studio, tmp_path: Path, notices: list[Notice]
) -> None:
    studio.do("Rename", edits.rename, "dense1", "other")
    assert not studio.save(tmp_path / "no such folder" / "a.bps")
    assert studio.dirty
    assert [notice.kind for notice in notices] == ["problem"]


def test_beginning_with_another_project_gives_a_run_up(
    studio: Studio, xor: Project, qtbot: QtBot, make_project: Callable[[], Project]
) -> None:
    studio.train()
    wait_for_steps(qtbot, studio)
    other = make_project()
    studio.begin(other)
    assert not studio.shown.training
    assert studio.project is other
    assert studio.history.names == ()


@pytest.fixture
def make_project(xor: Project) -> Callable[[], Project]:
    return lambda: edits.rename(xor, "dense1", "another")
