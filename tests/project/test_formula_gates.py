"""Formula gates in a project: typed, wired, typed anew, trained, saved and read."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.engine import run
from bpstudio.errors import FileError, StudioError
from bpstudio.project import build, edits, runs
from bpstudio.project.container import Parts
from bpstudio.project.file import from_bytes, to_bytes
from bpstudio.project.gates import gate
from bpstudio.project.project import Project, arguments
from bpstudio.project.reading import project_of
from bpstudio.project.writing import parts_of
from bpstudio.training.trainer import train


def wired(text: str) -> Project:
    """A formula gate with an input of the same name at each port."""
    op = gate("formula", {"text": text})
    project = edits.add_node(Project(), op, (0, 0))
    for place, port in enumerate(op.ports):
        project = edits.add_node(project, gate("input"), (-100, 50 * place), id=port.name)
        project = edits.connect(project, port.name, "formula1", port.name)
    return project


def value(project: Project) -> float:
    steps = run.forward(project.graph, arguments(project), project.weights)
    return float({step.node: step.output for step in steps}["formula1"])


def test_it_is_added_and_computes() -> None:
    project = edits.set_value(wired("x * y + 1"), "x.value", 3.0)
    assert value(project) == 4.0


def test_another_text_keeps_the_wires_of_ports_that_stay() -> None:
    project = edits.set_setting(wired("x * y"), "formula1", "text", "y - x * b")
    assert project.graph["formula1"].sources == {"x": ("x",), "y": ("y",)}
    renamed = edits.set_setting(wired("x * y"), "formula1", "text", "u * y")
    assert renamed.graph["formula1"].sources == {"y": ("y",), "u": ("x",)}
    fewer = edits.set_setting(wired("x * y"), "formula1", "text", "x")
    assert fewer.graph["formula1"].sources == {"x": ("x",)}


@pytest.mark.parametrize("text", ["x +", "open(x)", 3, None, ["x"], {"x": 1}])
def test_a_text_that_is_no_formula_changes_nothing(text: object) -> None:
    project = wired("x * y")
    with pytest.raises(StudioError) as caught:
        edits.set_setting(project, "formula1", "text", text)
    assert "\n" not in str(caught.value)


def test_it_is_saved_and_read() -> None:
    project = edits.add_node(wired("swish = x * sigmoid(x)"), gate("formula"), (9, 9))
    again = from_bytes(to_bytes(project))
    assert again.graph == project.graph
    assert [port.name for port in again.graph["formula2"].op.ports] == ["x", "b"]
    assert to_bytes(again) == to_bytes(project)


def test_a_version_that_does_not_know_it_sees_all_its_ports() -> None:
    document = parts_of(wired("x * y")).document.replace(b'"formula"', b'"formelchen"')
    document = document.replace(b'"text"', b'"worte"')
    project = project_of(Parts(document, {}))
    assert project.graph["formula1"].sources == {"x": ("x",), "y": ("y",)}
    assert json.loads(parts_of(project).document) == json.loads(document)


def test_the_ports_of_all_formulas_are_in_the_file() -> None:
    project = wired("x * y")
    for text in ("u + x", "v"):
        project = edits.add_node(project, gate("formula", {"text": text}), (0, 0))
    ports = json.loads(parts_of(project).document)["gates"]["formula"]
    assert [port["name"] for port in ports] == ["x", "y", "u", "v"]


@pytest.mark.parametrize(
    "text", ["x +", "__import__('os')", "(" * 5000, "+".join(["x"] * 3000), "x" * 9999, 7, None]
)
def test_a_file_with_a_text_that_is_no_formula_is_refused_in_a_sentence(text: object) -> None:
    document = json.loads(parts_of(wired("x * y")).document)
    next(n for n in document["nodes"] if n["op"] == "formula")["settings"]["text"] = text
    with pytest.raises(FileError, match=r"formula1") as caught:
        project_of(Parts(json.dumps(document).encode(), {}))
    assert "\n" not in str(caught.value)


def test_a_network_trains_through_it() -> None:
    project = build.network(toys.make("xor"), (2, 4, 1))
    swapped = edits.replace_op(project, "tanh1", gate("formula", {"text": "2 * sigmoid(2*x) - 1"}))
    results = [list(train(runs.job(each, 40)))[-1] for each in (project, swapped)]
    for key, weight in results[0].weights.items():
        np.testing.assert_allclose(results[1].weights[key], weight, rtol=1e-9, atol=1e-12)
