"""Random formulas as ONNX nodes, by the evaluator that ONNX itself brings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.engine.expression import evaluate, parse
from bpstudio.engine.functions import FUNCTIONS
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Gradients, Op, catalog, setting
from bpstudio.exchange import onnx_model
from bpstudio.exchange.program import program
from bpstudio.project.project import Project, complete

onnx_reference = pytest.importorskip("onnx.reference")

GIVEN = {
    "a.value": np.array([[0.3, -1.2, 2.0], [0.0, 1.0, -0.5]]),
    "b.value": np.array([[1.5, 0.4, 0.3], [-2.0, 1.0, 0.7]]),
}


class Typed(Op, hidden=True):
    """A gate whose formula is a setting, as one that a person types would be."""

    text: str = setting("x + y")

    @property
    def formula(self) -> str:  # type: ignore[override]
        """What was typed."""
        return self.text

    def forward(self, x: Array, y: Array) -> Array:
        return evaluate(parse(self.text), {"x": x, "y": y})

    def backward(self, g: Array, y: Array, *_: Array) -> Gradients:
        return {}


leaves = st.sampled_from(["x", "y", "2", "0", "0.5", "100"])
# The evaluator has erf in float32 only; a transposition alone does not broadcast.
LEFT_OUT = {"erf", "transpose"}
ONE = sorted(name for name, each in FUNCTIONS.items() if each.fewest == 1 and name not in LEFT_OUT)


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds(lambda a, sign, b: f"({a} {sign} {b})", inner, st.sampled_from("+-*/"), inner),
        st.builds(lambda a, sign, b: f"({a} {sign} {b})", inner, st.sampled_from("<>"), inner),
        st.builds(
            lambda a, sign, b: f"({a} {sign} {b})", inner, st.sampled_from(["==", "!="]), inner
        ),
        st.builds(lambda a, c, b: f"({a} if {c} else {b})", inner, inner, inner),
        st.builds(lambda f, a: f"{f}({a} + 0·x)", st.sampled_from(ONE), inner),
        st.builds(
            lambda f, a: f"{f}({a} + 0·x, -1)",
            st.sampled_from(["sum", "mean", "largest", "count"]),
            inner,
        ),
        st.builds(lambda f, a, b: f"{f}({a}, {b})", st.sampled_from(["max", "min"]), inner, inner),
        st.builds(lambda a: f"(-{a})^2", inner),
        st.builds(lambda a: f"clip({a}, -1, 1)", inner),
        st.builds(lambda a: f"sum((x + {a}) @ (y + 0·x)ᵀ)", st.sampled_from(["1", "0"])),
    )


@settings(max_examples=150)
@given(st.recursive(leaves, larger, max_leaves=8).map(lambda text: f"({text}) + 0·x·y"))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_onnx_has_the_same_value(text: str) -> None:
    expected = evaluate(parse(text), {"x": GIVEN["a.value"], "y": GIVEN["b.value"]})
    nodes = [
        Node("a", catalog["input"]()),
        Node("b", catalog["input"]()),
        Node("typed1", Typed(text=text), {"x": ("a",), "y": ("b",)}),
    ]
    project = complete(Project(graph=Graph({n.id: n for n in nodes}), given=GIVEN))
    model = onnx_model.model(program(project), np.float64)
    feed = {name.partition(".")[0]: value for name, value in GIVEN.items()}
    found = onnx_reference.ReferenceEvaluator(model).run(None, feed)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12, equal_nan=True)
