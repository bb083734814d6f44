"""Plots of a training: what they draw, and the numbers behind it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from functools import cache
from importlib import import_module

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.data.dataset import Dataset
from bpstudio.errors import StudioError
from bpstudio.exchange.diagram import svg
from bpstudio.playback.marks import Discs, Heat, Line, Picture, Rect, Text
from bpstudio.playback.palette import THEMES
from bpstudio.playback.plots import activations, landscape, layers, neurons, norms, steps, warp
from bpstudio.playback.plots.chart import Axis, axis_of, tick
from bpstudio.playback.plots.contours import contours
from bpstudio.playback.plots.plot import Look, Plot
from bpstudio.playback.plots.slices import slice_choices, sliced
from bpstudio.project import build, edits, runs
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project
from bpstudio.project.retracing import retracing
from bpstudio.training.landscape import PATH, surveying
from bpstudio.training.probes import Plane
from bpstudio.training.trail import Trail
from bpstudio.training.trainer import train_now

NAMES = ["neurons", "warp", "layers", "norms", "ratios", "activations", "steps", "landscape"]
RECT = Rect(10, 20, 420, 240)
LIGHT = THEMES["light"]


@cache
def looked(name: str = "xor", trained: int = 60) -> Look:
    """A network in training, with all that is known of its way."""
    data = toys.make("spiral", points=60, arms=3) if name == "spiral" else toys.make(name)
    sizes = (2, 5, 3) if name == "spiral" else (2, 4, 1)
    project = build.network(data, sizes)
    project = runs.landed(project, train_now(runs.job(project, trained)))
    *_, trail = retracing(project)
    path = np.stack([g.vector for g in trail.glances if g.vector is not None])
    *_, found = surveying(runs.job(project, 0), path, PATH, 0, cells=9)
    recording = iteration(project, step=trained, memory=project.trained.memory)
    return Look(project, project.weights, trained, trained, recording, trail, found)


def plot_of(name: str) -> Plot:
    plot: Plot = import_module(f"bpstudio.playback.plots.{name}").PLOT
    return plot


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", [(420, 240), (180, 90), (900, 700)])
def test_a_plot_stays_within_its_rectangle(name: str, theme: str, size: tuple[int, int]) -> None:
    rect = Rect(10, 20, *size)
    for look in (looked(), looked("spiral")):
        for choice in plot_of(name).choices(look):
            for key, _text in choice.options:
                chosen = replace(look, chosen={choice.name: key})
                marks = plot_of(name).draw(chosen, rect, THEMES[theme]).marks
                assert marks
                for mark in marks:
                    if isinstance(mark, Line | Discs):
                        at = mark.points if isinstance(mark, Line) else mark.centres
                        assert np.isfinite(at).all()
                        assert (at >= [rect.x - 1, rect.y - 1]).all(), mark
                        assert (at <= [rect.right + 1, rect.bottom + 1]).all(), mark


@pytest.mark.parametrize("name", NAMES)
def test_a_plot_is_written_as_a_drawing_and_as_numbers(name: str) -> None:
    drawing = plot_of(name).draw(looked(), RECT, LIGHT)
    assert svg(Picture(RECT, drawing.marks), LIGHT).startswith("<svg")
    head, *rows = csv.reader(io.StringIO(drawing.table.csv()))
    assert rows and all(len(row) == len(head) for row in rows)


@pytest.mark.parametrize("name", NAMES)
def test_without_a_training_it_is_said_what_is_missing(name: str) -> None:
    with pytest.raises(StudioError):
        plot_of(name).draw(Look(Project()), RECT, LIGHT)


def test_norms_are_those_of_the_gradients() -> None:
    look = looked()
    _head, *rows = csv.reader(io.StringIO(norms.draw(look, RECT, LIGHT).table.csv()))
    glance = look.trail.glances[-1]
    assert [float(cell) for cell in rows[-1]] == [
        60,
        glance.gradients["dense1.weight"].norm,
        glance.gradients["dense2.weight"].norm,
    ]


def test_steps_are_those_of_the_next_update() -> None:
    look = looked()
    chosen = replace(look, chosen={"of": "dense1.weight"})
    _head, *rows = csv.reader(io.StringIO(steps.draw(chosen, RECT, LIGHT).table.csv()))
    assert look.recording is not None
    update = next(u for u in look.recording.updates if (u.node, u.port) == ("dense1", "weight"))
    np.testing.assert_array_equal(
        np.array([row[4] for row in rows], dtype=float), update.after.ravel()
    )
    assert rows[5][0] == "2,2"


def test_the_spread_holds_all_numbers_of_the_layer() -> None:
    marks = layers.draw(looked(), RECT, LIGHT).marks
    heat = next(mark for mark in marks if isinstance(mark, Heat))
    assert heat.values.min() >= 0 and heat.values.max() == pytest.approx(1.0)
    assert (heat.values.sum(axis=0) > 0).all()


def test_a_neuron_is_shown_over_the_plane_as_it_answers() -> None:
    look = replace(looked(), chosen={"layer": "sigmoid1"})
    marks = neurons.draw(look, RECT, LIGHT).marks
    (heat,) = (mark for mark in marks if isinstance(mark, Heat))
    answers = runs.predict(look.project, np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]]))
    low = heat.values.shape[0] - 1
    corners = [heat.values[low - 8, 8], heat.values[8, low - 8], heat.values[8, 8]]
    assert np.sign(corners).tolist() == np.sign(answers.ravel() - 0.5).tolist()


def test_the_warped_points_are_where_the_layer_puts_them() -> None:
    look = replace(looked(), chosen={"layer": "tanh1", "units": "1,3"})
    drawing = warp.draw(look, RECT, LIGHT)
    _head, *rows = csv.reader(io.StringIO(drawing.table.csv()))
    weights = look.weights
    assert look.project.data is not None
    hidden = np.tanh(look.project.data.features @ weights["dense1.weight"] + weights["dense1.bias"])
    found = np.array([row[2:] for row in rows], dtype=float)
    np.testing.assert_allclose(found, hidden[:, [1, 3]], atol=1e-6)
    assert sum(isinstance(mark, Line) for mark in drawing.marks) == 2 * warp.LINES


def test_the_path_through_the_landscape_ends_at_the_weights() -> None:
    look = looked()
    marks = landscape.draw(look, RECT, LIGHT).marks
    here = [mark for mark in marks if isinstance(mark, Discs)][-1]
    line = [mark for mark in marks if isinstance(mark, Line)][-1]
    np.testing.assert_allclose(here.centres[0], line.points[-1])
    first = edits.reset(look.project).weights
    past = landscape.draw(replace(look, step=0, weights=first), RECT, LIGHT).marks
    start = [mark for mark in past if isinstance(mark, Discs)][-1]
    np.testing.assert_allclose(start.centres[0], line.points[0], atol=1e-3)


def test_a_past_step_lies_in_the_landscape_where_its_weights_are() -> None:
    look = looked()
    result = train_now(runs.job(edits.reset(look.project), 33))  # no glance was taken there
    then = replace(look, step=33, weights={**look.weights, **result.weights})
    marks = landscape.draw(then, RECT, LIGHT).marks
    here = [mark for mark in marks if isinstance(mark, Discs)][-1]
    ahead, *_, walked = [mark for mark in marks if isinstance(mark, Line)]
    assert ahead.dash and not walked.dash
    np.testing.assert_array_equal(walked.points[-1], here.centres[0])
    np.testing.assert_array_equal(ahead.points[0], here.centres[0])
    assert len(walked.points) == int((look.trail.steps <= 33).sum()) + 1


def test_activations_can_be_looked_at_one_by_one() -> None:
    keys = [key for key, _text in activations.choices(looked())[0].options]
    assert keys == ["flat", "dead", "tanh1", "sigmoid1"]
    assert activations.choices(Look(Project(), trail=Trail())) == ()


def test_of_many_inputs_two_are_looked_at_and_the_others_held() -> None:
    draw = np.random.default_rng(0)
    data = Dataset(
        name="four",
        features=draw.normal(size=(30, 4)),
        answers=np.arange(30) % 2,
        held_out=np.zeros(30, dtype=bool),
        feature_names=("a", "b", "c", "d"),
        classes=("no", "yes"),
    )
    project = build.network(data, (4, 3, 1))
    look = Look(project, project.weights, chosen={"across": "2", "up": "0", "held3": "0.5"})
    assert [c.name for c in slice_choices(look)] == ["across", "up", "held1", "held3"]
    plane = sliced(look, 7)
    assert isinstance(plane, Plane) and plane.axes == (2, 0)
    points = plane.points
    assert points.shape == (49, 4)
    np.testing.assert_allclose(points[:, 3], 0.5)
    np.testing.assert_allclose(points[:, 1], data.features[:, 1].mean(), rtol=1e-6)
    assert len(set(points[:, 2])) == len(set(points[:, 0])) == 7
    marks = neurons.draw(look, RECT, LIGHT).marks
    assert sum(isinstance(mark, Heat) for mark in marks) == 3
    assert sliced(replace(look, chosen={"across": "1", "up": "1"}), 3) != plane


def test_contours_lie_where_the_value_is_the_level() -> None:
    y, x = np.mgrid[0:21, 0:31]
    pieces = contours(x * 1.0 + 2.0 * y, 17.3)
    np.testing.assert_allclose(pieces[..., 0] + 2 * pieces[..., 1], 17.3)
    ring = contours(np.hypot(x - 15, y - 10), 7.0)
    lengths = np.hypot(*(ring[:, 1] - ring[:, 0]).T)
    assert lengths.sum() == pytest.approx(2 * np.pi * 7, rel=0.02)
    saddle = contours(np.array([[1.0, -1.0], [-1.0, 1.0]]), 0.2)
    assert saddle.shape == (2, 2, 2)
    assert contours(np.full((3, 3), np.nan), 0.0).shape == (0, 2, 2)


def test_axes_have_round_numbers() -> None:
    assert axis_of(np.array([3e-4, 0.2, np.nan, 0.0]), log=True) == Axis(1e-4, 1.0, True)
    assert axis_of(np.array([np.nan])) == Axis(0.0, 1.0)
    assert [tick(v) for v in (0, 1e-4, 0.25, -2, 20_000)] == [
        "0",
        "1e−4",
        "0.25",
        "−2",
        "20\u2009000",
    ]


def test_texts_of_a_chart_do_not_overlap() -> None:
    for name in NAMES:
        for look in (looked(), looked("spiral")):
            texts = [m for m in plot_of(name).draw(look, RECT, LIGHT).marks if isinstance(m, Text)]
            for index, one in enumerate(texts):
                assert not any(one.rect.meets(other.rect) for other in texts[:index]), (name, one)
