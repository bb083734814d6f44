"""Make the examples in resources/examples anew: `.venv/bin/python packaging/examples.py`.

They are files like any other, so that opening one is what opening a person's own file is; this
writes down how each was made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bpstudio import resources
from bpstudio.data import toys
from bpstudio.engine.formula import build as formula
from bpstudio.engine.graph import Graph, Node
from bpstudio.playback.scene import laid_out
from bpstudio.project import build, edits, file
from bpstudio.project.gallery import EXAMPLES
from bpstudio.project.gates import gate
from bpstudio.project.project import Project, complete

FORMULAS: dict[str, tuple[str, dict[str, float]]] = {
    "product": ("f = x * y", {"x": 4, "y": -3}),
    "product-of-sum": ("f = (x + y) * z", {"x": -2, "y": 5, "z": -4}),
    "apples": ("total = apples * price * tax", {"apples": 2, "price": 100, "tax": 1.1}),
    "shopping": (
        "total = (apples * apple + oranges * orange) * tax",
        {"apples": 2, "apple": 100, "oranges": 3, "orange": 150, "tax": 1.1},
    ),
    "gate-patterns": ("f = 2 * (x*y + max(z, w))", {"x": 3, "y": -4, "z": 2, "w": -1}),
    "fork": ("f = (x + y) * x", {"x": -2, "y": 5}),
    "square": ("f = x * x", {"x": 3}),
    "sigmoid-neuron": (
        "f = 1 / (1 + exp(-(w0*x0 + w1*x1 + w2)))",
        {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3},
    ),
    "staged": ("f = (x + sigmoid(y)) / (sigmoid(x) + (x + y)^2)", {"x": 3, "y": -4}),
    "parabola": ("J = w^2", {"w": 3}),
    "vanishing": ("f = " + "sigmoid(" * 10 + "x" + ")" * 10, {"x": 0}),
    "dead-relu": ("f = v * relu(w * x + b)", {"w": -2, "x": 1.5, "b": 1, "v": 3}),
}


@dataclass(frozen=True)
class Recipe:
    """A network for a data set: its sizes, and how it differs from the usual one."""

    data: str
    layers: tuple[int, ...]
    activation: str = "tanh"
    learning_rate: float | None = None
    l2: float = 0.0
    noise: float | None = None


NETWORKS = {
    "and": Recipe("and", (2, 1)),
    "or": Recipe("or", (2, 1)),
    "nand": Recipe("nand", (2, 1)),
    "xor-one-line": Recipe("xor", (2, 1)),
    "xor": Recipe("xor", (2, 4, 1)),
    "line": Recipe("linear", (1, 1), learning_rate=0.05),
    "sine": Recipe("sine", (1, 16, 1)),
    "circles": Recipe("circles", (2, 6, 1)),
    "moons": Recipe("moons", (2, 8, 1)),
    "spiral": Recipe("spiral", (2, 16, 16, 2)),
    "deep-sigmoids": Recipe("circles", (2, 6, 6, 6, 6, 6, 1), "sigmoid"),
    "capacity-3": Recipe("moons", (2, 3, 1), noise=0.3),
    "capacity-20": Recipe("moons", (2, 20, 1), noise=0.3),
    "lambda-20": Recipe("moons", (2, 20, 1), l2=0.01, noise=0.3),
    "iris": Recipe("iris", (4, 8, 3)),
    "digits": Recipe("digits", (64, 32, 10)),
}


def main() -> None:
    """Write every example."""
    folder = resources.path("examples")
    folder.mkdir(exist_ok=True)
    titles = {each.name: each.title for each in EXAMPLES}
    for name, project in projects():
        file.save(laid_out(replace(project, title=titles[name])), folder / f"{name}.bps")


def projects() -> Iterator[tuple[str, Project]]:
    """Every example by its name."""
    for name, (text, values) in FORMULAS.items():
        arrays = {key: np.asarray(value, dtype=float) for key, value in values.items()}
        yield name, build.from_formula(formula(text, arrays))
    for name, recipe in NETWORKS.items():
        yield name, network(recipe)
    yield "squared-norm", squared_norm()
    yield "xor-by-hand", xor_by_hand()
    yield "dead-layer", dead_layer()
    yield "digits-convolution", convolution()


def network(recipe: Recipe) -> Project:
    """The network of a recipe."""
    name, noise = recipe.data, recipe.noise
    project = build.network(
        toys.make(name) if noise is None else toys.make(name, noise=noise),
        recipe.layers,
        activation=recipe.activation,
        learning_rate=recipe.learning_rate,
    )
    return edits.set_training(project, replace(project.training, l2=recipe.l2))


def xor_by_hand() -> Project:
    """Two ReLUs that give exactly 0, 1, 1, 0."""
    project = build.network(
        toys.make("xor"), (2, 2, 1), activation="relu", output="linear", loss="squared_error"
    )
    weights = {
        "dense1.weight": [[1.0, 1.0], [1.0, 1.0]],
        "dense1.bias": [0.0, -1.0],
        "dense2.weight": [[1.0], [-2.0]],
        "dense2.bias": [0.0],
    }
    for key, value in weights.items():
        project = edits.set_value(project, key, np.array(value))
    return project


def dead_layer() -> Project:
    """Half of the ReLUs start so far below zero that no point of the data wakes them."""
    project = build.network(toys.make("circles"), (2, 8, 1), activation="relu")
    bias = np.where(np.arange(8) % 2, -8.0, 0.0)
    return edits.set_value(project, "dense1.bias", bias)


def convolution() -> Project:
    """Convolution, pooling, and a layer on the digits as pictures."""
    data = toys.make("digits")
    chain = (
        ("data1", gate("data")),
        ("reshape1", gate("reshape", {"size": (8, 8, 1)})),
        ("conv1", gate("conv2d", {"units": 6, "size": 3})),
        ("relu1", gate("relu")),
        ("pool1", gate("max_pool2d")),
        ("flatten1", gate("flatten")),
        ("dense1", gate("dense", {"units": 10})),
    )
    before = ("", *(id for id, _op in chain))
    nodes = [
        Node(id, op, {op.ports[0].name: (source,)} if source else {})
        for (id, op), source in zip(chain, before, strict=False)
    ]
    softmax, loss = gate("softmax"), gate("cross_entropy")
    nodes.append(Node("softmax1", softmax, {softmax.ports[0].name: ("dense1",)}))
    nodes.append(Node("loss1", loss, {loss.ports[0].name: ("dense1",)}))
    graph = Graph({node.id: node for node in nodes})
    return complete(Project(graph=graph, data=data, training=build.settings_for(data)))


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
    return Project(graph=Graph({node.id: node for node in nodes}), given=given)


if __name__ == "__main__":
    main()
