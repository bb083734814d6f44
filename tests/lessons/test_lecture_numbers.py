"""The tables that the lessons lean on: activations, perceptrons, differences, descent, losses."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from bpstudio.engine import formula
from bpstudio.engine.op import Array
from bpstudio.engine.optimizers import SGD
from bpstudio.engine.run import Recording, record
from bpstudio.lessons import keys
from bpstudio.lessons.exhibits import kinds
from bpstudio.lessons.keys import recording_of
from bpstudio.lessons.lesson import Key
from bpstudio.lessons.shelf import ours
from bpstudio.project.project import Project

PLACES = (-10.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 10.0)
ACTIVATIONS: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "sigmoid(x)": (
        (4.5397868702e-5, 0.1192029220, 0.2689414214, 0.3775406688, 0.5, 0.6224593312,
         0.7310585786, 0.8807970780, 0.9999546021),
        (4.5395807736e-5, 0.1049935854, 0.1966119332, 0.2350037122, 0.25, 0.2350037122,
         0.1966119332, 0.1049935854, 4.5395807736e-5),
    ),
    "tanh(x)": (
        (-0.9999999959, -0.9640275801, -0.7615941560, -0.4621171573, 0.0, 0.4621171573,
         0.7615941560, 0.9640275801, 0.9999999959),
        (8.2446145e-9, 0.0706508249, 0.4199743416, 0.7864477330, 1.0, 0.7864477330,
         0.4199743416, 0.0706508249, 8.2446145e-9),
    ),
    "relu(x)": ((0, 0, 0, 0, 0, 0.5, 1, 2, 10), (0, 0, 0, 0, 0, 1, 1, 1, 1)),
    "x if x > 0 else 0.01*x": (
        (-0.1, -0.02, -0.01, -0.005, 0, 0.5, 1, 2, 10),
        (0.01, 0.01, 0.01, 0.01, 0.01, 1, 1, 1, 1),
    ),
    "x if x > 0 else exp(x) - 1": (
        (-0.9999546001, -0.8646647168, -0.6321205588, -0.3934693403, 0, 0.5, 1, 2, 10),
        (4.5399929762e-5, 0.1353352832, 0.3678794412, 0.6065306597, 1, 1, 1, 1, 1),
    ),
    "max(0.5*x + 1, 0.5 - x)": (
        (10.5, 2.5, 1.5, 1.0, 1.0, 1.25, 1.5, 2.0, 6.0),
        (-1, -1, -1, -1, 0.5, 0.5, 0.5, 0.5, 0.5),
    ),
}  # fmt: skip
PERCEPTRONS = {
    "AND": ((0.5, 0.5, -0.7), (-0.7, -0.2, -0.2, 0.3), (0, 0, 0, 1)),
    "NAND": ((-0.5, -0.5, 0.7), (0.7, 0.2, 0.2, -0.3), (1, 1, 1, 0)),
    "OR": ((0.5, 0.5, -0.2), (-0.2, 0.3, 0.3, 0.8), (0, 1, 1, 1)),
}
ROWS = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0))
DESCENTS = {
    0.01: (2.94, 2.8812, 2.823576, 2.76710448, 2.7117623904),
    0.1: (2.4, 1.92, 1.536, 1.2288, 0.98304),
    0.5: (0.0,) * 5,
    0.9: (-2.4, 1.92, -1.536, 1.2288, -0.98304),
    1.0: (-3.0, 3.0, -3.0, 3.0, -3.0),
    1.1: (-3.6, 4.32, -5.184, 6.2208, -7.46496),
}
SIZES = {
    (2, 2, 1): (9, 10, 18),
    (2, 4, 1): (17, 18, 34),
    (3, 4, 2): (26, 27, 52),
    (3, 4, 4, 1): (41, 42, 82),
    (2, 20, 1): (81, 82, 162),
    (3072, 100, 10): (308310, 308311, 616620),
}


def run(text: str, **values: Any) -> tuple[Recording, str]:
    """A formula run forward and back, and the node at its end."""
    made = formula.build(text, {name: np.asarray(value, float) for name, value in values.items()})
    value = record(made.graph, made.given, {}).values[made.output]
    return record(made.graph, made.given, {}, seed={made.output: np.ones_like(value)}), made.output


def project(lesson: str, name: str) -> Project:
    """A project of a lesson."""
    return next(each for each in ours() if each.folder.name == lesson).read("en").project(name)


@pytest.mark.parametrize("text", ACTIVATIONS)
def test_activations_and_their_slopes(text: str) -> None:
    values, slopes = ACTIVATIONS[text]
    for x, value, slope in zip(PLACES, values, slopes, strict=True):
        recording, end = run(text, x=x)
        np.testing.assert_allclose(recording.values[end], value, rtol=2e-9, atol=1e-12)
        np.testing.assert_allclose(recording.gradients["x"], slope, rtol=2e-8, atol=1e-12)


@pytest.mark.parametrize("name", PERCEPTRONS)
def test_perceptrons(name: str) -> None:
    (w1, w2, b), sums, truth = PERCEPTRONS[name]
    for (x1, x2), total, decision in zip(ROWS, sums, truth, strict=True):
        values = f"x1 = {x1}, x2 = {x2}, w1 = {w1}, w2 = {w2}, b = {b}"
        shown = project("10-perceptrons", "perceptron.bps")
        for node, wanted in (("s", total), ("y", decision)):
            key = Key(
                "value",
                node,
                tuple(
                    (part.partition(" = ")[0], part.partition(" = ")[2])
                    for part in values.split(", ")
                ),
            )
            np.testing.assert_allclose(keys.computed(key, shown), wanted, atol=1e-12)


def test_xor_by_connecting_and_by_relu_and_sigmoids() -> None:
    relu = "max(0, x + y) - 2*max(0, x + y - 1)"
    deep = "sigmoid(20*sigmoid(20*x + 20*y - 10) + 20*sigmoid(30 - 20*x - 20*y) - 30)"
    for (x, y), wanted, soft in zip(
        ROWS, (0, 1, 1, 0), (4.5439104877e-5, 0.9999545196, 0.9999545196, 4.5439104877e-5),
        strict=True,
    ):  # fmt: skip
        exact, end = run(relu, x=x, y=y)
        assert exact.values[end] == wanted
        near, end = run(deep, x=x, y=y)
        np.testing.assert_allclose(near.values[end], soft, rtol=1e-9)


@pytest.mark.parametrize("rate", DESCENTS)
def test_descent_on_a_parabola(rate: float) -> None:
    w = np.array(3.0)
    for wanted in DESCENTS[rate]:
        recording, _end = run("w^2", w=w)
        w = SGD().update(w, recording.gradients["w"], np.array(rate), np.array(1.0))["w"]
        np.testing.assert_allclose(w, wanted, atol=1e-12)


def test_descent_in_a_bowl() -> None:
    x, y = np.array(-3.0), np.array(4.0)
    for _step in range(100):
        gradients = run("x^2 + y^2", x=x, y=y)[0].gradients
        x, y = x - 0.1 * gradients["x"], y - 0.1 * gradients["y"]
    np.testing.assert_allclose([x, y], [-6.111107929e-10, 8.148143905e-10], rtol=1e-9)


def test_the_neuron_learns_as_told() -> None:
    x = {"x0": np.array(-1.0), "x1": np.array(-2.0)}
    w: dict[str, Array] = {"w0": np.array(2.0), "w1": np.array(-3.0), "w2": np.array(-3.0)}
    for wanted in (0.0723294881, 0.0266379639, 0.0168691356, 0.0123741208):
        recording, end = run("(sigmoid(w0*x0 + w1*x1 + w2) - 1)^2", **x, **w)
        np.testing.assert_allclose(recording.values[end], wanted, rtol=1e-8)
        w = {name: value - recording.gradients[name] for name, value in w.items()}


@pytest.mark.parametrize("sizes", SIZES)
def test_what_differences_cost(sizes: tuple[int, ...]) -> None:
    count = sum((before + 1) * after for before, after in itertools.pairwise(sizes))
    assert (count, count + 1, 2 * count) == SIZES[sizes]


def test_differences_from_both_sides_follow_a_u() -> None:
    neuron = project("02-nudge", "neuron.bps")
    exact = recording_of(neuron).gradients["w0"].item()
    np.testing.assert_allclose(exact, -0.19661193324148185, rtol=1e-14)

    def f(w0: float) -> float:
        return float(keys.computed(Key("value", "f", (("w0", repr(w0)),)), neuron))

    for h, error in ((1e-1, 5.8918e-5), (1e-2, 5.8876e-7), (1e-3, 5.8877e-9)):
        found = (f(2 + h) - f(2 - h)) / (2 * h)
        np.testing.assert_allclose(abs(found - exact), error, rtol=1e-3)
    assert abs((f(2 + 1e-14) - f(2 - 1e-14)) / 2e-14 - exact) > 1e-4


def test_the_jacobian_that_is_never_built() -> None:
    made = kinds.begin("jacobian", "x -> r", project("08-jacobian", "relu.bps")).acted("large")
    assert "128" in made.said() or any("128" in str(shape) for shape in made.picture())
    assert 4096 * 4096 == 16_777_216
    assert 4096 * 4096 * 8 == 128 * 2**20
    assert 409_600**2 * 8 == 1_342_177_280_000


def test_losses_of_a_good_and_a_bad_answer() -> None:
    answer = np.zeros(10)
    answer[2] = 1.0
    good = np.array([0.1, 0.05, 0.6, 0, 0.05, 0.1, 0, 0.1, 0, 0])
    bad = np.array([0.1, 0.05, 0.1, 0, 0.05, 0.1, 0, 0.6, 0, 0])
    for guess, squared, entropy in ((good, 0.0975, 0.5108254571), (bad, 0.5975, 2.302584093)):
        recording, end = run("0.5*sum((p - t)^2)", p=guess, t=answer)
        np.testing.assert_allclose(recording.values[end], squared, rtol=1e-12)
        recording, end = run("0 - sum(t*log(p + 1e-7))", p=guess, t=answer)
        np.testing.assert_allclose(recording.values[end], entropy, rtol=1e-9)
    for scores, wanted in (
        ([0.3, 2.9, 4.0], [0.0182112733, 0.2451918129, 0.7365969138]),
        ([1010.0, 1000.0, 990.0], [0.9999546001, 4.5397868609e-5, 2.0610600462e-9]),
    ):
        recording, end = run("softmax(s)", s=scores)
        np.testing.assert_allclose(recording.values[end], wanted, rtol=1e-8)


def test_the_net_of_twenty_lines() -> None:
    chance = np.random.RandomState(0)
    x, y = chance.randn(64, 1000), chance.randn(64, 10)
    w1, w2 = chance.randn(1000, 100), chance.randn(100, 10)
    made = formula.build("sum((sigmoid(x @ w1) @ w2 - y)^2)")
    losses = []
    for _step in range(11):
        given = {"x.value": x, "y.value": y, "w1.value": w1, "w2.value": w2}
        recording = record(made.graph, given, {}, seed={made.output: np.array(1.0)})
        losses.append(recording.values[made.output].item())
        w1 = w1 - 1e-4 * recording.gradients["w1"]
        w2 = w2 - 1e-4 * recording.gradients["w2"]
    np.testing.assert_allclose(
        [losses[0], losses[1], losses[10]], [24635.8934986, 17744.7521415, 8926.0102237], rtol=1e-9
    )
