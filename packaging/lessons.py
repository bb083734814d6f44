"""Make the lessons' projects in resources/lessons anew: `.venv/bin/python packaging/lessons.py`.

Their texts are Markdown beside them, written by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bpstudio import resources
from bpstudio.data import toys
from bpstudio.data.dataset import Dataset
from bpstudio.engine.graph import Graph, Node
from bpstudio.playback.scene import laid_out
from bpstudio.project import build, file
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


APPLES: Wires = {
    "cost": ("multiply", {}, ("apples", "price")),
    "total": ("multiply", {}, ("cost", "tax")),
}
FRUIT: Wires = {
    "a": ("multiply", {}, ("apples", "price")),
    "o": ("multiply", {}, ("oranges", "each")),
    "sum": ("add", {}, ("a", "o")),
    "total": ("multiply", {}, ("sum", "tax")),
}
PATTERNS: Wires = {
    "m": ("multiply", {}, ("x", "y")),
    "r": ("max", {}, ("z", "w")),
    "s": ("add", {}, ("m", "r")),
    "f": ("scale", {"factor": 2.0}, ("s",)),
}
STAGED: Wires = {
    "sigy": ("sigmoid", {}, ("y",)),
    "num": ("add", {}, ("x", "sigy")),
    "sigx": ("sigmoid", {}, ("x",)),
    "xpy": ("add", {}, ("x", "y")),
    "sqr": ("square", {}, ("xpy",)),
    "den": ("add", {}, ("sigx", "sqr")),
    "inv": ("reciprocal", {}, ("den",)),
    "f": ("multiply", {}, ("num", "inv")),
}
DIAMOND: Wires = {
    "q": ("multiply", {}, ("a", "b")),
    "u": ("add", {}, ("q", "a")),
    "v": ("add", {}, ("q", "b")),
    "f": ("multiply", {}, ("u", "v")),
}
LEARNING: Wires = {
    "m0": ("multiply", {}, ("w0", "x0")),
    "m1": ("multiply", {}, ("w1", "x1")),
    "s0": ("add", {}, ("m0", "m1")),
    "s": ("add", {}, ("s0", "w2")),
    "f": ("sigmoid", {}, ("s",)),
    "d": ("shift", {"offset": -1.0}, ("f",)),
    "J": ("square", {}, ("d",)),
}
MAZUR: Wires = {
    "p1": ("multiply", {}, ("w1", "i1")),
    "p2": ("multiply", {}, ("w2", "i2")),
    "n1": ("add", {}, ("p1", "p2")),
    "net_h1": ("add", {}, ("n1", "b1")),
    "h1": ("sigmoid", {}, ("net_h1",)),
    "p3": ("multiply", {}, ("w3", "i1")),
    "p4": ("multiply", {}, ("w4", "i2")),
    "n2": ("add", {}, ("p3", "p4")),
    "net_h2": ("add", {}, ("n2", "b1")),
    "h2": ("sigmoid", {}, ("net_h2",)),
    "p5": ("multiply", {}, ("w5", "h1")),
    "p6": ("multiply", {}, ("w6", "h2")),
    "n3": ("add", {}, ("p5", "p6")),
    "net_o1": ("add", {}, ("n3", "b2")),
    "o1": ("sigmoid", {}, ("net_o1",)),
    "p7": ("multiply", {}, ("w7", "h1")),
    "p8": ("multiply", {}, ("w8", "h2")),
    "n4": ("add", {}, ("p7", "p8")),
    "net_o2": ("add", {}, ("n4", "b2")),
    "o2": ("sigmoid", {}, ("net_o2",)),
    "d1": ("shift", {"offset": -0.01}, ("o1",)),
    "d2": ("shift", {"offset": -0.99}, ("o2",)),
    "q1": ("square", {}, ("d1",)),
    "q2": ("square", {}, ("d2",)),
    "e": ("add", {}, ("q1", "q2")),
    "E": ("scale", {"factor": 0.5}, ("e",)),
}
NUMBERS: Mapping[str, float] = {
    "i1": 0.05, "i2": 0.1, "w1": 0.15, "w2": 0.2, "w3": 0.25, "w4": 0.3, "b1": 0.35,
    "w5": 0.4, "w6": 0.45, "w7": 0.5, "w8": 0.55, "b2": 0.6,
}  # fmt: skip
"""Matt Mazur's network and its weights."""


def main() -> None:
    """Write every project."""
    few()
    many()
    chain: Wires = {"q": ("add", {}, ("x", "y")), "f": ("multiply", {}, ("q", "z"))}
    write("03-chain-rule", "chain", gates("(x + y) · z", {"x": -2, "y": 5, "z": -4}, chain))
    values: dict[str, float] = {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}
    write("04-sigmoid-neuron", "neuron", gates("Sigmoid neuron", values, NEURON))
    values = {"x1": 1, "w1": 0.5, "x2": 0, "w2": 0.5, "b": -0.7}
    write("10-perceptrons", "perceptron", gates("Perceptron", values, PERCEPTRON))
    write("10-perceptrons", "line", one_line())
    write("10-perceptrons", "wiring", two_lines(wired=False))
    write("10-perceptrons", "xor", two_lines(wired=True))


def few() -> None:
    """Graphs of gates with one number each."""
    neuron = {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}
    made: tuple[tuple[str, str, str, Mapping[str, float], Wires], ...] = (
        ("01-forward", "apples", "Two apples", {"apples": 2, "price": 100, "tax": 1.1}, APPLES),
        ("01-forward", "fruit", "Apples and oranges", FRUIT_NUMBERS, FRUIT),
        ("01-forward", "build", "To be wired", {"apples": 2, "price": 100}, {}),
        ("02-nudge", "product", "x · y", {"x": 4, "y": -3}, {"f": ("multiply", {}, ("x", "y"))}),
        ("02-nudge", "sum", "x + y", {"x": 4, "y": -3}, {"f": ("add", {}, ("x", "y"))}),
        ("02-nudge", "neuron", "Sigmoid neuron", neuron, NEURON),
        ("05-patterns", "patterns", "Patterns", {"x": 3, "y": -4, "z": 2, "w": -1}, PATTERNS),
        ("05-patterns", "max", "max(x, y)", {"x": 4, "y": 2}, {"f": ("max", {}, ("x", "y"))}),
        ("06-forks", "square", "x · x", {"x": 3}, {"f": ("multiply", {}, ("x", "x"))}),
        ("06-forks", "double", "a + a", {"a": 3}, {"f": ("add", {}, ("a", "a"))}),
        ("06-forks", "fork", "(x + y) · x", {"x": -2, "y": 5}, FORK),
        ("06-forks", "staged", "Staged", {"x": 3, "y": -4}, STAGED),
        ("06-forks", "diamond", "A diamond", {"a": 2, "b": -3}, DIAMOND),
        ("07-descent", "neuron", "A neuron that learns", neuron, LEARNING),
        ("07-descent", "saddle", "A saddle", {"x": 0, "y": 0}, SADDLE),
        ("07-descent", "saturated", "Saturated", {"w": -6}, SATURATED),
        ("12-layers", "mazur", "2-2-2 by hand", NUMBERS, MAZUR),
        ("12-layers", "gate", "x · y", {"x": 4, "y": -3}, {"f": ("multiply", {}, ("x", "y"))}),
        ("16-break-it", "overwrite", "A diamond", {"a": 2, "b": -3}, DIAMOND),
        ("16-break-it", "sign", "Difference", {"x": 3, "y": 5, "z": 2}, DIFFERENCE),
        ("16-break-it", "both", "Patterns", {"x": 3, "y": -4, "z": 2, "w": -1}, PATTERNS),
        ("16-break-it", "uncleared", "(x + y) · x", {"x": -2, "y": 5}, FORK),
    )
    for lesson, name, title, values, wires in made:
        write(lesson, name, gates(title, values, wires))


FRUIT_NUMBERS: Mapping[str, float] = {
    "apples": 2, "price": 100, "oranges": 3, "each": 150, "tax": 1.1,
}  # fmt: skip
FORK: Wires = {"q": ("add", {}, ("x", "y")), "f": ("multiply", {}, ("q", "x"))}
SADDLE: Wires = {
    "xx": ("square", {}, ("x",)),
    "yy": ("square", {}, ("y",)),
    "J": ("subtract", {}, ("xx", "yy")),
}
SATURATED: Wires = {
    "f": ("sigmoid", {}, ("w",)),
    "d": ("shift", {"offset": -1.0}, ("f",)),
    "J": ("square", {}, ("d",)),
}
DIFFERENCE: Wires = {"d": ("subtract", {}, ("x", "y")), "f": ("multiply", {}, ("d", "z"))}


def many() -> None:
    """Graphs of vectors and matrices, and layered networks."""
    x, up = np.array([1.0, -2, 3, -1]), np.array([4.0, -1, 5, 9])
    relu: Wires = {
        "r": ("relu", {}, ("x",)),
        "m": ("multiply", {}, ("r", "up")),
        "L": ("sum", {}, ("m",)),
    }
    write("08-jacobian", "relu", tensors("ReLU of a vector", {"x": x, "up": up}, relu))
    w, v = np.array([[0.1, 0.5], [-0.3, 0.8]]), np.array([0.2, 0.4])
    norm: Wires = {
        "q": ("matmul", {}, ("W", "x")),
        "square": ("square", {}, ("q",)),
        "f": ("sum", {}, ("square",)),
    }
    for lesson in ("09-linear-map", "16-break-it"):
        write(lesson, "norm", tensors("‖W·x‖²", {"W": w, "x": v}, norm))
    product: Wires = {
        "Y": ("matmul", {}, ("X", "W")),
        "m": ("multiply", {}, ("Y", "up")),
        "L": ("sum", {}, ("m",)),
    }
    given = {
        "X": np.array([[2.0, 1, -3], [-3, 4, 2]]),
        "W": np.array([[3.0, 2, 1, -1], [2, 1, 3, 2], [3, 2, 1, -2]]),
        "up": np.array([[2.0, 3, -3, 9], [-8, 1, 4, 6]]),
    }
    write("09-linear-map", "product", tensors("Y = X · W", given, product))
    penalty: Wires = {
        "ww": ("square", {}, ("W",)),
        "s": ("sum", {}, ("ww",)),
        "R": ("scale", {"factor": 0.05}, ("s",)),
    }
    write("14-capacity", "penalty", tensors("R = ½ λ Σ W²", {"W": w}, penalty))
    write("14-capacity", "points", Project(data=arcs(), title="Two arcs"))
    for lesson in ("12-layers", "13-why-backprop"):
        write(lesson, "net", three_layers())
    write("15-luck", "xor", build.network(toys.make("xor"), (2, 4, 1), title="XOR"))


def tensors(title: str, values: Mapping[str, np.ndarray], wires: Wires) -> Project:
    """As `gates`, with arrays typed in."""
    made = gates(title, dict.fromkeys(values, 0.0), wires)
    given = {f"{name}.value": array for name, array in values.items()}
    return Project(graph=made.graph, given=given, title=title)


def three_layers() -> Project:
    """3-4-4-1 with 41 weights that sines give, on one row."""
    rows = Dataset("One row", np.array([[1.0, -2.0, 0.5]]), np.array([[0.0]]))
    made = build.network(rows, (3, 4, 4, 1), activation="sigmoid", title="3-4-4-1")
    ks = {"dense1": (1.0, 2.0), "dense2": (0.7, 0.3), "dense3": (1.3, 0.0)}
    weights = dict(made.weights)
    for name, (a, b) in ks.items():
        shape = weights[f"{name}.weight"].shape
        numbers = np.round(np.sin(a * np.arange(1, shape[0] * shape[1] + 1)), 2)
        weights[f"{name}.weight"] = numbers.reshape(shape[::-1]).T.copy()
        bias = np.round(np.sin(b * np.arange(1, shape[1] + 1)), 2) if b else np.array([0.1])
        weights[f"{name}.bias"] = bias
    return replace(made, weights=weights)


def arcs() -> Dataset:
    """Fifty points on two arcs that reach into each other, and 500 more to test on."""
    with resources.path("lessons", "14-capacity", "points.csv").open(encoding="ascii") as source:
        table = np.loadtxt(source, delimiter=",", skiprows=1)
    chance = np.random.RandomState(5)
    turn, lower = np.pi * chance.rand(500), np.arange(500) % 2
    side = np.where(lower, 1.0, -1.0)
    places = np.stack([0.9 * side - 1.6 * side * np.cos(turn), side * 0.7], axis=1)
    places[:, 1] -= side * 1.6 * np.sin(turn)
    more = places + 0.35 * chance.randn(500, 2) - [0.4, 0.25]
    return Dataset(
        "Two arcs",
        np.concatenate([table[:, :2], more]),
        np.concatenate([table[:, 2].astype(int), lower]),
        ("0", "1"),
        held_out=np.repeat([False, True], [50, 500]),
    )


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
