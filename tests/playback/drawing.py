"""Small projects that the tests of playback draw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.data import toys
from bpstudio.engine import formula, graph
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Kind, Op, catalog
from bpstudio.engine.run import Recording
from bpstudio.playback.timeline import Timeline
from bpstudio.project import build
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project, complete, frozen

SIGMOID = "1/(1+exp(-(w0*x0+w1*x1+w2)))"
VALUES = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}


def of_formula(text: str, **values: float) -> Project:
    """The gates of a formula, nowhere placed."""
    built = formula.build(text, values)
    return Project(graph=built.graph, given=built.given)


def neuron() -> Project:
    """The lecture's sigmoid neuron, whose three weights are parameters."""
    plain = of_formula(SIGMOID, **VALUES)
    nodes = {
        node.id: Node(node.id, catalog["parameter"]()) if node.id.startswith("w") else node
        for node in plain.graph.nodes.values()
    }
    return Project(
        graph=Graph(nodes),
        given={key: value for key, value in plain.given.items() if key.startswith("x")},
        weights={f"{w}.value": frozen(VALUES[w]) for w in ("w0", "w1", "w2")},
    )


def network(name: str = "xor", layers: tuple[int, ...] = (2, 4, 1)) -> Project:
    """Layers for a toy data set, nowhere placed."""
    return replace(build.network(toys.make(name), layers), places={})


def alone(op: Op) -> Project:
    """One gate with an input at each of its ports, at shapes that it takes."""
    shapes = dict(op.samples[0]) if op.samples else {}
    whole = Graph()
    sources: dict[str, tuple[str, ...]] = {}
    given = {}
    for index, port in enumerate(op.ports):
        if port.kind not in (Kind.INPUT, Kind.TARGET):
            continue
        slots = [n for n in shapes if n.startswith(port.name)] if port.variadic else [port.name]
        for slot, name in enumerate(slots):
            node = Node(f"in{index + slot}", catalog["input"]())
            whole = graph.add(whole, node)
            sources[port.name] = (*sources.get(port.name, ()), node.id)
            value = 0.3 + 0.2 * (index + slot)
            given[f"{node.id}.value"] = frozen(np.full(shapes.get(name, ()), value))
    if op.ports and op.ports[0].kind is Kind.GIVEN:
        given["gate.value"] = frozen(0.5)
    whole = graph.add(whole, Node("gate", op, sources))
    return complete(Project(graph=whole, given=given))


def recorded(project: Project) -> Recording:
    """The first training step."""
    return iteration(project)


def timeline(project: Project) -> Timeline:
    """The first training step as moments."""
    return Timeline(iteration(project))
