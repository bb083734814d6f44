"""Starting weights: how they are drawn, and from which stream of random numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from bpstudio.engine import shapes
from bpstudio.engine.graph import Graph
from bpstudio.engine.op import Array, Kind
from bpstudio.engine.shapes import Shape
from bpstudio.language import N_

Draw = Callable[["np.random.Generator", tuple[int, ...]], Array]
"""NumPy's own random numbers are a module that takes long to load: only drawing needs it."""


@dataclass(frozen=True)
class Initialiser:
    """A way to draw starting weights.

    In `formula` stand n for how many inputs a unit has and m for how many units there are.
    """

    title: str
    help: str
    formula: str
    source: str
    draw: Draw


def starting(
    graph: Graph,
    given_shapes: Mapping[str, Shape],
    seed: int,
    keep: Mapping[str, Array] | None = None,
) -> dict[str, Array]:
    """A starting value for every weight and statistic that a node owns, by key `node.port`.

    Each key draws from a stream of its own, so that adding a node changes no other's start, and
    the same seed gives the same start. What `keep` has stays where its shape still fits. Nodes
    whose shapes can't be known yet, because a port is open or shapes clash, are left out.
    """
    kept = keep or {}
    known = shapes.known(graph, given_shapes)
    weights: dict[str, Array] = {}
    for node in graph.ordered:
        names = node.op.initials()
        for port in node.owned(Kind.WEIGHT, Kind.STATISTIC):
            shape = known.get(node.id, {}).get(port.name)
            if shape is None:
                continue
            key = f"{node.id}.{port.name}"
            if key in kept and kept[key].shape == shape.features:
                weights[key] = kept[key]
            else:
                weights[key] = _start(names.get(port.name, 0.0), shape.features, seed, key)
                weights[key].flags.writeable = False
    return weights


def _start(initial: str | float, shape: tuple[int, ...], seed: int, key: str) -> Array:
    """What an initialiser draws for a key, or a number everywhere."""
    if isinstance(initial, str):
        return initialisers[initial].draw(stream(seed, key), shape)
    return np.full(shape, float(initial))


def stream(seed: int, key: str) -> np.random.Generator:
    """The random numbers that belong to a key: the same for the same seed, whatever else is."""
    sequence = np.random.SeedSequence([seed, *key.encode()])
    return np.random.Generator(np.random.Philox(sequence))


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many inputs a unit has and how many units there are, for weights (…, inputs, units)."""
    if len(shape) < 2:
        return max((1, *shape)), 1
    window = math.prod(shape[:-2])
    return max(1, window * shape[-2]), max(1, window * shape[-1])


def _filled(value: float) -> Draw:
    return lambda rng, shape: np.full(shape, value)


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(rng.normal(0.0, 1.0, shape))


def _uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    limit = 1.0 / math.sqrt(fans(shape)[0])
    return np.asarray(rng.uniform(-limit, limit, shape))


def _xavier(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    limit = math.sqrt(6.0 / sum(fans(shape)))
    return np.asarray(rng.uniform(-limit, limit, shape))


def _he(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(rng.normal(0.0, math.sqrt(2.0 / fans(shape)[0]), shape))


initialisers: Mapping[str, Initialiser] = {
    "xavier": Initialiser(
        "Xavier",
        N_("Keeps signals and gradients at the same size from layer to layer; for tanh, sigmoid."),
        "w ~ U(-√(6/(n + m)), √(6/(n + m)))",
        "Glorot and Bengio 2010, equation 16",
        _xavier,
    ),
    "he": Initialiser(
        "He",
        N_("As Xavier, but twice as wide, because ReLU stops half of what comes in."),
        "w ~ N(0, √(2/n))",
        "He, Zhang, Ren and Sun 2015, equation 10",
        _he,
    ),
    "normal": Initialiser(
        "Normal",
        N_("The bell curve of width 1, whatever the size of the layer."),
        "w ~ N(0, 1)",
        "The textbook's first attempt; large layers saturate with it",
        _normal,
    ),
    "uniform": Initialiser(
        "Uniform",
        N_("Evenly spread, the narrower the more inputs there are."),
        "w ~ U(-1/√n, 1/√n)",
        "LeCun, Bottou, Orr and Müller 1998; as torch.nn.Linear draws",
        _uniform,
    ),
    "zeros": Initialiser(
        "Zeros",
        N_("All 0: right for biases; the units of a layer would stay twins forever."),
        "w = 0",
        "",
        _filled(0.0),
    ),
    "constant": Initialiser(
        "Constant",
        N_("All the same: shows that the units of a layer then stay twins forever."),
        "w = 0.5",
        "",
        _filled(0.5),
    ),
}
"""Every initialiser by its name in files."""
