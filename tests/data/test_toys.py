"""The toy sets are what their names say, and the same for the same recipe."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bpstudio.data.split import held_out_rows
from bpstudio.data.toys import ALIASES, TOYS, make
from bpstudio.errors import StudioError
from bpstudio.resources import path

TABLES = {
    "xor": [0, 1, 1, 0],
    "and": [0, 0, 0, 1],
    "or": [0, 1, 1, 1],
    "nand": [1, 1, 1, 0],
    "nor": [1, 0, 0, 0],
    "xnor": [1, 0, 0, 1],
}
REAL = {"iris": (150, 4, 3), "digits": (1797, 64, 10)}
CLOUDS = [name for name in TOYS if name not in TABLES and name not in REAL]


@pytest.mark.parametrize("name", TABLES)
def test_truth_tables_are_the_four_points_without_a_split(name: str) -> None:
    data = make(name)
    assert data.features.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert data.answers.tolist() == TABLES[name]
    assert data.classes == ("0", "1")
    assert len(data.test_rows) == 0
    assert data.recipe == {"name": name, "seed": 1}


@pytest.mark.parametrize("name", CLOUDS)
def test_clouds_keep_a_fifth_for_testing(name: str) -> None:
    data = make(name, points=200, seed=4)
    assert len(data) == 200
    assert len(data.test_rows) == 40
    assert np.isfinite(data.features).all()
    assert np.isfinite(data.answers).all()
    assert np.abs(data.features).max() < 3.1
    if data.classification:
        assert set(data.answers.tolist()) == set(range(len(data.classes)))
        assert data.answers.shape == (200,)
    else:
        assert data.answers.shape == (200, 1)


@pytest.mark.parametrize("name", TOYS)
def test_a_recipe_makes_the_same_set_again(name: str) -> None:
    first = make(name, seed=7)
    again = make(**first.recipe)
    assert np.array_equal(first.features, again.features)
    assert np.array_equal(first.answers, again.answers)
    assert np.array_equal(first.held_out, again.held_out)
    assert first.recipe == again.recipe


@pytest.mark.parametrize("name", CLOUDS)
def test_another_seed_is_another_set(name: str) -> None:
    one, two = make(name, seed=1), make(name, seed=2)
    assert not np.array_equal(one.features, two.features)


def test_more_noise_moves_the_same_points_further() -> None:
    still, little, much = (make("moons", noise=noise) for noise in (0, 0.1, 0.2))
    moved = little.features - still.features
    assert np.allclose(much.features - still.features, 2 * moved)
    assert 0.08 < moved.std() < 0.12


def test_noise_of_a_regression_is_in_the_answers() -> None:
    still, noisy = make("sine", noise=0), make("sine", noise=0.1)
    assert np.array_equal(still.features, noisy.features)
    assert np.array_equal(still.answers, np.sin(np.pi * still.features))
    assert not np.array_equal(still.answers, noisy.answers)


def test_arms_of_a_spiral_are_its_classes() -> None:
    data = make("spiral", points=90, arms=3, noise=0)
    assert data.classes == ("0", "1", "2")
    assert np.bincount(data.answers).tolist() == [30, 30, 30]
    assert data.recipe["arms"] == 3
    radius = np.hypot(*data.features.T)
    angle = np.arctan2(data.features[:, 0], data.features[:, 1])
    along = (radius - 0.08) / 0.92
    expected = 2 * np.pi * (1.25 * along + data.answers / 3)
    assert np.allclose(np.exp(1j * angle), np.exp(1j * expected))


def test_circles_can_be_told_by_their_radius() -> None:
    data = make("circles", noise=0)
    inside = np.hypot(*data.features.T) < 0.6
    assert np.array_equal(inside, data.answers == data.classes.index("inside"))


def test_squares_of_a_checkerboard_differ_from_their_neighbours() -> None:
    data = make("checkerboard", cells=2)
    expected = (data.features[:, 0] > 0) != (data.features[:, 1] > 0)
    assert np.array_equal(expected, data.answers == 1)


@pytest.mark.parametrize("name", ["and", "or", "nand", "xor"])
def test_clouds_of_a_truth_table_stand_around_its_points(name: str) -> None:
    still = make(f"{name}_clouds", noise=0, points=40)
    for point, answer in zip(make(name).features, make(name).answers, strict=True):
        here = (still.features == point).all(axis=1)
        assert here.sum() == 10
        assert set(still.answers[here].tolist()) == {int(answer)}
    wide = make(f"{name}_clouds", noise=0.2, points=4000)
    assert (wide.features - make(f"{name}_clouds", noise=0, points=4000).features).std() > 0.19


def test_a_typed_function_parts_the_plane() -> None:
    data = make("above", formula="x^2 - 1", reach=2, points=400)
    x, y = data.features.T
    assert np.array_equal(data.answers == 1, y > x**2 - 1)
    assert np.abs(data.features).max() <= 2
    assert data.recipe["formula"] == "x^2 - 1"
    assert make("spirals", arms=5).classes == ("0", "1", "2", "3", "4")


def test_a_typed_function_is_a_curve_to_learn() -> None:
    data = make("curve", formula="2·x if x > 0 else -x", reach=1, noise=0)
    x = data.features
    assert np.array_equal(data.answers, np.where(x > 0, 2 * x, -x))
    assert np.array_equal(make("curve", formula="2", noise=0).answers, np.full((100, 1), 2.0))


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("", "empty"),
        ("y + 1", "y, but there is only x"),
        ("1/(x-x)", "no finite number at x"),
        ("log(x)", "no finite number at x"),
        ("sum(x)", "sum is for arrays"),
        ("x @ x", "@ is for arrays"),
        ("2x", "position"),
        ("__import__('os')", "position"),
        ("x" + "+x" * 200, "401 characters"),
    ],
)
def test_a_function_that_is_none_is_one_sentence(formula: str, reason: str) -> None:
    with pytest.raises(StudioError, match=reason) as caught:
        make("curve", formula=formula)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("name", REAL)
def test_real_sets_are_whole_and_say_where_they_are_from(name: str) -> None:
    data = make(name, seed=3)
    rows, columns, classes = REAL[name]
    assert data.features.shape == (rows, columns)
    assert len(data.classes) == classes
    assert len(data.test_rows) == pytest.approx(0.2 * rows, abs=classes)
    about = path("data", f"{name}.txt").read_text(encoding="utf-8")
    assert "Source" in about
    assert "CC BY 4.0" in about


def test_the_iris_is_fishers() -> None:
    data = make("iris")
    assert np.bincount(data.answers).tolist() == [50, 50, 50]
    assert data.features.mean(axis=0) == pytest.approx([5.843, 3.057, 3.758, 1.199], abs=0.001)
    noisy = make("iris", noise=0.1)
    assert not np.array_equal(noisy.features, make("iris").features)


def test_digits_are_pictures() -> None:
    data = make("digits")
    assert data.features.min() == 0
    assert data.features.max() == 1
    zero = data.features[0].reshape(8, 8)
    assert data.answers[0] == 0
    assert zero[3:5, 3:5].sum() < 0.2 * zero[3:5].sum()


def test_aliases_lead_to_a_set() -> None:
    assert make("gaussians").recipe["name"] == "blobs"
    assert set(ALIASES.values()) <= set(TOYS)


def test_a_wrong_name_lists_the_names() -> None:
    with pytest.raises(StudioError, match=r"no data set called mons.*moons"):
        make("mons")


WRONG: list[dict[str, Any]] = [
    {"name": "moons", "points": 3},
    {"name": "moons", "points": 10**9},
    {"name": "moons", "points": 10.5},
    {"name": "moons", "points": True},
    {"name": "moons", "noise": -0.1},
    {"name": "moons", "noise": float("nan")},
    {"name": "moons", "held_out": 1.0},
    {"name": "moons", "seed": -1},
    {"name": "moons", "arms": 2},
    {"name": "spiral", "arms": 1},
    {"name": "xor", "points": 10},
    {"name": "xor", "noise": 0.1},
    {"name": "iris", "points": 100},
    {"name": "above", "formula": 3},
    {"name": "above", "reach": 0},
]


@pytest.mark.parametrize("recipe", WRONG, ids=str)
def test_a_wrong_setting_is_one_sentence(recipe: dict[str, Any]) -> None:
    with pytest.raises(StudioError) as caught:
        make(**recipe)
    assert recipe["name"] in str(caught.value)
    assert str(caught.value).endswith(".")


def test_every_class_gives_its_share_for_testing() -> None:
    groups = np.array([0] * 90 + [1] * 10)
    mask = held_out_rows(100, 0.2, seed=3, groups=groups)
    assert np.bincount(groups[mask]).tolist() == [18, 2]


def test_a_row_always_stays_for_training() -> None:
    assert held_out_rows(1, 0.9, seed=1).tolist() == [False]
    assert held_out_rows(0, 0.9, seed=1).tolist() == []
    with pytest.raises(StudioError, match="can't be kept"):
        held_out_rows(10, 1.0, seed=1)
