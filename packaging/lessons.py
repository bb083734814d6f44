"""Make the lessons' projects in resources/lessons anew: `.venv/bin/python packaging/lessons.py`.

Their texts are Markdown beside them, written by hand.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpstudio import resources
from bpstudio.data import toys
from bpstudio.engine.graph import Graph, Node
from bpstudio.playback.scene import laid_out
from bpstudio.project import file
from bpstudio.project.gates import gate
from bpstudio.project.project import Project

Wires = Mapping[str, tuple[str, Mapping[str, object], tuple[str, ...]]]
"""A gate by its id: its name, its settings, and what feeds its ports in order."""

NEURON: Wires = {
    "m0": ("multiply", {}, ("w0", "x0")),
    "m1": ("multiply", {}, ("w1", "x1")),
    "s0": ("add", {}, ("m0", "m1")),
    "s": ("add", {}, ("s0", "w2")),
    "n": ("negate", {}, ("s",)),
    "e": ("exp", {}, ("n",)),
    "p": ("shift", {"offset": 1.0}, ("e",)),
    "f": ("reciprocal", {}, ("p",)),
}
PERCEPTRON: Wires = {
    "p1": ("multiply", {}, ("w1", "x1")),
    "p2": ("multiply", {}, ("w2", "x2")),
    "t": ("add", {}, ("p1", "p2")),
    "s": ("add", {}, ("t", "b")),
    "y": ("step", {}, ("s",)),
}


def main() -> None:
    """Write every project."""
    chain: Wires = {"q": ("add", {}, ("x", "y")), "f": ("multiply", {}, ("q", "z"))}
    write("03-chain-rule", "chain", gates("(x + y) · z", {"x": -2, "y": 5, "z": -4}, chain))
    values: dict[str, float] = {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}
    write("04-sigmoid-neuron", "neuron", gates("Sigmoid neuron", values, NEURON))
    values = {"x1": 1, "w1": 0.5, "x2": 0, "w2": 0.5, "b": -0.7}
    write("10-perceptrons", "perceptron", gates("Perceptron", values, PERCEPTRON))
    write("10-perceptrons", "line", one_line())
    write("10-perceptrons", "wiring", two_lines(wired=False))
    write("10-perceptrons", "xor", two_lines(wired=True))


def write(lesson: str, name: str, project: Project) -> None:
    """One project beside its lesson."""
    folder = resources.path("lessons", lesson)
    folder.mkdir(parents=True, exist_ok=True)
    file.save(laid_out(project), folder / f"{name}.bps")


def gates(title: str, values: Mapping[str, float], wires: Wires) -> Project:
    """Typed values and the gates that they feed."""
    nodes = [Node(name, gate("input")) for name in values]
    for id, (name, settings, sources) in wires.items():
        op = gate(name, settings)
        ports = zip(op.ports, sources, strict=True)
        nodes.append(Node(id, op, {port.name: (source,) for port, source in ports}))
    given = {f"{name}.value": np.asarray(float(value)) for name, value in values.items()}
    return Project(graph=Graph({node.id: node for node in nodes}), given=given, title=title)


def one_line() -> Project:
    """One perceptron on the four points of XOR, with a line that gets one of them right."""
    nodes = (
        Node("points", gate("data")),
        Node("neuron", gate("dense", {"units": 1}), {"x": ("points",)}),
        Node("y", gate("step"), {"x": ("neuron",)}),
    )
    return Project(
        graph=Graph({node.id: node for node in nodes}),
        weights={
            "neuron.weight": np.array([[-0.5], [0.5]]),
            "neuron.bias": np.array([0.1]),
        },
        data=toys.make("xor"),
        title="One line",
    )


def two_lines(*, wired: bool) -> Project:
    """NAND and OR beside each other, and an AND that waits for their wires, or has them."""
    ends: dict[str, tuple[str, ...]] = {"a": ("nand",), "b": ("or",)} if wired else {}
    nodes = (
        Node("points", gate("data")),
        Node("line1", gate("dense", {"units": 1}), {"x": ("points",)}, "NAND"),
        Node("nand", gate("step"), {"x": ("line1",)}),
        Node("line2", gate("dense", {"units": 1}), {"x": ("points",)}, "OR"),
        Node("or", gate("step"), {"x": ("line2",)}),
        Node("and", gate("add"), ends),
        Node("half", gate("scale", {"factor": 0.5}), {"x": ("and",)}),
        Node("s", gate("shift", {"offset": -0.7}), {"x": ("half",)}),
        Node("y", gate("step"), {"x": ("s",)}),
    )
    return Project(
        graph=Graph({node.id: node for node in nodes}),
        weights={
            "line1.weight": np.array([[-0.5], [-0.5]]),
            "line1.bias": np.array([0.7]),
            "line2.weight": np.array([[0.5], [0.5]]),
            "line2.bias": np.array([-0.2]),
        },
        data=toys.make("xor"),
        title="XOR from two lines",
    )


if __name__ == "__main__":
    main()
