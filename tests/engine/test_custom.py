"""Gates from formulas: their ports, values, gradients, texts and plans, and what they refuse."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpstudio.engine import run
from bpstudio.engine.check import gradient_check
from bpstudio.engine.derivative import MOST_PARTS
from bpstudio.engine.expression import evaluate, parse
from bpstudio.engine.formula import build, text_of
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Op, catalog
from bpstudio.engine.ops.custom import MOST_NAMES, Formula
from bpstudio.engine.ops.source import Data, Input, Parameter
from bpstudio.engine.optimizers import SGD
from bpstudio.engine.plan import compile_training
from bpstudio.engine.shapes import Shape
from bpstudio.errors import FormulaError, ShapeError

TEXTS = (
    "y = x * sigmoid(b*x)",
    "(x + y) * z",
    "x if x > 0 else 0.1 * x",
    "a ^ b",
    "2 * π * r",
    "-x - -x * x / (1 + x^2)",
    "max(a, b, c) - min(a, 0.5)",
    "clip(x, -1, b)",
    "where(x > b, x, b * x)",
    "softplus(x) * tan(y)",
    "(x > 0) + (x > b) * x",
    "(1 if x > 0 else 2) * b",
    "(x > 0) + (b > 0.5) - -(x > b)",
    "exp(x * y)",
    "x * step(b) + sign(x) * abs(b)",
    "sqrt(x^2 + 1) + log(2 + cos(b)) - sin(x) * exp(-b)",
    "tanh(x) ^ 2 + relu(b) + erf(x)",
    "x ^ 3 + 2 ^ b",
    "1 / (1 + exp(-(w0*x0 + w1*x1 + w2)))",
    "self + nodes * template - text / label * np",
)
every_text = pytest.mark.parametrize("text", TEXTS)


def network(op: Op, values: Mapping[str, Array]) -> tuple[Graph, dict[str, Array]]:
    """The gate with an input at each port."""
    nodes = {f"in{i}": Node(f"in{i}", Input()) for i in range(len(op.ports))}
    sources = {port.name: (id,) for port, id in zip(op.ports, nodes, strict=True)}
    given = {f"{id}.value": values[p.name] for id, p in zip(nodes, op.ports, strict=True)}
    return Graph({**nodes, "gate": Node("gate", op, sources)}), given


def drawn(op: Op, rng: np.random.Generator, *, whole: bool = False) -> dict[str, Array]:
    """Values for each port, of shapes that broadcast; whole numbers are full of kinks and ties."""
    shapes = ((4, 3), (3,), (4, 1), ())
    values = {}
    for place, port in enumerate(op.ports):
        shape = shapes[place % len(shapes)]
        if whole:
            values[port.name] = rng.integers(-1, 2, shape).astype(float)
        else:
            values[port.name] = np.asarray(rng.uniform(0.2, 1.8, shape))
    return values


def passed(op: Op, values: Mapping[str, Array], g: Array) -> dict[str, Array]:
    """What the gate passes to each port."""
    arguments = tuple(values.values())
    step = run.Step("gate", op, {}, dict(values), np.asarray(op.forward(*arguments)))
    return {name: gradients[0] for name, gradients in run.pull_back(step, g).items()}


@every_text
def test_value_is_that_of_the_formula(text: str) -> None:
    op = Formula(text=text)
    values = drawn(op, np.random.default_rng(0))
    expected = evaluate(parse(text), {**values, "π": math.pi})
    np.testing.assert_allclose(op.forward(*values.values()), expected, rtol=1e-14)


@every_text
def test_finite_differences_agree(text: str) -> None:
    op = Formula(text=text)
    graph, given = network(op, drawn(op, np.random.default_rng(1)))
    assert gradient_check(graph, given, {}).max_relative_error < 1e-6


@every_text
@pytest.mark.parametrize("whole", [False, True])
def test_texts_say_what_it_does(text: str, whole: bool) -> None:
    op = Formula(text=text)
    rng = np.random.default_rng(2)
    values = drawn(op, rng, whole=whole)
    with np.errstate(all="ignore"):
        output = np.asarray(op.forward(*values.values()))
        g = np.asarray(rng.normal(size=output.shape))
        found = passed(op, values, g)
    np.testing.assert_allclose(evaluate(parse(op.formula), values), output, rtol=1e-14)
    known = {"y": output, **values, "g": g}
    assert op.gradients.keys() == found.keys()
    for name, gradient in op.gradients.items():
        with np.errstate(all="ignore"):
            told = run.fit(evaluate(parse(gradient), known), values[name].shape)
        np.testing.assert_allclose(told, found[name], rtol=1e-11, atol=1e-13, err_msg=name)


@pytest.mark.parametrize(
    "text",
    [
        *("a + b", "a - b", "a * b", "a / b", "a ^ b", "max(a, b)", "min(a, b)", "-x", "1 / x"),
        *("exp(x)", "log(x)", "sqrt(x)", "x ^ 2", "abs(x)", "sin(x)", "cos(x)", "tanh(x)"),
        *("sigmoid(x)", "relu(x)", "2.5 * x", "x - 3", "max(a, b, a)", "a * b + a / b"),
    ],
)
@pytest.mark.parametrize("whole", [False, True])
def test_it_does_what_the_gates_do(text: str, whole: bool) -> None:
    """Kinks and ties too: slope 0 at a kink, a tie in halves."""
    op = Formula(text=text)
    rng = np.random.default_rng(3)
    values = {port.name: np.asarray(rng.uniform(0.2, 1.8, 40)) for port in op.ports}
    if whole:
        values = {name: rng.integers(-1, 2, 40).astype(float) for name in values}
    built = build(text)
    given = {f"{name}.value": value for name, value in values.items()}
    gates = run.record(built.graph, given, {})
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(op.forward(*values.values()), gates.values[built.output])
        found = passed(op, values, np.ones(40))
    for name in values:
        np.testing.assert_allclose(found[name], gates.gradients[name], rtol=1e-12, err_msg=name)


@every_text
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_compiled_plan_does_the_same(text: str, dtype: type[np.floating]) -> None:
    op = Formula(text=text)
    rng = np.random.default_rng(4)
    nodes = {"rows": Node("rows", Data())}
    weights = {}
    for port in op.ports[1:]:
        nodes[port.name] = Node(port.name, Parameter(size=(3,)))
        weights[f"{port.name}.value"] = rng.uniform(0.3, 1.7, 3)
    if not weights:
        nodes["w"] = Node("w", Parameter(size=(3,)))
        nodes["scaled"] = Node("scaled", catalog["multiply"](), {"a": ("rows",), "b": ("w",)})
        weights["w.value"] = rng.uniform(0.3, 1.7, 3)
    sources = {port.name: (port.name,) for port in op.ports}
    sources[op.ports[0].name] = ("scaled",) if "scaled" in nodes else ("rows",)
    nodes["gate"] = Node("gate", op, sources)
    nodes["loss"] = Node("loss", catalog["mean"](), {"x": ("gate",)})
    graph, rows = Graph(nodes), rng.uniform(0.3, 1.7, (5, 3))
    plan = compile_training(
        graph, {"rows.rows": Shape((3,), True)}, weights, SGD(), rows=5, dtype=dtype
    )
    plan.load({"rows.rows": rows})
    plan.gradient(0)
    truth = run.record(graph, {"rows.rows": rows}, weights)
    tolerance = 1e-12 if dtype is np.float64 else 1e-4
    for key, gradient in truth.weight_gradients.items():
        np.testing.assert_allclose(plan.weight_gradients[key], gradient, tolerance, tolerance)


@every_text
def test_float32_stays_float32(text: str) -> None:
    op = Formula(text=text)
    values = [v.astype(np.float32) for v in drawn(op, np.random.default_rng(5)).values()]
    output = op.forward(*values)
    assert output.dtype == np.float32
    for gradient in op.backward(np.ones_like(output), output, *values).values():
        assert gradient.dtype == np.float32


def test_ports_are_the_names() -> None:
    op = Formula(text="swish(x) = x · σ(β·x) + w₀")
    assert [port.name for port in op.ports] == ["x", "β", "w0"]
    assert (op.title, op.face) == ("swish", "swish")
    assert Formula(text="a*b").face == "a*b"
    assert Formula(text="a*b + sqrt(c) - d*e").face == "ƒ"
    assert Formula().title == "Formula"


def test_it_is_a_value() -> None:
    op = Formula(text="a + b*c")
    for same in (pickle.loads(pickle.dumps(op)), copy.deepcopy(op), Formula(text="a + b*c")):
        assert same == op and same.ports == op.ports and same.gradients == op.gradients
    other = dataclasses.replace(op, text="u")
    assert [port.name for port in other.ports] == ["u"]
    assert [port.name for port in op.ports] == ["a", "b", "c"]
    assert [port.name for port in Formula().ports] == ["x", "b"]


def test_class_and_default_tell_the_same() -> None:
    assert parse(Formula.formula) == parse(Formula().formula)
    assert {k: parse(v) for k, v in Formula.gradients.items()} == {
        k: parse(v) for k, v in Formula().gradients.items()
    }


def test_a_gradient_that_would_be_too_long_is_not_told() -> None:
    op = Formula(text="*".join(["sigmoid(x*x + 1)"] * 12))
    assert op.gradients == {}
    graph, given = network(op, {"x": np.asarray([0.3, -0.7])})
    assert gradient_check(graph, given, {}).max_relative_error < 1e-6


def test_the_formula_of_a_network_goes_through_it() -> None:
    graph, _ = network(Formula(text="u * v + u"), {"u": np.ones(()), "v": np.ones(())})
    assert text_of(graph, "gate") == "in0*in1 + in0"


def test_no_gradient_reaches_what_only_chooses() -> None:
    op = Formula(text="a if c else b")
    values = {"a": np.ones(2), "c": np.array([0.0, 1.0]), "b": np.ones(2)}
    assert {k: v.tolist() for k, v in passed(op, values, np.ones(2)).items()} == {
        "a": [0.0, 1.0],
        "b": [1.0, 0.0],
    }


def test_shapes_broadcast_but_never_the_batch() -> None:
    op = Formula(text="self * x")
    assert op.shape(self=Shape((3,), True), x=Shape((3,))) == Shape((3,), True)
    with pytest.raises(ShapeError):
        op.shape(self=Shape((), True), x=Shape((3,)))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("3 + 4", "no names"),
        ("x = x + 1", "both sides"),
        ("g * x", "Use another letter"),
        ("x @ w", "Use the gate MatMul"),
        ("mean(x)", "entry by entry"),
        ("softmax(x)", "entry by entry"),
        ("x + 1/0", "no finite number"),
        ("x * 1e999", "too large"),
        ("__import__('os').system('true')", "no meaning"),
        ("x.__class__", "no meaning"),
        ("lambda: 0", "no meaning"),
        ("open(x)", "not a function"),
        ("x y", "sign such as"),
        ("(" * 500 + "x" + ")" * 500, "nested more than"),
        ("-" * 5000 + "x", "nested more than"),
        ("x" * 20_000, "characters"),
        (" + ".join(["x"] * (MOST_PARTS // 2 + 2)), f"may have {MOST_PARTS}"),
        (" + ".join(f"x{i}" for i in range(MOST_NAMES + 1)), f"may have {MOST_NAMES} inputs"),
        ("\x00x", "no meaning"),
        ("x + \N{RIGHT-TO-LEFT OVERRIDE}y", "no meaning"),
    ],
)
def test_what_it_refuses(text: str, says: str) -> None:
    with pytest.raises(FormulaError, match=says) as caught:
        Formula(text=text)
    assert "\n" not in str(caught.value)


@given(st.text(alphabet="xyzab0129.+-*/^()<>=, σπ√²ᵀ@!#'\"_\\if else max", max_size=60))
def test_any_text_is_a_gate_or_one_sentence(text: str) -> None:
    try:
        op = Formula(text=text)
    except FormulaError as error:
        assert str(error)
        return
    values = [np.asarray([0.5, 1.5])] * len(op.ports)
    with np.errstate(all="ignore"):
        output = op.forward(*values)
        rules = op.backward(np.ones(2), output, *values)
    assert output.shape == (2,)
    assert set(rules) <= {port.name for port in op.ports}
