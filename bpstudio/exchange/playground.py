"""TensorFlow Playground's network, data and settings from the address of its page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from bpstudio.data import toys
from bpstudio.engine import graph as graphs
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Op, catalog
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.project.arrange import arrange
from bpstudio.project.build import settings_for
from bpstudio.project.gates import gate
from bpstudio.project.limits import checked_settings
from bpstudio.project.project import Project, complete

PLACES = ("http://playground.tensorflow.org", "https://playground.tensorflow.org")
LONGEST = 4000

DATA: Mapping[str, str] = {
    "circle": "circles",
    "xor": "quadrants",
    "gauss": "blobs",
    "spiral": "spiral",
    "reg-plane": "plane",
    "reg-gauss": "hills",
}
ACTIVATIONS = ("relu", "tanh", "sigmoid", "linear")
FEATURES: Mapping[str, tuple[str, ...]] = {
    "x": ("x",),
    "y": ("y",),
    "xSquared": ("x", "square"),
    "ySquared": ("y", "square"),
    "xTimesY": ("x", "y", "multiply"),
    "sinX": ("x", "sin"),
    "sinY": ("y", "sin"),
    "cosX": ("x", "cos"),
    "cosY": ("y", "cos"),
}
"""What may be fed to the network: one of the two features, and the gates behind it."""
USUAL: Mapping[str, str] = {"x": "true", "y": "true"}


def is_playground(text: str) -> bool:
    """Whether a text is an address of the Playground."""
    return text.strip().startswith(PLACES)


def from_playground(address: str) -> Project:
    """The network, the data and the settings that an address of the Playground names.

    The data are drawn anew by the studio's own sets of the same kind. The Playground judges
    classes by a squared error behind a tanh; here they are judged by the binary cross-entropy
    behind a sigmoid. Raises StudioError for an address that names something else.
    """
    if len(address) > LONGEST or not is_playground(address):
        raise StudioError(N_("That is no address of TensorFlow Playground."))
    try:
        told = {k: v[-1] for k, v in parse_qs(urlsplit(address.strip()).fragment).items()}
    except ValueError:
        raise StudioError(N_("That is no address of TensorFlow Playground.")) from None
    regression = told.get("problem") == "regression"
    kind = told.get("regDataset", "reg-plane") if regression else told.get("dataset", "circle")
    if kind not in DATA:
        raise _odd("dataset", kind)
    noise = min(_number(told, "noise", 0.0, 0.0, 50.0) / 100, 0.5)
    data = toys.make(
        DATA[kind],
        seed=int(abs(_number(told, "seed", 1.0, -1e9, 1e9)) * 1e5) % 2**32,
        held_out=1 - _number(told, "percTrainData", 50.0, 10.0, 90.0) / 100,
        noise=noise or None,
    )
    activation = told.get("activation", "tanh")
    if activation not in ACTIVATIONS:
        raise _odd("activation", activation)
    graph, last = _inputs({**USUAL, **told})
    sizes = _sizes(told.get("networkShape", "4,2"))
    for units in sizes:
        last, graph = _appended(graph, gate("dense", {"units": units}), last)
        if activation != "linear":
            last, graph = _appended(graph, catalog[activation](), last)
    last, graph = _appended(graph, gate("dense", {"units": 1}), last)
    if not regression:
        last, graph = _appended(graph, catalog["sigmoid"](), last)
    judge = catalog["squared_error" if regression else "binary_cross_entropy"]()
    _, graph = _appended(graph, judge, last, "loss")
    rate = _number(told, "learningRate", 0.03, 0.0, 100.0)
    batch = int(_number(told, "batchSize", 10.0, 1.0, 1000.0))
    penalty = {"L1": "l1", "L2": "l2"}.get(told.get("regularization", ""), "")
    settings = settings_for(data, "sgd", rate, batch)
    if penalty:
        share = _number(told, "regularizationRate", 0.0, 0.0, 1000.0)
        settings = replace(settings, **{penalty: share})  # type: ignore[arg-type]
    project = Project(
        graph=graph, data=data, training=checked_settings(settings), title="TensorFlow Playground"
    )
    return complete(replace(project, places=arrange(graph, None)))


def _inputs(told: Mapping[str, str]) -> tuple[Graph, str]:
    """The data set with the features that were chosen, made by gates where they are not there."""
    chosen = [name for name in FEATURES if told.get(name) == "true"]
    graph = graphs.add(Graph(), Node("data1", catalog["data"]()))
    if not chosen:
        raise StudioError(N_("The address chooses no features. Choose x or y there."))
    if chosen == ["x", "y"]:
        return graph, "data1"
    made: dict[str, str] = {}
    parts = []
    for name in chosen:
        stack: list[str] = []
        for word in FEATURES[name]:
            if word in ("x", "y") and word not in made:
                op = gate("slice", {"start": "xy".index(word), "count": 1})
                made[word], graph = _appended(graph, op, "data1")
            if word in ("x", "y"):
                stack.append(made[word])
                continue
            op = catalog[word]()
            id = graphs.new_id(graph, op.name)
            ports = [port.name for port in op.ports]
            sources = {port: (source,) for port, source in zip(ports, stack, strict=True)}
            graph, stack = graphs.add(graph, Node(id, op, sources)), [id]
        parts.append(stack[0])
    if len(parts) == 1:
        return graph, parts[0]
    id = graphs.new_id(graph, "concatenate")
    return graphs.add(graph, Node(id, catalog["concatenate"](), {"parts": tuple(parts)})), id


def _appended(graph: Graph, op: Op, source: str, stem: str = "") -> tuple[str, Graph]:
    id = graphs.new_id(graph, stem or op.name)
    return id, graphs.add(graph, Node(id, op, {op.ports[0].name: (source,)}))


def _sizes(text: str) -> tuple[int, ...]:
    try:
        sizes = tuple(int(part) for part in text.split(",") if part)
    except ValueError:
        raise _odd("networkShape", text) from None
    if len(sizes) > 20 or not all(1 <= size <= 100 for size in sizes):
        raise _odd("networkShape", text)
    return sizes


def _number(told: Mapping[str, str], key: str, usual: float, low: float, high: float) -> float:
    try:
        value = float(told.get(key, usual))
    except ValueError:
        raise _odd(key, told[key]) from None
    if not math.isfinite(value) or not low <= value <= high:
        raise _odd(key, told.get(key, ""))
    return value


def _odd(key: str, value: str) -> StudioError:
    return StudioError(
        N_("The address says {value} for {key}, which is not known here."),
        value=repr(value)[:40],
        key=key,
    )
