"""Where the gates of everyday nets have to be careful, and the lecture's own numbers for them."""

from __future__ import annotations

import math

import numpy as np
import pytest

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.engine import run
from bpstudio.engine.check import gradient_check
from bpstudio.engine.differences import numeric_gradient
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.initial import starting
from bpstudio.engine.op import Array, Op, catalog
from bpstudio.engine.ops.convolution import Conv2D, MaxPool2D
from bpstudio.engine.ops.normalize import BatchNorm, Dropout
from bpstudio.engine.ops.rectifier import ELU, LeakyReLU, Softplus
from bpstudio.engine.ops.reshape import Concatenate, Flatten, Reshape, Slice
from bpstudio.engine.ops.robust import BinaryCrossEntropyWithLogits, Hinge, MulticlassHinge
from bpstudio.engine.ops.vector import L2Norm
from bpstudio.engine.shapes import Shape
from bpstudio.engine.special import erf
from bpstudio.errors import ShapeError


def test_the_error_function_is_that_of_the_standard_library() -> None:
    x = np.concatenate([np.linspace(-7, 7, 100_001), [1e-300, 1e300, -1e300, np.inf, -np.inf]])
    wanted = np.array([math.erf(value) for value in x])
    assert np.abs(erf(x) - wanted).max() < 3e-16
    assert np.isnan(erf(np.array([np.nan]))).all()
    assert erf(x[:9].astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    ("op", "at", "wanted", "slope"),
    [
        # The lecture's notes have the leak 0.01; the slope at 0 is the leak, of ELU it is 1.
        (LeakyReLU(), -1.0, -0.01, 0.01),
        (LeakyReLU(slope=0.1), 0.0, 0.0, 0.1),
        (ELU(), -1.0, -0.6321205588, 0.3678794412),
        (ELU(), 0.0, 0.0, 1.0),
        (catalog["step"](), 0.0, 0.0, 0.0),
        (catalog["step"](), 1e-300, 1.0, 0.0),
    ],
)
def test_activations_at_the_points_of_the_notes(
    op: Op, at: float, wanted: float, slope: float
) -> None:
    x = np.array([at])
    y = op.forward(x)
    assert y == pytest.approx(wanted, abs=1e-10)
    assert op.backward(np.ones(1), y, x)["x"] == pytest.approx(slope, abs=1e-10)


@pytest.mark.parametrize(
    ("weights", "outputs"),
    [((0.5, 0.5, -0.7), (0, 0, 0, 1)), ((-0.5, -0.5, 0.7), (1, 1, 1, 0))],
    ids=["and", "nand"],
)
def test_the_perceptrons_of_the_textbook(
    weights: tuple[float, ...], outputs: tuple[int, ...]
) -> None:
    rows = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=float)
    total = rows @ np.array(weights[:2]) + weights[2]
    np.testing.assert_array_equal(catalog["step"]().forward(total), outputs)


def test_large_inputs_stay_finite() -> None:
    large = np.array([-1e4, -800.0, 800.0, 1e4])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        for name in ("softplus", "elu", "gelu", "silu", "hard_sigmoid"):
            op = catalog[name]()
            y = op.forward(large)
            slope = op.backward(np.ones(4), y, large)["x"]
            assert np.isfinite(y).all() and np.isfinite(slope).all()
        loss = BinaryCrossEntropyWithLogits().forward(large, np.array([1.0, 0, 1, 0]))
    assert loss == pytest.approx((1e4 + 0 + 0 + 1e4) / 4)
    assert Softplus().forward(np.array([1e4]))[0] == 1e4


def test_the_hinge_losses_of_the_notes() -> None:
    # CS231n, linear classification: three pictures with these scores lose 2.9, 0 and 12.9.
    scores = np.array([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])
    right = np.eye(3)[[0, 1, 2]]
    each = [MulticlassHinge().forward(s[None], r[None]) for s, r in zip(scores, right, strict=True)]
    np.testing.assert_allclose(each, [2.9, 0.0, 12.9], atol=1e-12)
    assert MulticlassHinge().forward(scores, right) == pytest.approx(15.8 / 3)
    two = Hinge().forward(np.array([2.0, -0.5, 0.3]), np.array([1.0, 0.0, 0.0]))
    assert two == pytest.approx((0.0 + 0.5 + 1.3) / 3)


def test_the_length_of_nothing_has_no_gradient_and_no_error() -> None:
    x = np.zeros((2, 3))
    for axis, g in ((None, np.ones(())), (-1, np.ones(2))):
        op = L2Norm(axis=axis)
        with np.errstate(all="raise"):
            passed = op.backward(g, op.forward(x), x)["x"]
        np.testing.assert_array_equal(np.broadcast_to(passed, x.shape), x)


def test_a_tie_in_a_window_goes_to_its_first_number() -> None:
    x = np.ones((1, 2, 2, 1))
    op = MaxPool2D()
    passed = op.backward(np.full((1, 1, 1, 1), 3.0), op.forward(x), x)["x"]
    np.testing.assert_array_equal(passed[0, :, :, 0], [[3.0, 0.0], [0.0, 0.0]])


def test_a_convolution_by_hand() -> None:
    x = np.arange(9.0).reshape(3, 3, 1)
    weight = np.array([[1.0, 0.0], [0.0, -1.0]]).reshape(2, 2, 1, 1)
    op = Conv2D(units=1, size=2)
    np.testing.assert_array_equal(op.forward(x, weight, np.array([10.0]))[..., 0], [[6, 6], [6, 6]])
    wide = Conv2D(units=1, size=2, padding=1, stride=2)
    assert wide.forward(x, weight, np.zeros(1)).shape == (2, 2, 1)


def normalised(rows: Array) -> tuple[Graph, dict[str, Array], dict[str, Array]]:
    """A batch norm between rows and a sum of squares, its weights and statistics."""
    nodes = [
        Node("data1", catalog["data"]()),
        Node("norm1", BatchNorm(momentum=0.3), {"x": ("data1",)}),
        Node("sin1", catalog["sin"](), {"x": ("norm1",)}),
        Node("sum1", catalog["sum"](), {"x": ("sin1",)}),
    ]
    graph = Graph({node.id: node for node in nodes})
    drawn = starting(graph, {"data1.rows": Shape(rows.shape[1:], True)}, seed=1)
    weights = {"norm1.scale": np.array([1.5, -0.5]), "norm1.bias": np.array([0.1, 0.2])}
    return graph, weights, {k: v for k, v in drawn.items() if k not in weights}


@pytest.mark.parametrize("randomness", [None, run.Randomness(1)], ids=["after", "in training"])
def test_batch_norm_has_the_right_gradient_in_training_and_after_it(
    randomness: run.Randomness | None,
) -> None:
    rows = np.random.default_rng(0).normal(size=(6, 2)) * [1.0, 3.0] + [0.0, 5.0]
    graph, weights, statistics = normalised(rows)
    statistics = {"norm1.mean": np.array([0.2, 4.0]), "norm1.variance": np.array([1.3, 7.0])}
    given = {"data1.rows": rows}
    check = gradient_check(
        graph, given, weights, statistics=statistics, randomness=randomness, step=1e-6
    )
    assert check.max_relative_error < 1e-7

    def total(x: Array) -> float:
        steps = run.forward(
            graph, {"data1.rows": x}, weights, statistics=statistics, randomness=randomness
        )
        return float([*steps][-1].output)

    recording = run.record(graph, given, weights, statistics=statistics, randomness=randomness)
    numeric = numeric_gradient(total, rows)
    np.testing.assert_allclose(recording.gradients["data1"], numeric, atol=1e-6)


@pytest.mark.torch
def test_the_running_means_are_those_of_torch() -> None:
    import torch

    rng = np.random.default_rng(2)
    theirs = torch.nn.BatchNorm1d(2, momentum=0.3, dtype=torch.float64)
    op, mean, variance = BatchNorm(momentum=0.3), np.zeros(2), np.ones(2)
    for _ in range(5):
        x = rng.normal(size=(7, 2)) * [1.0, 4.0] + 2.0
        theirs(torch.tensor(x))
        new = op.update(x, np.ones(2), np.zeros(2), mean, variance)
        mean, variance = new["mean"], new["variance"]
    np.testing.assert_allclose(mean, theirs.running_mean.numpy(), rtol=1e-12)
    np.testing.assert_allclose(variance, theirs.running_var.numpy(), rtol=1e-12)
    theirs.eval()
    after = theirs(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(op.infer(x, np.ones(2), np.zeros(2), mean, variance), after)


def test_dropout_keeps_the_mean_and_does_nothing_after_training() -> None:
    x = np.full(100_000, 2.0)
    for rate in (0.0, 0.25, 0.9):
        op = Dropout(rate=rate)
        mask = op.draw(np.random.default_rng(0), x=x.shape)["mask"]
        assert np.mean(mask == 0) == pytest.approx(rate, abs=0.01)
        assert op.forward(x, mask).mean() == pytest.approx(2.0, rel=0.03)
        np.testing.assert_array_equal(op.infer(x, op.draw(None, x=x.shape)["mask"]), x)


ROWS = Shape((6,), True)


@pytest.mark.parametrize(
    ("op", "x", "wanted"),
    [
        (Reshape(size=(2, 3)), ROWS, Shape((2, 3), True)),
        (Reshape(size=(2, -1)), ROWS, Shape((2, 3), True)),
        (Reshape(size=(2, 3), keep=0), Shape((6,)), Shape((2, 3))),
        (Flatten(), Shape((2, 3, 4), True), Shape((24,), True)),
        (Flatten(keep=2), Shape((2, 3, 4), True), Shape((2, 12), True)),
        (Flatten(keep=0), Shape((2, 3)), Shape((6,))),
        (Slice(start=2, count=3), ROWS, Shape((3,), True)),
        (Conv2D(padding=1, stride=2), Shape((8, 8, 1), True), Shape((4, 4, 8), True)),
    ],
    ids=str,
)
def test_shapes_of_moved_numbers(op: Op, x: Shape, wanted: Shape) -> None:
    assert op.shape(x=x, **{k: Shape(v) for k, v in op.weight_shapes(x=x).items()}) == wanted


@pytest.mark.parametrize(
    ("op", "shapes", "says"),
    [
        (Reshape(size=(4,)), {"x": ROWS}, r"the sizes \(4\)"),
        (Reshape(size=(-1, -1)), {"x": ROWS}, "number of entries must stay"),
        (Flatten(keep=0), {"x": ROWS}, "mix the rows of the batch"),
        (Slice(start=5, count=2), {"x": ROWS}, "takes 2 from place 5"),
        (Conv2D(), {"x": ROWS}, "Put a Reshape before it"),
        (MaxPool2D(size=9), {"x": Shape((8, 8, 1), True)}, "pictures of 8 × 8"),
        (catalog["maxout"](), {"x": Shape((5,))}, "multiple of 2 units"),
        (catalog["dot"](), {"a": ROWS, "b": Shape((5,))}, "the same length"),
        (catalog["transpose"](), {"x": ROWS}, "rows and columns"),
        (BatchNorm(), {"x": Shape((3,))}, "Layer Norm"),
        (Concatenate(), {"parts0": ROWS, "parts1": Shape((6,))}, "in a row along axis -1"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_said(op: Op, shapes: dict[str, Shape], says: str) -> None:
    with pytest.raises(ShapeError, match=says):
        op.weight_shapes(**shapes)
        op.shape(**shapes)
