"""Networks far larger than one draws by hand: nothing recurses, and loops are still refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from bpstudio.engine import run
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import catalog
from bpstudio.errors import FileError, GraphError
from bpstudio.playback.scene import scene, tidied
from bpstudio.project import clipboard, edits
from bpstudio.project.container import Parts
from bpstudio.project.file import from_bytes, to_bytes
from bpstudio.project.gates import gate
from bpstudio.project.history import History
from bpstudio.project.project import Project, arguments, complete, frozen
from bpstudio.project.reading import project_of
from bpstudio.project.writing import parts_of


def of(nodes: dict[str, Node]) -> Project:
    """A project of these nodes, all in one place; inputs are 0.5."""
    graph = Graph(nodes)
    given = {f"{id}.value": frozen(0.5) for id, node in nodes.items() if node.op.name == "input"}
    return complete(Project(graph, given, places=dict.fromkeys(nodes, (0.0, 0.0))))


def chain(length: int) -> Project:
    """An input and so many gates one behind the other."""
    nodes = {"g0": Node("g0", catalog["input"]())}
    for n in range(1, length + 1):
        nodes[f"g{n}"] = Node(f"g{n}", catalog["tanh"](), {"x": (f"g{n - 1}",)})
    return of(nodes)


def loose(count: int) -> Project:
    """So many nodes without a wire."""
    return of({f"x{n}": Node(f"x{n}", catalog["input"]()) for n in range(count)})


def grid(layers: int, width: int) -> Project:
    """Layers of gates, each fed by two of the layer before."""
    nodes = {f"n0_{k}": Node(f"n0_{k}", catalog["input"]()) for k in range(width)}
    for layer in range(1, layers):
        for k in range(width):
            pair = {"a": (f"n{layer - 1}_{k}",), "b": (f"n{layer - 1}_{(k + 1) % width}",)}
            nodes[f"n{layer}_{k}"] = Node(f"n{layer}_{k}", catalog["max"](), pair)
    return of(nodes)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: chain(2_000), id="a chain of 2,000"),
        pytest.param(lambda: chain(10_000), id="a chain of 10,000", marks=pytest.mark.long),
        pytest.param(lambda: loose(1_000), id="1,000 loose nodes"),
        pytest.param(lambda: grid(12, 100), id="12 layers of 100"),
    ],
)
def test_a_large_network_is_saved_opened_run_tidied_and_undone(make: object) -> None:
    assert callable(make)
    project: Project = make()
    content = to_bytes(project)
    opened = from_bytes(content)
    assert opened.graph.nodes == project.graph.nodes
    assert to_bytes(opened) == content
    recording = run.record(project.graph, arguments(project), project.weights)
    assert len(recording.forward) == len(project.graph.nodes)
    places = tidied(project)
    assert len(set(places.places.values())) == len(project.graph.nodes)
    assert len(scene(places).bodies) == len(project.graph.nodes)
    history = History.of(project).push("Tidy", places)
    assert history.undo().project is project
    assert history.undo().redo().project is places


def test_a_gate_of_five_thousand_inputs() -> None:
    nodes = {f"x{n}": Node(f"x{n}", catalog["input"]()) for n in range(50)}
    many = Node("all", catalog["concatenate"](), {"parts": tuple(nodes) * 100})
    project = of({**nodes, "all": many})
    given = {key: frozen([0.5]) for key in project.given}
    project = complete(replace(project, given=given))
    assert from_bytes(to_bytes(project)).graph.nodes == project.graph.nodes
    recording = run.record(project.graph, arguments(project), {})
    assert np.array_equal(recording.values["all"], np.full(5_000, 0.5))
    placed = tidied(project)
    assert len(set(placed.places.values())) == 51
    assert len(scene(placed).paths) == 5_000


def test_a_layer_of_two_hundred_times_two_hundred() -> None:
    source = edits.add_node(Project(), catalog["input"](), (0.0, 0.0), id="x")
    source = edits.set_value(source, "x.value", np.ones(200))
    layered = edits.add_node(source, gate("dense", {"units": 200}), (200.0, 0.0), id="layer")
    project = edits.connect(layered, "x", "layer", "x")
    assert project.weights["layer.weight"].shape == (200, 200)
    assert to_bytes(from_bytes(to_bytes(project))) == to_bytes(project)
    assert len(scene(tidied(project)).bodies) == 2


def test_a_loop_through_a_long_chain_is_refused_by_name() -> None:
    project = chain(10_000)
    with pytest.raises(GraphError) as refused:
        edits.connect(project, "g10000", "g1", "x")
    assert {"g1", "g10000"} <= set(refused.value.nodes)
    assert "g1" in str(refused.value)


def test_a_loop_in_a_file_or_in_what_is_pasted_is_refused() -> None:
    project = chain(3)
    parts = parts_of(project)
    with pytest.raises(FileError, match="g1"):
        project_of(Parts(looped(parts.document).encode(), parts.arrays))
    text = json.loads(clipboard.text_of(project, project.graph.nodes))
    text["project"] = json.loads(looped(json.dumps(text["project"])))
    with pytest.raises(FileError, match="g1"):
        clipboard.paste(Project(), json.dumps(text))


def looped(document: bytes | str) -> str:
    """The document of a chain, in which its last gate feeds its first."""
    content = json.loads(document)
    (first,) = (node for node in content["nodes"] if node["id"] == "g1")
    was = json.dumps(first)
    assert '"g0"' in was
    changed = json.loads(was.replace('"g0"', '"g3"'))
    content["nodes"] = [changed if node is first else node for node in content["nodes"]]
    return json.dumps(content)
