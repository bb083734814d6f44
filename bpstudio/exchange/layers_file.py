"""A chain of layers from another library, as the few lines write it that the studio shows.

The file is JSON: `{"format": "bpstudio layers", "layers": [{"gate": "dense", "weight": [[…]],
"bias": […]}, {"gate": "relu"}, …]}`. Weights have a row for each input. Nothing in it is run.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.data.dataset import Dataset
from bpstudio.engine import graph as graphs
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Kind, Op, catalog
from bpstudio.errors import StudioError
from bpstudio.exchange.fitted import fitted
from bpstudio.language import N_
from bpstudio.project.gates import gate
from bpstudio.project.project import Project, frozen

FORMAT = "bpstudio layers"
MOST_BYTES = 2**28
MOST_LAYERS = 1000
SHAPED = ("dense", "batch_norm", "layer_norm")
"""Layers with numbers of their own."""
PLAIN = ("dropout",)

TORCH = '''"""Writes a trained nn.Sequential for Backprop Studio. Put it behind your own code."""

import json

from torch import nn

GATES = {
    nn.ReLU: "relu", nn.Tanh: "tanh", nn.Sigmoid: "sigmoid", nn.SiLU: "silu", nn.GELU: "gelu",
    nn.Softplus: "softplus", nn.Hardsigmoid: "hard_sigmoid", nn.Softmax: "softmax",
}


def layer(module):
    if isinstance(module, nn.Linear):
        weight = module.weight.detach().double().t()
        bias = module.bias.detach().double() if module.bias is not None else weight[0] * 0
        return {"gate": "dense", "weight": weight.tolist(), "bias": bias.tolist()}
    if isinstance(module, nn.BatchNorm1d):
        found = {"scale": module.weight, "bias": module.bias}
        found |= {"mean": module.running_mean, "variance": module.running_var}
        arrays = {name: tensor.detach().double().tolist() for name, tensor in found.items()}
        return {"gate": "batch_norm", "epsilon": module.eps, **arrays}
    if isinstance(module, nn.LayerNorm):
        found = {"scale": module.weight, "bias": module.bias}
        arrays = {name: tensor.detach().double().tolist() for name, tensor in found.items()}
        return {"gate": "layer_norm", "epsilon": module.eps, **arrays}
    if isinstance(module, nn.Dropout):
        return {"gate": "dropout", "rate": module.p}
    if isinstance(module, nn.LeakyReLU):
        return {"gate": "leaky_relu", "slope": module.negative_slope}
    if isinstance(module, nn.ELU):
        return {"gate": "elu", "alpha": module.alpha}
    return {"gate": GATES.get(type(module), type(module).__name__)}


def save(model, path="model.layers.json"):
    layers = [layer(m) for m in model if not isinstance(m, (nn.Identity, nn.Flatten))]
    with open(path, "w") as file:
        json.dump({"format": "bpstudio layers", "layers": layers}, file)


save(model)
'''
"""What a person puts behind their own code; `model` is their nn.Sequential."""

SKLEARN = '''"""Writes a fitted MLPClassifier or MLPRegressor for Backprop Studio.

Put it behind your own code.
"""

import json

GATES = {"logistic": "sigmoid", "tanh": "tanh", "relu": "relu", "softmax": "softmax"}


def save(model, path="model.layers.json"):
    layers = []
    for place, (weight, bias) in enumerate(zip(model.coefs_, model.intercepts_)):
        layers.append({"gate": "dense", "weight": weight.tolist(), "bias": bias.tolist()})
        last = place + 1 == len(model.coefs_)
        name = model.out_activation_ if last else model.activation
        if name != "identity":
            layers.append({"gate": GATES.get(name, name)})
    with open(path, "w") as file:
        json.dump({"format": "bpstudio layers", "layers": layers}, file)


save(model)
'''
"""What a person puts behind their own code; `model` is their MLPClassifier or MLPRegressor."""

SNIPPETS: Mapping[str, str] = {"PyTorch": TORCH, "scikit-learn": SKLEARN}


def from_layers(content: bytes, title: str = "", data: Dataset | None = None) -> Project:
    """The network in such a file, on `data` or on rows made up.

    Raises StudioError for what is no such file, a layer that is not known, or numbers that do not
    fit each other.
    """
    if len(content) > MOST_BYTES:
        raise StudioError(N_("It has more than {most} bytes."), most=MOST_BYTES)
    try:
        document = json.loads(content, parse_constant=_refused, parse_float=_finite)
    except (ValueError, RecursionError):
        raise StudioError(N_("It is no JSON file with layers, or a damaged one.")) from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise StudioError(N_("It is no file of layers; the lines that write one are in the help."))
    layers = document.get("layers")
    if not isinstance(layers, list) or not 0 < len(layers) <= MOST_LAYERS:
        raise StudioError(N_("It holds no layers."))
    graph, last = graphs.add(Graph(), Node("data1", catalog["data"]())), "data1"
    weights: dict[str, Array] = {}
    statistics: dict[str, Array] = {}
    width: int | None = None
    first = 0
    for number, layer in enumerate(layers, start=1):
        try:
            op, arrays, width = _layer(layer, width)
        except (StudioError, ValueError, TypeError, OverflowError) as error:
            reason = error if isinstance(error, StudioError) else N_("its numbers do not fit")
            raise StudioError(
                N_("Layer {number} can't be read: {reason}"), number=number, reason=reason
            ) from None
        if not first and arrays:
            first = int(np.shape(next(iter(arrays.values())))[0])
        id = graphs.new_id(graph, op.name)
        graph = graphs.add(graph, Node(id, op, {op.ports[0].name: (last,)}))
        for port in op.ports:
            held = weights if port.kind is Kind.WEIGHT else statistics
            if port.name in arrays:
                held[f"{id}.{port.name}"] = frozen(arrays[port.name])
        last = id
    whole = Project(graph=graph, weights=weights, statistics=statistics, title=title)
    return fitted(whole, first, data)


def _layer(layer: Any, width: int | None) -> tuple[Op, dict[str, Array], int | None]:
    """A layer's gate, its arrays, and how many numbers a row has behind it."""
    if not isinstance(layer, dict) or not isinstance(layer.get("gate"), str):
        raise StudioError(N_("it does not say what it is."))
    told = dict(layer)
    name = told.pop("gate")
    op = catalog.get(name)
    known = name in (*SHAPED, *PLAIN) or (op is not None and op.category == "activation")
    if (
        op is None
        or not known
        or (any(p.kind is Kind.WEIGHT for p in op.ports) and name not in SHAPED)
    ):
        raise StudioError(N_("{name} is not known here."), name=repr(name)[:40])
    lasting = [p.name for p in op.ports if p.kind in (Kind.WEIGHT, Kind.STATISTIC)]
    arrays = {key: _numbers(told.pop(key)) for key in lasting if key in told}
    if list(arrays) != lasting:
        raise StudioError(N_("its weights are missing."))
    if name == "dense":
        weight, bias = arrays["weight"], arrays["bias"]
        if weight.ndim != 2 or bias.shape != weight.shape[1:] or 0 in weight.shape:
            raise StudioError(N_("its numbers do not fit"))
        if width not in (None, weight.shape[0]):
            raise StudioError(N_("its numbers do not fit"))
        return gate(name, {"units": int(weight.shape[1])}), arrays, int(weight.shape[1])
    sizes = {array.shape for array in arrays.values()}
    if len(sizes) > 1 or any(len(size) != 1 or size[0] != (width or size[0]) for size in sizes):
        raise StudioError(N_("its numbers do not fit"))
    return gate(name, told), arrays, width or max((size[0] for size in sizes), default=None)


def _numbers(value: Any) -> Array:
    return np.array(value, dtype=np.float64)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _refused(text: str) -> float:
    raise ValueError(text)
