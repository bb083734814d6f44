"""Expressions in other words mean the same: as Python text, rewritten, and noted from a gate."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpstudio.engine.expression import (
    Binary,
    Call,
    Choice,
    Compare,
    Expression,
    Name,
    Negate,
    Number,
    parse,
)
from bpstudio.engine.functions import FUNCTIONS, IN_GRADIENTS
from bpstudio.exchange import noted, rewrite
from bpstudio.exchange.numpy_gates import HELPERS
from bpstudio.exchange.spelling import NUMPY, TORCH, Dialect, functions, spell
from bpstudio.exchange.text import WIDTH, array, folded

VALUES = {
    "x": np.array([[0.3, -1.2, 2.0], [0.0, 1.0, -0.5]]),
    "y": np.array([[1.5, 0.4, 0.3], [-2.0, 1.0, 0.7]]),
    "t": np.array(0.8),
}
ALL = (rewrite.softmax, rewrite.log_softmax, rewrite.sigmoid, rewrite.relu)
SMOOTH = ("exp", "sin", "cos", "tanh", "sigmoid", "relu", "softplus", "abs", "sign", "step", "erf")

leaves = st.one_of(
    st.sampled_from([Name("x"), Name("y"), Name("t")]),
    st.sampled_from([0.0, 1.0, 2.0, 3.0, 0.5, -1.0, 1e-12, 100.0]).map(Number),
)


def larger(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    return st.one_of(
        st.builds(Binary, st.sampled_from("+-*/"), inner, inner),
        st.builds(lambda a, n: Binary("^", a, Number(n)), inner, st.sampled_from([2.0, 3.0])),
        st.builds(Negate, inner),
        st.builds(Compare, st.sampled_from(["<", ">", "<=", ">=", "==", "!="]), inner, inner),
        st.builds(Choice, inner, inner, inner),
        st.builds(lambda f, a: Call(f, (a,)), st.sampled_from(SMOOTH), inner),
        st.builds(lambda f, a, b: Call(f, (a, b)), st.sampled_from(["max", "min"]), inner, inner),
        st.builds(lambda f, a: Call(f, (a,)), st.sampled_from(["sum", "mean", "largest"]), inner),
        st.builds(lambda a: Binary("+", Name("x"), Call("softmax", (a,))), st.just(Name("y"))),
    )


expressions = st.recursive(leaves, larger, max_leaves=12)


def run_text(text: str, names: dict[str, Any]) -> Any:
    space: dict[str, Any] = {"np": np, "math": math}
    for helper in HELPERS.values():
        exec(helper, space)
    with np.errstate(all="ignore"):
        return eval(text, space | names)


def same(found: Any, expected: Any) -> bool:
    return bool(np.allclose(found, expected, rtol=1e-9, atol=1e-9, equal_nan=True))


@settings(max_examples=300)
@given(expressions)
def test_numpy_text_has_the_same_value(expression: Expression) -> None:
    text = spell(expression, {name: name for name in VALUES}, NUMPY)
    assert same(run_text(text, dict(VALUES)), noted.evaluate(expression, VALUES)), text


@settings(max_examples=300)
@given(expressions)
def test_rewritten_expressions_have_the_same_value(expression: Expression) -> None:
    rewritten = rewrite.rewrite(expression, (rewrite.softmax, rewrite.sigmoid, rewrite.relu))
    assert same(noted.evaluate(rewritten, VALUES), noted.evaluate(expression, VALUES))


@pytest.mark.torch
@settings(max_examples=300)
@given(expressions)
def test_torch_text_has_the_same_value(expression: Expression) -> None:
    torch = pytest.importorskip("torch")
    text = spell(expression, {name: name for name in VALUES}, TORCH)
    tensors = {name: torch.tensor(value) for name, value in VALUES.items()}
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        found = np.asarray(run_text(text, {"torch": torch, "nn": torch.nn} | tensors))
    finally:
        torch.set_default_dtype(default)
    assert same(found, noted.evaluate(expression, VALUES)), text


@pytest.mark.parametrize("dialect", [NUMPY, TORCH], ids=["numpy", "torch"])
def test_every_function_of_formulas_has_a_word(dialect: Dialect) -> None:
    # Gradients are autograd's in PyTorch.
    spelled = FUNCTIONS.keys() - (IN_GRADIENTS if dialect is TORCH else set())
    assert spelled <= {name.partition("/")[0] for name in dialect.calls}
    for name, function in FUNCTIONS.items():
        if function.most == 2 and function.fewest == 1:
            assert f"{name}/2" in dialect.calls


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("y = 1 / (1 + exp(-x))", "1 / (1 + np.exp(-x))"),
        ("-(x + y) ^ 2", "-(x + y) ** 2"),
        ("(-x) ^ 2", "(-x) ** 2"),
        ("x - (y - t)", "x - (y - t)"),
        ("x if x > 0 else 0.1 · x", "np.where(x > 0, x, 0.1 * x)"),
        ("x if t else y", "np.where(t != 0, x, y)"),
        ("2 · (x > y)", "2 * np.where(x > y, 1.0, 0.0)"),
        ("max(x, y, 0)", "np.maximum(np.maximum(x, y), 0)"),
        ("x @ yᵀ", "x @ y.T"),
        ("(x + y)ᵀ", "(x + y).T"),
        ("sum(x · y, -1)", "np.sum(x * y, axis=-1, keepdims=True)"),
        ("exp(2) · x", "7.38905609893065 * x"),
    ],
)
def test_numpy_text_reads_as_people_write(formula: str, text: str) -> None:
    assert spell(parse(formula), {name: name for name in VALUES}, NUMPY) == text


def test_what_is_spelled_out_becomes_one_function() -> None:
    softmax = rewrite.rewrite(parse("exp(x - y) / sum(exp(x - y), -1)"), ALL)
    assert softmax == parse("softmax(x - y)")
    assert functions(rewrite.rewrite(parse("-mean(log(exp(x) / sum(exp(x), -1)))"), ALL)) == {
        "log_softmax",
        "mean",
    }
    assert rewrite.rewrite(parse("1 / (1 + exp(-(x·y)))"), ALL) == parse("sigmoid(x·y)")
    assert rewrite.rewrite(parse("max(x, 0)"), ALL) == parse("relu(x)")


@pytest.mark.parametrize(
    "formula",
    ["exp(x) / sum(exp(y), -1)", "exp(x) / sum(exp(x))", "2 / (1 + exp(-x))", "max(0.5, x)"],
)
def test_what_only_looks_like_it_stays(formula: str) -> None:
    assert rewrite.rewrite(parse(formula), ALL) == parse(formula)


@pytest.mark.parametrize(
    "shape", [(), (1,), (4,), (40,), (0,), (2, 0), (3, 2), (3, 40), (2, 3, 4), (2, 3, 30)]
)
def test_arrays_read_back_bit_for_bit(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(3).normal(size=shape) * 1e3
    if values.size > 3:
        values.flat[:3] = np.nan, -np.inf, -0.0
    text = array(values, "    ")
    assert all(len(line) <= WIDTH + 4 for line in text.splitlines())
    found = np.asarray(run_text(text, {}))
    assert found.shape == values.shape
    assert found.tobytes() == values.tobytes()


def test_long_lines_are_broken_where_they_may_be() -> None:
    long = " + ".join(f"weight_{i} * np.maximum(x, 0)" for i in range(12))
    for start, expression in (("y = ", long), ("return ", f"-np.mean({long})")):
        text = folded(start, expression, "    ")
        assert all(len(line) <= WIDTH for line in text.splitlines())
        assert text.count("\n") > 10
    names = {f"weight_{i}": float(i) for i in range(12)} | {"x": 2.0, "space": None}
    lines = folded("y = ", long, "")
    space: dict[str, Any] = {"np": np, **names}
    exec(lines, space)
    assert space["y"] == 2.0 * sum(range(12))
