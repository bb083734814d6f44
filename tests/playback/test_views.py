"""The pictures beside the network: boundary, loss, weights."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.data.dataset import Dataset
from bpstudio.playback import views, weight_views
from bpstudio.playback.marks import Discs, Heat, Line, Picture, Rect
from bpstudio.playback.palette import LIGHT
from bpstudio.project import build
from bpstudio.project.project import Project, Trained
from bpstudio.training.probes import Plane
from tests.playback.drawing import network, of_formula, recorded


def texts(drawn: Picture) -> list[str]:
    return ["".join(span.text for span in text.spans) for text in drawn.texts()]


def heat(drawn: Picture) -> Heat:
    return next(mark for mark in drawn.marks if isinstance(mark, Heat))


def discs(drawn: Picture) -> list[Discs]:
    return [mark for mark in drawn.marks if isinstance(mark, Discs)]


def upper_half() -> Project:
    """A network that answers 1 where x2 > ½."""
    project = build.network(toys.make("xor"), (2, 1))
    weights = {"dense1.weight": np.array([[0.0], [50.0]]), "dense1.bias": np.array([-25.0])}
    return dataclasses.replace(project, weights=weights)


def test_a_curve_stops_where_it_has_no_number() -> None:
    data = toys.make("sine")
    plane = Plane((-1.0,), (1.0,), 5)
    outputs = np.array([[0.0], [1.0], [np.nan], [np.inf], [2.0]])
    rect, theme = Rect(0, 0, 100, 50), LIGHT
    plain = list(views.fit_marks(data, plane, np.zeros_like(outputs), rect, theme))
    broken = list(views.fit_marks(data, plane, outputs, rect, theme))
    points = [mark.points for mark in broken if isinstance(mark, Line)]
    assert all(np.isfinite(each).all() for each in points)
    assert sum(map(len, points)) < sum(len(m.points) for m in plain if isinstance(m, Line))
    nothing = views.fit_marks(data, plane, np.full_like(outputs, np.nan), rect, theme)
    assert all(np.isfinite(m.points).all() for m in nothing if isinstance(m, Line))


def test_the_boundary_has_the_second_input_upwards() -> None:
    drawn = views.boundary(upper_half(), cells=20)
    values = heat(drawn).values
    assert values[:8].min() > 0.99
    assert values[-8:].max() < -0.99


def test_few_points_are_numbered_where_they_lie() -> None:
    drawn = views.boundary(upper_half(), cells=8)
    (points,) = discs(drawn)
    data = toys.make("xor")
    order = np.argsort(data.features[:, 0] * 2 + data.features[:, 1])
    x, y = points.centres[order].T
    assert x[0] == x[1] < x[2] == x[3]
    assert y[0] == y[2] > y[1] == y[3], "up is a smaller y"
    digits = [text for text in drawn.texts() if text.spans[0].text in "01"]
    assert [int(t.spans[0].text) for t in digits] == data.answers.tolist()
    for text, (px, _py) in zip(digits, points.centres.tolist(), strict=True):
        assert text.x == px


def test_many_points_are_coloured_by_class_and_hollow_where_held_out() -> None:
    project = network("moons", (2, 4, 1))
    assert project.data is not None
    found = discs(views.boundary(project, cells=8))
    assert {d.fill.role for d in found if d.fill} == {"class0", "class1", "panel"}
    hollow = sum(len(d.centres) for d in found if d.fill and d.fill.role == "panel")
    assert hollow == len(project.data.test_rows) > 0
    assert sum(len(d.centres) for d in found) == len(project.data)


def test_more_classes_have_colours_of_their_own() -> None:
    rng = np.random.default_rng(0)
    data = Dataset("three", rng.normal(size=(60, 2)), np.arange(60) % 3, ("a", "b", "c"))
    drawn = views.boundary(build.network(data, (2, 8, 3)), cells=12)
    shown = heat(drawn)
    assert shown.classes is not None
    assert shown.values.min() >= 0 and shown.values.max() <= 1


def test_one_input_gives_a_curve() -> None:
    drawn = views.boundary(network("sine", (1, 4, 1)))
    curve = [m for m in drawn.marks if isinstance(m, Line) and len(m.points) > 2]
    assert len(curve) == 1
    assert (np.diff(curve[0].points[:, 0]) > 0).all()


@pytest.mark.parametrize(
    ("project", "reason"),
    [
        (of_formula("x + 1", x=1), "no data set"),
        (
            build.network(
                Dataset("five", np.eye(5), np.array([0, 1, 0, 1, 0]), ("a", "b")), (5, 3, 1)
            ),
            "one or two",
        ),
    ],
)
def test_where_there_is_no_boundary_it_says_why(project: Project, reason: str) -> None:
    assert reason in " ".join(texts(views.boundary(project)))


def test_the_loss_falls_to_the_right() -> None:
    project = dataclasses.replace(network(), trained=Trained(4, np.array([0.8, 0.4, 0.2, 0.1])))
    drawn = views.loss(project)
    curve = next(m for m in drawn.marks if isinstance(m, Line) and len(m.points) == 4)
    assert (np.diff(curve.points[:, 0]) > 0).all()
    assert (np.diff(curve.points[:, 1]) > 0).all(), "down is a larger y"
    assert "0.1000" in texts(drawn)
    zero = next(t for t in drawn.texts() if t.spans[0].text == "0")
    heights = zero.y - 4 - curve.points[:, 1]
    assert heights == pytest.approx(heights[0] * np.array([1, 0.5, 0.25, 0.125]))


def test_a_noisy_loss_has_its_mean_drawn_over_it() -> None:
    rng = np.random.default_rng(0)
    falling = np.linspace(1, 0.2, 400)
    series = falling + rng.uniform(-0.1, 0.1, 400)
    assert views.noisy(series) and not views.noisy(falling)
    assert views.running_mean(np.array([1.0, 3.0, 5.0, 9.0]), 2) == pytest.approx([2, 4, 7])
    project = dataclasses.replace(network(), trained=Trained(400, series))
    drawn = views.loss(project)
    assert "with the mean of 10 steps" in texts(drawn)
    raw, mean = (m for m in drawn.marks if isinstance(m, Line) and len(m.points) > 2)
    assert np.ptp(np.diff(mean.points[:, 1])) < np.ptp(np.diff(raw.points[:, 1])) / 3


def test_an_untrained_network_has_no_loss_curve() -> None:
    assert "not been trained" in " ".join(texts(views.loss(network())))
    nothing = dataclasses.replace(network(), trained=Trained(2, np.array([np.nan, np.inf])))
    assert "not been trained" in " ".join(texts(views.loss(nothing)))


def test_a_long_curve_keeps_its_peaks() -> None:
    series = np.zeros(100_000)
    series[[777, 54_321]] = [5.0, -3.0]
    kept = views.thinned(series, 600)
    assert len(kept) <= 1202
    assert {0, 777, 54_321, 99_999} <= set(kept.tolist())
    assert views.thinned(series[:50], 600).tolist() == list(range(50))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 0.69, [0, 0.2, 0.4, 0.6]),
        (-1.2, 1.1, [-1, -0.5, 0, 0.5, 1]),
        (1, 900, [200, 400, 600, 800]),
        (0, 3e-7, [0, 1e-7, 2e-7, 3e-7]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[float]) -> None:
    assert views.ticks(low, high) == pytest.approx(expected)


def test_weights_before_and_after() -> None:
    project = network()
    drawn = weight_views.weights(project, recording=recorded(project))
    shown = texts(drawn)
    first = project.weights["dense1.weight"][0, 0]
    assert any(text.startswith(f"{first:+.2f}".replace("-", "−")) for text in shown)
    assert sum(text.startswith("→") for text in shown) == 17
    without = texts(weight_views.weights(project))
    assert not any(text.startswith("→") for text in without)
    grid = next(m for m in drawn.marks if isinstance(m, Heat))
    assert np.sign(grid.values).tolist() == np.sign(project.weights["dense1.weight"]).tolist()


def test_large_matrices_have_no_numbers() -> None:
    drawn = weight_views.weights(network("spiral", (2, 64, 2)))
    assert len(texts(drawn)) < 20
    assert "no weights" in " ".join(texts(weight_views.weights(of_formula("x + 1", x=1))))


def test_no_text_lies_on_another_in_a_view() -> None:
    import itertools

    project = dataclasses.replace(network(), trained=Trained(3, np.array([0.7, 0.5, 0.1])))
    drawings: list[Picture] = [
        views.boundary(project, cells=8),
        views.loss(project),
        weight_views.weights(project, recording=recorded(project)),
    ]
    for drawn in drawings:
        for a, b in itertools.combinations(drawn.texts(), 2):
            assert not a.rect.meets(b.rect), (a.spans, b.spans)
        for text in drawn.texts():
            assert drawn.bounds.x <= text.rect.x and text.rect.right <= drawn.bounds.right


def test_of_a_large_set_a_part_of_the_points_is_drawn() -> None:
    project = build.network(toys.make("moons", points=50_000), (2, 1))
    drawn = discs(views.boundary(project, cells=4))
    assert 3000 < sum(len(mark.centres) for mark in drawn) <= views.MOST_DRAWN
