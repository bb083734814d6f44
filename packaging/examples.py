"""Make the examples in resources/examples anew: `.venv/bin/python packaging/examples.py`.

They are files like any other, so that opening one is what opening a person's own file is; this
writes down how each was made.
"""

from __future__ import annotations

import numpy as np

from bpstudio import resources
from bpstudio.data import toys
from bpstudio.engine.formula import build as formula
from bpstudio.engine.graph import Graph, Node
from bpstudio.playback.scene import laid_out
from bpstudio.project import build, file
from bpstudio.project.gates import gate
from bpstudio.project.project import Project

FORMULAS: dict[str, tuple[str, str, dict[str, float]]] = {
    "product-of-sum": ("(x + y) · z", "f = (x + y) * z", {"x": -2, "y": 5, "z": -4}),
    "sigmoid-neuron": (
        "Sigmoid neuron",
        "f = 1 / (1 + exp(-(w0*x0 + w1*x1 + w2)))",
        {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3},
    ),
    "gate-patterns": (
        "Distributor, router, switcher",
        "f = 2 * (x*y + max(z, w))",
        {"x": 3, "y": -4, "z": 2, "w": -1},
    ),
    "fork": ("A fork: (x + y) · x", "f = (x + y) * x", {"x": -2, "y": 5}),
    "apples": (
        "Two apples",
        "total = apples * price * tax",
        {"apples": 2, "price": 100, "tax": 1.1},
    ),
}
NETWORKS = {
    "xor": ("XOR", "xor", (2, 4, 1)),
    "and": ("AND", "and", (2, 1)),
    "or": ("OR", "or", (2, 1)),
    "circles": ("Circles", "circles", (2, 6, 1)),
    "spiral": ("Spiral", "spiral", (2, 16, 16, 2)),
}


def main() -> None:
    """Write every example."""
    folder = resources.path("examples")
    folder.mkdir(exist_ok=True)
    for name, (title, text, values) in FORMULAS.items():
        arrays = {key: np.asarray(value, dtype=float) for key, value in values.items()}
        project = build.from_formula(formula(text, arrays), title)
        file.save(laid_out(project), folder / f"{name}.bps")
    for name, (title, data, layers) in NETWORKS.items():
        project = build.network(toys.make(data), layers, title=title)
        file.save(laid_out(project), folder / f"{name}.bps")
    file.save(laid_out(squared_norm()), folder / "squared-norm.bps")


def squared_norm() -> Project:
    """‖W·x‖² of the lecture, with its numbers."""
    nodes = (
        Node("W", gate("input")),
        Node("x", gate("input")),
        Node("q", gate("matmul"), {"a": ("W",), "b": ("x",)}),
        Node("square1", gate("square"), {"x": ("q",)}),
        Node("f", gate("sum"), {"x": ("square1",)}),
    )
    given = {
        "W.value": np.array([[0.1, 0.5], [-0.3, 0.8]]),
        "x.value": np.array([0.2, 0.4]),
    }
    return Project(graph=Graph({node.id: node for node in nodes}), given=given, title="‖W·x‖²")


if __name__ == "__main__":
    main()
