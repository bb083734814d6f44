"""Networks made at random: layers, activations, norms, dropout, forks, frozen and unused weights,
hostile names, and data of either kind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from bpstudio.data.dataset import Dataset
from bpstudio.engine.graph import Graph, Node, add, new_id
from bpstudio.engine.op import Op, catalog
from bpstudio.exchange import formats
from bpstudio.exchange.verify import Verification
from bpstudio.project.gates import gate
from bpstudio.project.project import Project, complete, frozen
from bpstudio.training.settings import Settings

FORMATS = ("onnx", "numpy", "pytorch")
ACTIVATIONS = ("relu", "tanh", "sigmoid", "leaky_relu", "elu", "gelu", "silu", "softplus")
BETWEEN = ("dropout", "batch_norm", "layer_norm", "square", "abs", "sin", "scale", "shift")
TITLES = ("", 'x"); import os; os.system("id")#', "class", "\u202e가", "'''", "print\\", "\n\r")


def network(seed: int) -> Project:
    """A network, the same for the same seed."""
    rng = np.random.default_rng([seed, 500])
    features, rows = int(rng.integers(1, 6)), int(rng.integers(2, 12))
    graph, last = _appended(Graph(), catalog["data"](), "")
    for _ in range(int(rng.integers(1, 5))):
        before = last
        units = int(rng.integers(1, 7))
        graph, last = _appended(graph, gate("dense", {"units": units}), last)
        if rng.random() < 0.8:
            graph, last = _appended(graph, catalog[str(rng.choice(ACTIVATIONS))](), last)
        if rng.random() < 0.5:
            graph, last = _appended(graph, catalog[str(rng.choice(BETWEEN))](), last)
        if rng.random() < 0.3:
            graph, last = _joined(graph, before, last)
        elif rng.random() < 0.3:
            graph, last = _doubled(graph, last, str(rng.choice(["add", "multiply", "max"])))
    if rng.random() < 0.3:
        graph = add(graph, Node("unused", gate("parameter", {"size": (3,)})))
    outputs = int(rng.integers(1, 4))
    graph, last = _appended(graph, gate("dense", {"units": outputs}), last)
    graph, _ = _appended(graph, catalog["squared_error"](), last)
    named = {
        id: replace(node, title=str(rng.choice(TITLES))) if rng.random() < 0.3 else node
        for id, node in graph.nodes.items()
    }
    data = Dataset("rows", rng.normal(size=(rows, features)), rng.normal(size=(rows, outputs)))
    still = frozenset(id for id in named if id.startswith("dense") and rng.random() < 0.3)
    whole = complete(
        Project(graph=Graph(named), data=data, training=Settings(seed=seed, frozen=still))
    )
    lasting = {
        key: frozen(rng.uniform(0.5, 2.0, size=value.shape))
        for key, value in whole.statistics.items()
    }
    return replace(whole, statistics=lasting)


def verified(seeds: Iterable[int], folder: Path) -> list[tuple[str, Verification]]:
    """What came of the networks of these seeds in every format, by format and seed."""
    made = [(seed, format, network(seed)) for seed in seeds for format in FORMATS]
    jobs = []
    for seed, format, project in made:
        path = folder / f"n{seed}_{format}{formats.FORMATS[format].ending}"
        jobs.append((project, format, formats.export(project, format, path)[0]))
    names = [f"{format} {seed}" for seed, format, _ in made]
    return list(zip(names, formats.verify_many(jobs), strict=True))


def _appended(graph: Graph, op: Op, source: str) -> tuple[Graph, str]:
    id = new_id(graph, op.name)
    sources = {op.ports[0].name: (source,)} if source else {}
    return add(graph, Node(id, op, sources)), id


def _joined(graph: Graph, one: str, other: str) -> tuple[Graph, str]:
    id = new_id(graph, "joined")
    return add(graph, Node(id, catalog["concatenate"](), {"parts": (one, other)})), id


def _doubled(graph: Graph, source: str, name: str) -> tuple[Graph, str]:
    """A fork: the value and its tanh meet again."""
    graph, bent = _appended(graph, catalog["tanh"](), source)
    op = catalog[name]()
    id = new_id(graph, op.name)
    ports = [port.name for port in op.ports]
    return add(graph, Node(id, op, {ports[0]: (source,), ports[1]: (bent,)})), id
