"""What is said of a training is of the weights that are shown, whatever people do meanwhile."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from bpstudio.data import toys
from bpstudio.engine.optimizers import Optimizer
from bpstudio.project import build, edits, gates, runs
from bpstudio.project.iteration import runnable, within
from bpstudio.project.project import Project, loss_node
from bpstudio.training.measure import measure
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Studio

PATIENCE = 60_000


def check(shown: Showing) -> None:
    """Metrics that are shown are those of the weights that are shown, without the penalty."""
    metrics, project = shown.metrics, shown.project
    if metrics is None or runnable(project)[1] != loss_node(project):
        return
    part = within(project, runnable(project)[0])
    job = runs.job(part)
    weights = {key: shown.weights[key] for key, _ in job.layout}
    statistics = shown.past.statistics if shown.past is not None else None
    own = measure(job, weights, metrics.step, statistics)
    assert metrics.step == shown.step
    assert metrics.loss == pytest.approx(own.loss, rel=1e-9, abs=1e-12)
    assert (metrics.accuracy, metrics.confusion) == (own.accuracy, own.confusion)
    assert metrics.test_accuracy == own.test_accuracy


def actions(studio: Studio, draw: random.Random) -> dict[str, Callable[[], object]]:
    weight = "dense1.weight"
    return {
        "train": studio.train,
        "step": lambda: studio.train(1),
        "pause": studio.pause,
        "rate": lambda: studio.set_training(optimizer=_rated(studio.project, draw.random())),
        "penalty": lambda: studio.set_training(l2=draw.choice([0.0, 0.01, 0.1])),
        "weight": lambda: studio.do("", edits.set_entry, weight, (0, 0), draw.uniform(-2, 2)),
        "units": lambda: studio.do("", edits.set_setting, "dense1", "units", draw.randint(2, 6)),
        "data": lambda: studio.do(
            "", edits.set_data, toys.make("moons", points=40, seed=draw.randint(1, 9))
        ),
        "undo": studio.undo,
        "redo": studio.redo,
        "reset": studio.reset_training,
        "new weights": studio.draw_new_weights,
        "back": lambda: studio.past.go_to(draw.randint(0, 40)),
        "present": studio.past.leave,
        "scrub": lambda: studio.show_position(draw.uniform(0, 12)),
    }


def _rated(project: Project, rate: float) -> Optimizer:
    return gates.changed(project.training.optimizer, "learning_rate", rate)


def wait_for_more(qtbot: QtBot, studio: Studio) -> None:
    """Wait until the run was seen to go on, or is over."""
    start = studio.shown.step
    qtbot.waitUntil(
        lambda: studio.shown.step > start or not studio.shown.training, timeout=PATIENCE
    )


@pytest.mark.parametrize("seed", range(3))
def test_no_number_is_ever_of_other_weights(studio: Studio, qtbot: QtBot, seed: int) -> None:
    studio.begin(build.network(toys.make("moons", points=40), (2, 4, 1)))
    draw, seen = random.Random(seed), list[Showing]()
    studio.moved.connect(seen.append)
    studio.train(5)
    qtbot.waitUntil(lambda: not studio.shown.training, timeout=PATIENCE)
    doings = actions(studio, draw)
    for _ in range(40):
        doings[draw.choice(list(doings))]()
        if studio.shown.training and draw.random() < 0.5:
            wait_for_more(qtbot, studio)
        check(studio.shown)
    studio.pause()
    check(studio.shown)
    chosen = seen if len(seen) < 150 else draw.sample(seen, 150)
    for shown in chosen:
        if shown.training:
            # An edit reaches the run at its next step; then its metrics are of the new settings.
            metrics = shown.metrics
            assert metrics is None or metrics.step == shown.step
        else:
            check(shown)


def test_a_project_that_is_replaced_while_it_trains_gets_nothing_of_the_run(
    studio: Studio, qtbot: QtBot
) -> None:
    replaced = [
        build.network(toys.make("xor"), (2, 4, 1), seed=9),  # the very same structure
        build.network(toys.make("moons", points=40), (2, 6, 1)),
        Project(),
    ]
    for other in replaced:
        studio.begin(build.network(toys.make("xor"), (2, 4, 1)))
        studio.train()
        qtbot.waitUntil(lambda: studio.shown.step > 20, timeout=PATIENCE)
        studio.begin(other)
        assert studio.project is other and not studio.shown.training
        qtbot.wait(150)
        assert studio.project is other and studio.shown.step == 0
        for key, weight in other.weights.items():
            np.testing.assert_array_equal(studio.shown.weights[key], weight)


def test_a_structure_that_is_edited_while_it_trains_gets_only_its_own(
    studio: Studio, qtbot: QtBot
) -> None:
    for units in (3, 5, 2):
        studio.train()
        wait_for_more(qtbot, studio)
        assert studio.do("", edits.set_setting, "dense1", "units", units)
        assert studio.project.weights["dense1.weight"].shape == (2, units)
        studio.pause()
        assert studio.project.weights["dense1.weight"].shape == (2, units)
        check(studio.shown)


def test_what_is_put_aside_while_it_trains_comes_back_as_it_was(
    studio: Studio, qtbot: QtBot
) -> None:
    studio.train()
    qtbot.waitUntil(lambda: studio.shown.step > 20, timeout=PATIENCE)
    studio.visit(build.network(toys.make("moons", points=40), (2, 3, 1)))
    mine = studio.aside
    assert mine is not None and mine.history.project.trained.steps > 20
    studio.train()
    qtbot.waitUntil(lambda: studio.shown.step > 5, timeout=PATIENCE)
    studio.come_back()
    assert studio.project is mine.history.project
    check(studio.shown)


def test_a_project_that_is_closed_while_it_trains_is_not_touched_any_more(
    studio: Studio, qtbot: QtBot
) -> None:
    studio.train()
    qtbot.waitUntil(lambda: studio.shown.step > 20, timeout=PATIENCE)
    mine, seen = studio.project, list[Showing]()
    studio.close()
    studio.moved.connect(seen.append)
    qtbot.wait(150)
    assert studio.project is mine and not studio.training.running
    assert not seen
