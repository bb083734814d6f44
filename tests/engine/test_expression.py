"""Formulas are read as a person means them, and a wrong one says where and why."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpstudio.engine.expression import (
    DEEPEST,
    Binary,
    Call,
    Choice,
    Compare,
    Expression,
    Name,
    Negate,
    Number,
    evaluate,
    names,
    parse,
    parse_definition,
    write,
)
from bpstudio.engine.functions import FUNCTIONS
from bpstudio.engine.notation import LONGEST, plain_name
from bpstudio.engine.op import Array
from bpstudio.errors import FormulaError

NAMES = ("x", "y", "w0", "θ", "가중치", "lambda", "exp")


def extend(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    call = st.sampled_from(sorted(FUNCTIONS)).flatmap(
        lambda name: st.builds(
            Call,
            st.just(name),
            st.tuples(*[parts] * FUNCTIONS[name].fewest),
        )
    )
    return st.one_of(
        st.builds(Negate, parts),
        st.builds(Binary, st.sampled_from("+-*/^@"), parts, parts),
        st.builds(Compare, st.sampled_from(["<", ">", "<=", ">=", "==", "!="]), parts, parts),
        st.builds(Choice, parts, parts, parts),
        call,
    )


numbers = st.floats(min_value=0, allow_nan=False, allow_infinity=False).map(abs).map(Number)
trees = st.recursive(st.one_of(numbers, st.sampled_from(NAMES).map(Name)), extend, max_leaves=12)


def value(text: str, **values: float) -> float:
    return float(evaluate(parse(text), values))


@given(trees)
def test_a_written_formula_is_read_as_the_same_tree(tree: Expression) -> None:
    assert parse(write(tree)) == tree


@given(st.text(max_size=40))
def test_any_text_is_a_formula_or_one_sentence(text: str) -> None:
    try:
        parse(text)
    except FormulaError as error:
        assert 0 <= error.values["position"] <= len(text)  # type: ignore[operator]
        assert str(error).endswith(".")


@given(st.text(alphabet="xy12.+-*/^@()=<,√²₀ᵀ ife", max_size=30))
def test_any_jumble_of_signs_is_a_formula_or_one_sentence(text: str) -> None:
    try:
        tree = parse(text)
    except FormulaError as error:
        assert 0 <= error.values["position"] <= len(text)  # type: ignore[operator]
    else:
        assert parse(write(tree)) == tree


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1 + 2*3", 7),
        ("2*3 + 1", 7),
        ("7 - 4 - 2", 1),
        ("7 - (4 - 2)", 5),
        ("12/3/2", 2),
        ("12/3*2", 8),
        ("2^3^2", 512),
        ("(2^3)^2", 64),
        ("-3^2", -9),
        ("(-3)^2", 9),
        ("-3*2", -6),
        ("2^-1", 0.5),
        ("2^-2^2", 2**-4),
        ("--3", 3),
        ("+3", 3),
        ("2--3", 5),
        (".5 + 5. + 1e-1 + 1E+1", 15.6),
        ("1 < 2", 1),
        ("1 >= 2", 0),
        ("1 + 1 == 2", 1),
        ("3 if 1 > 2 else 4", 4),
        ("1 if 0 else 2 if 0 else 3", 3),
        ("max(1, 5, 3)", 5),
        ("min(4, 2, 3)", 2),
        ("ln(exp(2))", 2),
        ("sigmoid(0)", 0.5),
        ("relu(-1) + relu(2)", 2),
        ("√4 + √(9)", 5),
        ("√4^2", 4),
        ("step(0) + step(0.1)", 1),
        ("clip(7, 0, 6)", 6),
        ("where(1 < 2, 3, 4)", 3),
        ("erf(0.5)", math.erf(0.5)),
        ("softplus(0)", math.log(2)),
    ],
)
def test_the_value_of_a_formula(text: str, result: float) -> None:
    assert value(text) == pytest.approx(result, rel=1e-15)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("x × y", "x*y"),
        ("x · y", "x*y"),
        ("x ∗ y", "x*y"),
        ("xㆍy", "x*y"),
        ("x ÷ y", "x/y"),
        ("x − y – z — x", "x-y-z-x"),
        ("（x＋y）＊z／２－１", "(x+y)*z/2-1"),
        ("ｆ＝ｘ＋１", "x+1"),
        ("max（x，y）", "max(x,y)"),
        ("w₀*x₀ + w₁₂", "w0*x0 + w12"),
        ("x² + y³", "x^2 + y^3"),
        ("x¹⁰", "x^10"),
        ("x⁻¹", "x^(-1)"),
        ("x**2", "x^2"),
        ("σ(x)", "sigmoid(x)"),
        ("Exp(x) + ReLU(y)", "exp(x) + relu(y)"),
        ("f = x + 1", "x + 1"),
        ("f(x, y) = x + y", "x + y"),
        ("x ≤ y", "x <= y"),
        ("\u00b5 * \u03f5", "μ * ε"),
        ("  x\t+\n1 ", "x + 1"),
    ],
)
def test_what_people_type(typed: str, meant: str) -> None:
    assert parse(typed) == parse(meant)


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 0, "empty"),
        ("   ", 0, "empty"),
        ("3 +", 3, "should stand"),
        ("2x", 1, "2·x"),
        ("sin x", 4, "as in sin(x)"),
        ("x y", 2, "x·y"),
        ("2(x + 1)", 1, "2·(…)"),
        ("(x)(y)", 3, "(…)·(…)"),
        ("x(y + 1)", 0, "x·(…)"),
        ("x₀² y", 4, "2·y"),
        ("(1 + 2", 6, "not closed"),
        ("1 + 2)", 5, "sign"),
        ("1 + * 2", 4, "* stands"),
        ("a $ b", 2, "$"),
        ("x² + $", 5, "$"),
        ("exp()", 4, ")"),
        ("exp(1, 2)", 0, "takes 1"),
        ("1 + max(1)", 4, "takes 2"),
        ("a < b < c", 6, "second time"),
        ("a if b", 6, "else"),
        ("1e999", 0, "too large"),
        ("x = y = 3", 6, "="),
        ("a, b", 1, ","),
        ("f(x,", 0, "f"),
        ("3 = x", 2, "="),
        ("__import__('os')", 11, "'"),
        ("x.y", 1, "."),
        ("x[0]", 1, "["),
    ],
)
def test_an_error_says_where_and_what(text: str, position: int, words: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert caught.value.values["position"] == position
    assert words in str(caught.value)


def test_long_and_deep_formulas_are_refused_and_the_longest_sum_is_not() -> None:
    terms = LONGEST // 2
    longest = parse("+".join(["x"] * terms))
    assert evaluate(longest, {"x": 1.0}) == terms
    assert names(longest) == ("x",)
    assert write(longest).count("x") == terms
    with pytest.raises(FormulaError, match="characters"):
        parse("x" * (LONGEST + 1))
    deep = DEEPEST - 1
    assert parse("(" * deep + "x" + ")" * deep) == Name("x")
    for opening in ("(", "-", "exp(", "2^", "x+(", "√", "x if x else "):
        with pytest.raises(FormulaError, match="deep"):
            parse(opening * (DEEPEST + 1) + "x")


@pytest.mark.parametrize(
    "text",
    [
        "1/(1 + exp(-(w0*x0 + w1*x1)))",
        "a - (-b)",
        "a*(-b) + c",
        "-a*b",
        "2^(-x)",
        "(a + b)*c/d - (e - f)",
        "g*b if a > b else 0",
        "(x + y)ᵀ @ g",
        "1e-05*x + 1e+20",
    ],
)
def test_a_formula_is_written_as_people_write_it(text: str) -> None:
    assert write(parse(text)) == text


def test_names_in_the_order_in_which_they_are_written() -> None:
    assert names(parse("b*a + exp(c - b) if d > a else e")) == ("b", "a", "c", "d", "e")


def test_the_name_on_the_left() -> None:
    assert parse_definition("f = x + 1").name == "f"
    assert parse_definition("g(x, y) = x + y").name == "g"
    assert parse_definition("x + 1").name == ""
    assert parse_definition("x == 1").name == ""


def test_names_of_values_are_spelled_as_in_formulas() -> None:
    assert plain_name(" w₀ ") == "w0"
    assert plain_name("ｗ１") == "w1"


def test_a_name_without_a_value_is_named() -> None:
    with pytest.raises(FormulaError, match=r"y \(position 4\)"):
        evaluate(parse("x + y"), {"x": 1.0})


def test_arrays_broadcast_and_reduce() -> None:
    x = np.arange(6.0).reshape(2, 3)
    w = np.arange(12.0).reshape(3, 4)
    values: dict[str, Array | float] = {"x": x, "w": w, "b": np.ones(4), "axis": -1.0}
    for text, expected in {
        "x @ w + b": x @ w + 1,
        "xᵀ": x.T,
        "wᵀ @ xᵀ": (x @ w).T,
        "sum(x)": x.sum(),
        "sum(x, axis)": x.sum(axis=1, keepdims=True),
        "mean(x, 0)": x.mean(axis=0, keepdims=True),
        "x - largest(x, axis)": x - x.max(axis=1, keepdims=True),
        "x / count(x)": x / 6,
        "x / count(x, 0)": x / 2,
        "sum(softmax(x), -1)": np.ones((2, 1)),
        "x if x > 2 else -x": np.where(x > 2, x, -x),
        "x·(x > 2) + (x == 2)/2": x * (x > 2) + (x == 2) / 2,
    }.items():
        np.testing.assert_allclose(evaluate(parse(text), values), expected, rtol=1e-15)


def test_division_by_zero_is_infinite_without_a_word() -> None:
    assert value("1/x", x=0) == math.inf
    assert math.isnan(value("log(-1)"))
