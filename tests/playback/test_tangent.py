"""The tangent at a gate: its slope is what the backward pass multiplies by."""

from __future__ import annotations

import numpy as np
import pytest

from bpstudio.engine import run
from bpstudio.engine.formula import build
from bpstudio.playback.marks import Line, Rect
from bpstudio.playback.palette import LIGHT
from bpstudio.playback.tangent import POINTS, chart, tangents

VALUES = {"x": np.array(1.5), "y": np.array(-0.5)}


@pytest.mark.parametrize(
    "text",
    ["x * y", "x + y", "max(x, y)", "sigmoid(x)", "tanh(y)", "exp(x)", "1/x", "x / y", "log(x)"],
)
def test_the_slope_is_the_rise_of_the_curve(text: str) -> None:
    names = {name: value for name, value in VALUES.items() if name in text.replace("exp", "")}
    if "log" in text or text == "1/x":
        names = {"x": VALUES["x"]}
    built = build(text, names)
    recording = run.record(built.graph, built.given, {}, ancestors_of=built.output)
    gate = next(step for step in recording.forward if step.node == built.output)
    found = tangents(gate)
    assert {tangent.port for tangent in found} == set(gate.arguments)
    for tangent in found:
        middle = POINTS // 2
        assert tangent.along[middle] == pytest.approx(tangent.value)
        near = slice(middle - 1, middle + 2, 2)
        rise = np.diff(tangent.along[near]) / np.diff(tangent.across[near])
        assert tangent.slope == pytest.approx(rise.item(), rel=0.02, abs=1e-9)


def test_of_arrays_one_number_is_looked_at_and_what_moves_it_most() -> None:
    built = build("x * y", {"x": np.array([1.0, 2.0]), "y": np.array(3.0)})
    recording = run.record(built.graph, built.given, {}, ancestors_of=built.output)
    step = recording.forward[-1]
    for output, value in enumerate((1.0, 2.0)):
        x, y = tangents(step, output)
        assert (x.name, y.name) == (f"a[{output}]", "b")
        assert (x.at, x.slope, y.at, y.slope) == (value, 3.0, 3.0, value)
        assert x.value == y.value == 3.0 * value
        for tangent in (x, y):
            middle = len(tangent.along) // 2
            assert tangent.along[middle] == pytest.approx(tangent.value)
            near = slice(middle - 1, middle + 2, 2)
            rise = np.diff(tangent.along[near]) / np.diff(tangent.across[near])
            assert tangent.slope == pytest.approx(rise.item())


def test_a_gate_of_very_many_numbers_has_no_curve() -> None:
    built = build("x * y", {"x": np.zeros(30_000), "y": np.array(3.0)})
    recording = run.record(built.graph, built.given, {}, ancestors_of=built.output)
    assert tangents(recording.forward[-1]) == ()


def test_everything_is_drawn_inside_its_rectangle() -> None:
    built = build("1/x", {"x": np.array(0.3)})
    recording = run.record(built.graph, built.given, {}, ancestors_of=built.output)
    (tangent,) = tangents(recording.forward[-1])
    rect = Rect(40, 10, 300, 120)
    for mark in chart(tangent, rect, LIGHT):
        if isinstance(mark, Line):
            assert (mark.points[:, 0] >= rect.x - 0.5).all()
            assert (mark.points[:, 0] <= rect.right + 0.5).all()
            assert (mark.points[:, 1] >= rect.y - 0.5).all()
            assert (mark.points[:, 1] <= rect.bottom + 0.5).all()
