"""Where single gates have to be careful: large numbers, kinks, ties, axes and batches."""

from __future__ import annotations

import numpy as np
import pytest

from bpstudio.engine.differences import numeric_gradient
from bpstudio.engine.op import Array, Op
from bpstudio.engine.ops.activation import ReLU, Sigmoid, Softmax
from bpstudio.engine.ops.arithmetic import Max, Min, Power
from bpstudio.engine.ops.elementary import Abs, Log, Sqrt
from bpstudio.engine.ops.layer import Dense, MatMul
from bpstudio.engine.ops.loss import BinaryCrossEntropy, CrossEntropy
from bpstudio.engine.ops.reduction import Mean, Sum
from bpstudio.engine.run import Step, pull_back
from bpstudio.engine.shapes import Shape
from bpstudio.errors import ShapeError


def backward(op: Op, g: Array | float, *values: Array) -> list[Array]:
    """What the gate passes to each argument."""
    with np.errstate(all="ignore"):
        output = np.asarray(op.forward(*values))
    arguments = dict(zip((port.name for port in op.ports), values, strict=True))
    passed = pull_back(Step("gate", op, {}, arguments, output), np.asarray(g, dtype=float))
    return [passed[port.name][0] for port in op.ports]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sigmoid_does_not_overflow(dtype: type[np.floating[np.typing.NBitBase]]) -> None:
    x = np.array([-1e30, -1000, -200, -40, 0, 40, 1000, 1e30], dtype=dtype)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        y = Sigmoid().forward(x)
        slope = Sigmoid().backward(np.ones_like(x), y, x)["x"]
    assert y[4] == 0.5 and y[0] < 1e-30 and y[-1] == 1
    assert y[3] == pytest.approx(np.exp(-40.0), rel=1e-5), "small, but not nothing"
    assert slope[4] == 0.25 and slope[0] < 1e-30 and slope[-1] == 0


def test_softmax_is_shifted_by_the_largest() -> None:
    x = np.array([[1000.0, 1000.0, -1000.0], [-1e6, -1e6, -1e6]])
    with np.errstate(all="raise", under="ignore"):
        y = Softmax().forward(x)
    np.testing.assert_allclose(y, [[0.5, 0.5, 0.0], [1 / 3, 1 / 3, 1 / 3]])


def test_cross_entropy_of_large_scores_is_finite() -> None:
    scores, wanted = np.array([[1000.0, -1000.0]]), np.array([[0.0, 1.0]])
    with np.errstate(all="raise", under="ignore"):
        loss = np.asarray(CrossEntropy().forward(scores, wanted))
        passed = CrossEntropy().backward(np.ones(()), loss, scores, wanted)
    assert loss == 2000.0
    np.testing.assert_array_equal(passed["prediction"], [[1.0, -1.0]])


def test_cross_entropy_averages_over_rows_and_not_over_classes() -> None:
    scores, wanted = np.zeros((4, 3)), np.eye(3)[[0, 1, 2, 0]]
    assert CrossEntropy().forward(scores, wanted) == pytest.approx(np.log(3))


def test_binary_cross_entropy_stops_at_a_hundred() -> None:
    sure, wrong = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    with np.errstate(divide="ignore"):
        assert BinaryCrossEntropy().forward(sure, wrong) == 100.0
        assert BinaryCrossEntropy().forward(sure, sure) == 0.0
    to_prediction, to_target = backward(BinaryCrossEntropy(), 1.0, sure, wrong)
    np.testing.assert_allclose(to_prediction, [0.5e12, -0.5e12])
    np.testing.assert_allclose(to_target, [-50.0, 50.0])


def test_ties_are_split_evenly() -> None:
    tie = np.array([2.0, 1.0, 3.0])
    for op, first, second in (
        (Max(), [0.5, 0.0, 1.0], [0.5, 1.0, 0.0]),
        (Min(), [0.5, 1.0, 0.0], [0.5, 0.0, 1.0]),
    ):
        a, b = backward(op, np.ones(3), tie, np.array([2.0, 2.0, 2.0]))
        np.testing.assert_array_equal(a, first)
        np.testing.assert_array_equal(b, second)


@pytest.mark.parametrize("op", [ReLU(), Abs()])
def test_the_slope_at_a_kink_is_zero(op: Op) -> None:
    (passed,) = backward(op, np.full(2, 3.0), np.array([0.0, -0.0]))
    np.testing.assert_array_equal(passed, [0.0, 0.0])


def test_a_power_of_a_number_that_is_not_positive() -> None:
    base, exponent = np.array([-2.0, -2.0, 0.0, 0.0, 0.0]), np.array([3.0, 2.0, 2.0, 1.0, 0.0])
    np.testing.assert_array_equal(Power().forward(base, exponent), [-8.0, 4.0, 0.0, 0.0, 1.0])
    to_base, to_exponent = backward(Power(), np.ones(5), base, exponent)
    np.testing.assert_array_equal(to_base, [12.0, -4.0, 0.0, 1.0, 0.0])
    np.testing.assert_array_equal(to_exponent, np.zeros(5))


@pytest.mark.parametrize(("op", "x"), [(Log(), -1.0), (Log(), 0.0), (Sqrt(), -1.0)])
def test_what_has_no_value_is_not_made_up(op: Op, x: float) -> None:
    with np.errstate(all="ignore"):
        assert not np.isfinite(op.forward(np.asarray(x)))


PRODUCTS = [
    ((3,), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3,)),
    ((2, 3), (3, 4)),
    ((1, 3), (3, 1)),
    ((5, 2, 3), (3,)),
    ((5, 2, 3), (3, 4)),
    ((3,), (5, 3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
]


@pytest.mark.parametrize(("left", "right"), PRODUCTS)
def test_products_of_vectors_matrices_and_stacks(
    left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(3)
    a, b = np.asarray(rng.normal(size=left)), np.asarray(rng.normal(size=right))
    g = np.asarray(rng.normal(size=np.shape(a @ b)))
    to_a, to_b = backward(MatMul(), g, a, b)
    np.testing.assert_allclose(to_a, numeric_gradient(lambda v: float(np.sum(g * (v @ b))), a))
    np.testing.assert_allclose(to_b, numeric_gradient(lambda v: float(np.sum(g * (a @ v))), b))


@pytest.mark.parametrize(
    ("a", "b", "product"),
    [
        (Shape((3,)), Shape((3,)), Shape(())),
        (Shape((3,)), Shape((3, 4)), Shape((4,))),
        (Shape((2, 3)), Shape((3,)), Shape((2,))),
        (Shape((3,), True), Shape((3, 4)), Shape((4,), True)),
        (Shape((3,), True), Shape((3,)), Shape((), True)),
        (Shape((2, 3), True), Shape((3, 4)), Shape((2, 4), True)),
        (Shape((2, 3), True), Shape((3, 4), True), Shape((2, 4), True)),
        (Shape((2, 3)), Shape((3, 4), True), Shape((2, 4), True)),
        (Shape((3,)), Shape((3, 4), True), Shape((4,), True)),
    ],
)
def test_shapes_of_products(a: Shape, b: Shape, product: Shape) -> None:
    assert MatMul().shape(a, b) == product
    made = np.zeros(a.array(7)) @ np.zeros(b.array(7))
    assert made.shape == product.array(7)


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (Shape((4, 3)), Shape((3,), True), "Write x @ W instead of W @ x"),
        (Shape((3,)), Shape((3,), True), "Write x @ W instead of W @ x"),
        (Shape((3,), True), Shape((3,), True), "can't multiply"),
        (Shape((3,), True), Shape((3, 4), True), "two axes per row"),
        (Shape(()), Shape((3,)), "use Multiply"),
        (Shape((), True), Shape((3,)), "use Multiply"),
        (Shape((2, 3)), Shape((2, 3)), r"\(2 × 3\).*\(2 × 3\)"),
        (Shape((2, 2, 2)), Shape((2, 2)), "can't multiply"),
    ],
)
def test_products_that_are_refused(a: Shape, b: Shape, said: str) -> None:
    with pytest.raises(ShapeError, match=said):
        MatMul().shape(a, b)


@pytest.mark.parametrize("kind", [Sum, Mean])
@pytest.mark.parametrize(
    ("axis", "x", "left"),
    [
        (None, Shape((3, 4)), Shape(())),
        (None, Shape((3, 4), True), Shape(())),
        (0, Shape((3, 4)), Shape((4,))),
        (0, Shape((3, 4), True), Shape((3, 4))),
        (0, Shape((), True), Shape(())),
        (1, Shape((3, 4)), Shape((3,))),
        (1, Shape((3, 4), True), Shape((4,), True)),
        (2, Shape((3, 4), True), Shape((3,), True)),
        (-1, Shape((3, 4)), Shape((3,))),
        (-1, Shape((3, 4), True), Shape((3,), True)),
        (-2, Shape((3, 4), True), Shape((4,), True)),
        (-1, Shape((3,), True), Shape((), True)),
    ],
)
def test_a_reduction_ends_the_batch_only_along_it(
    kind: type[Sum | Mean], axis: int | None, x: Shape, left: Shape
) -> None:
    op = kind(axis=axis)
    assert op.shape(x) == left
    assert np.shape(op.forward(np.zeros(x.array(5)))) == left.array(5)


@pytest.mark.parametrize(
    ("axis", "x"),
    [(0, Shape(())), (1, Shape((), True)), (-1, Shape((), True)), (2, Shape((3, 4)))],
)
def test_an_axis_that_is_not_there_is_refused(axis: int, x: Shape) -> None:
    with pytest.raises(ShapeError, match=f"axis {axis}"):
        Sum(axis=axis).shape(x)


def test_a_dense_layer_takes_single_rows_and_stacks_of_rows() -> None:
    rng = np.random.default_rng(5)
    layer, weight, bias = Dense(units=4), rng.normal(size=(3, 4)), rng.normal(size=4)
    for axes in ((3,), (2, 3), (2, 5, 3)):
        x = np.asarray(rng.normal(size=axes))
        g = np.asarray(rng.normal(size=(*axes[:-1], 4)))
        y = layer.forward(x, weight, bias)
        assert y.shape == (*axes[:-1], 4)
        to_weight = backward(layer, g, x, weight, bias)[1]

        def along(w: Array, x: Array = x, g: Array = g) -> float:
            return float(np.sum(g * (x @ w + bias)))

        np.testing.assert_allclose(to_weight, numeric_gradient(along, weight))
