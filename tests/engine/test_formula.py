"""A formula becomes the gates that the lecture draws, and gates become a formula again."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bpstudio.engine.expression import (
    Binary,
    Call,
    Expression,
    Name,
    Negate,
    Number,
    evaluate,
    names,
    parse,
    write,
)
from bpstudio.engine.formula import Formula, build, text_of
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import catalog
from bpstudio.engine.ops.reduction import Sum
from bpstudio.engine.run import Recording, record
from bpstudio.errors import FormulaError, GraphError

NEURON = "1/(1+exp(-(w0*x0+w1*x1+w2)))"
NEURON_VALUES = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
# No two of these meet at a kink of max, abs or relu by accident.
VALUES = {"x": 0.7312, "y": -1.2177, "z": 2.1391}


def run(formula: Formula) -> Recording:
    return record(formula.graph, formula.given, {}, ancestors_of=formula.output)


def gates(formula: Formula) -> list[str]:
    """Each gate as `id face(its sources)`, without the inputs."""
    return [
        f"{node.id} {node.op.face}({', '.join(node.feeding)})"
        for node in formula.graph.ordered
        if node.op.name != "input"
    ]


def safe(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    """Larger formulas whose logarithms, roots and powers stay where they are real."""

    def above_one(part: Expression) -> Expression:
        return Binary("+", Number(1), Binary("^", part, Number(2)))

    calls = st.sampled_from(["sin", "cos", "tanh", "sigmoid", "relu", "abs"])
    pairs = st.sampled_from(["max", "min"])
    return st.one_of(
        st.builds(Negate, parts),
        st.builds(Binary, st.sampled_from("+-*/"), parts, parts),
        st.builds(lambda f, a: Call(f, (a,)), calls, parts),
        st.builds(lambda f, a: Call(f, (above_one(a),)), st.sampled_from(["log", "sqrt"]), parts),
        st.builds(lambda a: Call("exp", (Call("tanh", (a,)),)), parts),
        st.builds(lambda f, *a: Call(f, a), pairs, parts, parts),
        st.builds(lambda f, *a: Call(f, a), pairs, parts, parts, parts),
        st.builds(lambda a, b: Binary("^", above_one(a), Call("sin", (b,))), parts, parts),
        st.builds(lambda a, n: Binary("^", a, Number(n)), parts, st.sampled_from([2.0, 3.0])),
    )


leaves = st.one_of(
    st.sampled_from(sorted(VALUES)).map(Name),
    st.sampled_from([0.5, 1.0, 2.0, 3.0]).map(Number),
)
formulas = st.recursive(leaves, safe, max_leaves=10)


def values_of(tree: Expression) -> dict[str, float]:
    return {name: VALUES[name] for name in names(tree)}


@given(formulas)
def test_gates_give_the_value_of_the_formula(tree: Expression) -> None:
    expected = evaluate(tree, VALUES)
    assume(np.isfinite(expected) and abs(expected) < 1e6)
    built = build(write(tree), values_of(tree))
    assert run(built).values[built.output] == pytest.approx(float(expected), rel=1e-9, abs=1e-9)


@given(formulas)
def test_gradients_of_gates_are_the_slopes_of_the_formula(tree: Expression) -> None:
    values = values_of(tree)
    assume(values)
    built = build(write(tree), values)
    recording = run(built)
    assume(np.isfinite(recording.values[built.output]))
    for name in built.variables:
        wide, narrow = (slope(tree, values, name, step) for step in (2e-5, 1e-5))
        # Where the difference quotient itself is not settled it can't judge.
        assume(np.isfinite(narrow) and abs(wide - narrow) < 1e-6 * (1 + abs(narrow)))
        got = recording.gradients.get(name, np.zeros(()))
        assert float(got) == pytest.approx(narrow, rel=1e-4, abs=1e-4)


def slope(tree: Expression, values: Mapping[str, float], name: str, step: float) -> float:
    above = evaluate(tree, {**values, name: values[name] + step})
    below = evaluate(tree, {**values, name: values[name] - step})
    return float(above - below) / (2 * step)


@given(formulas)
def test_a_network_written_as_a_formula_makes_the_same_network(tree: Expression) -> None:
    first = build(write(tree))
    text = text_of(first.graph, first.output)
    second = build(text)
    kinds, again = (
        sorted((node.op.name, node.op.face) for node in built.graph.ordered)
        for built in (first, second)
    )
    # What forks at a gate, as in tan, is written twice; nothing here forks but at inputs.
    assert again == kinds
    assert text_of(second.graph, second.output) == text


def test_the_sigmoid_neuron_of_the_lecture() -> None:
    built = build(NEURON, NEURON_VALUES)
    assert gates(built) == [
        "multiply1 ×(w0, x0)",
        "multiply2 ×(w1, x1)",
        "add1 +(multiply1, multiply2)",
        "add2 +(add1, w2)",
        "negate1 ×(−1)(add2)",
        "exp1 exp(negate1)",
        "shift1 +1(exp1)",
        "reciprocal1 1/x(shift1)",
    ]
    assert built.variables == ("w0", "x0", "w1", "x1", "w2")
    recording = run(built)
    assert recording.values[built.output] == pytest.approx(0.7310585786, abs=1e-10)
    gradients = {name: float(recording.gradients[name]) for name in built.variables}
    assert gradients == pytest.approx(
        {
            "w0": -0.1966119332,
            "x0": 0.3932238665,
            "w1": -0.3932238665,
            "x1": -0.5898357997,
            "w2": 0.1966119332,
        },
        abs=1e-10,
    )


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("x + 1", ["shift1 +1(x)"]),
        ("1 + x", ["shift1 +1(x)"]),
        ("x - 1", ["shift1 -1(x)"]),
        ("1 - x", ["negate1 ×(−1)(x)", "shift1 +1(negate1)"]),
        ("2*x", ["scale1 ×2(x)"]),
        ("x*2", ["scale1 ×2(x)"]),
        ("-2*x", ["scale1 ×-2(x)"]),
        ("-x", ["negate1 ×(−1)(x)"]),
        ("-1*x", ["negate1 ×(−1)(x)"]),
        ("x/2", ["scale1 ×0.5(x)"]),
        ("1/x", ["reciprocal1 1/x(x)"]),
        ("3/x", ["reciprocal1 1/x(x)", "scale1 ×3(reciprocal1)"]),
        ("x/y", ["divide1 ÷(x, y)"]),
        ("x - y", ["subtract1 −(x, y)"]),
        ("x^2", ["square1 x²(x)"]),
        ("x^-1", ["reciprocal1 1/x(x)"]),
        ("x^3", ["constant1 3()", "power1 aᵇ(x, constant1)"]),
        ("x^y", ["power1 aᵇ(x, y)"]),
        ("2^x", ["constant1 2()", "power1 aᵇ(constant1, x)"]),
        ("x*x", ["multiply1 ×(x, x)"]),
        ("max(0, x)", ["constant1 0()", "max1 max(constant1, x)"]),
        ("min(x, y, z)", ["min1 min(x, y)", "min2 min(min1, z)"]),
        ("2*3*x", ["scale1 ×6(x)"]),
        ("x^(1 + 1)", ["square1 x²(x)"]),
        ("2^3", ["constant1 8()"]),
        ("2*pi*x", ["scale1 ×6.28319(x)"]),
        ("x/0", ["constant1 0()", "divide1 ÷(x, constant1)"]),
        ("1/0", ["constant1 0()", "reciprocal1 1/x(constant1)"]),
        ("tan(x)", ["sin1 sin(x)", "cos1 cos(x)", "divide1 ÷(sin1, cos1)"]),
        ("a @ b", ["matmul1 @(a, b)"]),
        ("sum(x)", ["sum1 Σ(x)"]),
        ("x", []),
        ("f = x", []),
        ("f = x*y + 2", ["multiply1 ×(x, y)", "f +2(multiply1)"]),
        ("f = 1 - x", ["negate1 ×(−1)(x)", "f +1(negate1)"]),
        ("add1 + (x + y)", ["add2 +(x, y)", "add3 +(add1, add2)"]),
        ("add1 = x + y + z", ["add2 +(x, y)", "add1 +(add2, z)"]),
    ],
)
def test_the_gates_of_a_formula(text: str, drawn: list[str]) -> None:
    assert sorted(gates(build(text))) == sorted(drawn)


def test_every_function_of_the_command_line_has_a_gate() -> None:
    for function in ("exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "relu", "abs"):
        built = build(f"{function}(x)", {"x": 0.3})
        expected = evaluate(parse(f"{function}(x)"), {"x": 0.3})
        assert gates(built)[0].startswith(f"{function}1 ")
        assert run(built).values[built.output] == pytest.approx(float(expected), rel=1e-15)


def test_a_name_that_stands_twice_is_one_input_that_forks() -> None:
    built = build("(x + y)*x", {"x": -2, "y": 5})
    assert list(built.graph.nodes) == ["x", "y", "add1", "multiply1"]
    recording = run(built)
    assert recording.gradients["x"] == 1.0
    assert recording.contributions[("add1", "a", 0)] == -2.0
    assert recording.contributions[("multiply1", "b", 0)] == 3.0


def test_values_come_under_the_names_people_type() -> None:
    built = build("ｆ = w₀·θ² + 가중치", {"w₀": 2, "θ": 3, "가중치": np.array([1.0, 2.0])})
    assert built.variables == ("w0", "θ", "가중치")
    assert built.output == "f"
    np.testing.assert_array_equal(run(built).values["f"], [19.0, 20.0])
    with pytest.raises(ValueError, match="read-only"):
        built.given["가중치.value"][0] = 7


def test_pi_is_a_number_unless_it_has_a_value() -> None:
    built = build("pi*x", {"x": 2})
    assert run(built).values[built.output] == 2 * math.pi
    built = build("pi*x", {"x": 2, "pi": 3})
    assert run(built).values[built.output] == 6


@pytest.mark.parametrize("sign", ["<", ">", "<=", ">="])
@pytest.mark.parametrize(("a", "b"), [("x", "y"), ("x", "0"), ("0", "x"), ("x", "1.5"), ("1", "y")])
def test_a_choice_becomes_a_switch_and_a_step(sign: str, a: str, b: str) -> None:
    text = f"2*x if {a} {sign} {b} else -y"
    built = build(text)
    for x in (-1.0, 0.0, 1.0, 1.5):
        for y in (-1.0, 0.0, 1.0):
            values = {"x.value": np.asarray(x), "y.value": np.asarray(y)}
            value = record(built.graph, values, {}).values[built.output]
            assert value == evaluate(parse(text), {"x": x, "y": y}), (x, y)


@pytest.mark.parametrize(
    ("text", "values", "position", "words"),
    [
        ("x + y*z", {"x": 1}, 4, "y, z"),
        ("x + 1", {"x": 1, "q": 2}, 0, "no q"),
        ("x = x + 1", {"x": 1}, 4, "both sides"),
        ("2 + exp*x", {"x": 1}, 4, "exp(…)"),
        ("2 if x == 0 else 1", {"x": 1}, 5, "x == 0"),
        ("1 + sign(x)", {"x": 1}, 4, "sign(x)"),
        ("sum(x, 0)", {"x": 1}, 0, "sum(x, 0)"),
        ("x + ", {"x": 1}, 4, "ends"),
        ("x + y", {"x": 1, "y": "seven"}, 4, "'seven'"),
    ],
)
def test_an_error_names_what_is_wrong(
    text: str, values: dict[str, float], position: int, words: str
) -> None:
    with pytest.raises(FormulaError) as caught:
        build(text, values)
    assert caught.value.values["position"] == position
    assert words in str(caught.value)


def test_missing_values_are_listed() -> None:
    with pytest.raises(FormulaError) as caught:
        build(NEURON, {"w0": 1, "x1": 2})
    assert caught.value.values["missing"] == ("x0", "w1", "w2")


def test_the_longest_formulas_make_networks() -> None:
    built = build("+".join(["x"] * 2000), {"x": 1})
    assert run(built).values[built.output] == 2000
    assert text_of(built.graph, built.output) == " + ".join(["x"] * 2000)
    taken = " + ".join(f"add{n}" for n in range(1, 500))
    assert len(build(taken).graph.nodes) == 499 + 498


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (NEURON, "1/(exp(-(w0*x0 + w1*x1 + w2)) + 1)"),
        ("x/3 - 2", "x/3 - 2"),
        ("1 - 2/x", "1 - 2/x"),
        ("max(x, y, z)", "max(x, y, z)"),
        ("-0.5*x", "-0.5*x"),
        ("f = σ(a @ b)", "sigmoid(a @ b)"),
    ],
)
def test_the_text_of_a_network(text: str, written: str) -> None:
    built = build(text)
    assert text_of(built.graph, built.output) == written


def test_what_a_formula_cannot_say_is_refused() -> None:
    x = Node("x", catalog["input"]())
    total = Node("total", Sum(axis=-1), {"x": ("x",)})
    with pytest.raises(GraphError, match="total"):
        text_of(Graph({"x": x, "total": total}), "total")
    dense = Node("dense1", catalog["dense"](), {"x": ("x",)})
    with pytest.raises(GraphError, match="dense1"):
        text_of(Graph({"x": x, "dense1": dense}), "dense1")
    with pytest.raises(GraphError, match="else"):
        text_of(Graph({"else": Node("else", catalog["input"]())}), "else")


def test_a_network_that_doubles_too_often_is_refused() -> None:
    nodes = {"x": Node("x", catalog["input"]())}
    last = "x"
    for number in range(1, 60):
        last = f"add{number}"
        nodes[last] = Node(
            last, catalog["add"](), {"a": (list(nodes)[-1],), "b": (list(nodes)[-1],)}
        )
    with pytest.raises(GraphError, match="add59"):
        text_of(Graph(nodes), last)
