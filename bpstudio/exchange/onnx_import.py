"""A model from an ONNX file as a project.

Operators are read from a list of those that are known; what is not understood is listed and stands
as an inert gate, so that one sees what the model is and where it can't be run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.data.dataset import Dataset
from bpstudio.engine.graph import Graph
from bpstudio.engine.op import Array, catalog
from bpstudio.engine.shapes import Shape
from bpstudio.errors import StudioError
from bpstudio.exchange.fitted import fitted
from bpstudio.exchange.names import remark
from bpstudio.exchange.onnx_building import Axes, Builder, NotUnderstood, Value
from bpstudio.exchange.onnx_layers import KERNEL, RULES
from bpstudio.exchange.onnx_reading import Model, Operator, Supplied, read
from bpstudio.exchange.onnx_shapes import LAST
from bpstudio.language import N_, _
from bpstudio.project.arrange import arrange
from bpstudio.project.project import Project, complete, frozen

OF_PICTURES = ("Conv", "MaxPool", "AveragePool", "GlobalAveragePool")


@dataclass(frozen=True)
class Unknown:
    """An operator that was not understood: its name in the model, what it is, and why."""

    name: str
    kind: str
    reason: str


@dataclass(frozen=True, eq=False)
class Laid:
    """Where a value of the model lies: the node that gives it, and the place there of each of
    ONNX's axes; None where they are the same. `rows` says that it is the rows of the data set."""

    node: str
    order: Axes | None = None
    rows: bool = False


@dataclass(frozen=True, eq=False)
class Imported:
    """A model as a project, what of it was not understood, and where its inputs and outputs lie."""

    project: Project
    not_understood: tuple[Unknown, ...] = ()
    inputs: Mapping[str, Laid] = field(default_factory=dict)
    outputs: Mapping[str, Laid] = field(default_factory=dict)


def from_onnx(content: bytes, title: str = "", data: Dataset | None = None) -> Imported:
    """The network in an ONNX file.

    A model whose one input has any number of rows, or whose first one are pictures, reads a data
    set: `data` if it has as many features, else rows made up. Its other inputs are values that a
    person types. Raises StudioError for a file that is refused as a whole.
    """
    model = read(content)
    tries = [True, False] if _takes_rows(model) else [False]
    found = [_imported(model, title, data, rows=rows) for rows in tries]
    return min(found, key=lambda each: len(each.not_understood))


def _takes_rows(model: Model) -> bool:
    if not model.inputs or not all(model.inputs[0].axes[1:]):
        return False
    first = model.inputs[0].axes
    if len(first) == 4:
        return any(each.kind in OF_PICTURES for each in model.operators)
    return len(model.inputs) == 1 and len(first) == 2 and first[0] is None


def _imported(model: Model, title: str, data: Dataset | None, *, rows: bool) -> Imported:
    builder = Builder(model)
    inputs: dict[str, Laid] = {}
    for place, supplied in enumerate(model.inputs):
        reads = rows and place == 0
        value = _rows(builder, supplied) if reads else _typed(builder, supplied)
        builder.values[supplied.name] = value
        node = next(iter(builder.nodes)) if reads else value.node
        inputs[supplied.name] = Laid(node, value.order, reads)
    unknown = [each for operator in model.operators if (each := _read(builder, operator))]
    outputs = _outputs(builder, model)
    project = Project(
        graph=Graph(builder.nodes),
        given={key: frozen(value) for key, value in builder.given.items()},
        weights={key: frozen(value) for key, value in builder.weights.items()},
        statistics={key: frozen(value) for key, value in builder.statistics.items()},
        title=remark(title or model.title, 100),
    )
    if rows:
        features = math.prod(n or 1 for n in model.inputs[0].axes[1:])
        project = fitted(project, features, data, runs=not unknown)
    else:
        project = replace(complete(project), places=arrange(project.graph, None))
    return Imported(project, tuple(unknown), inputs, outputs)


def _read(builder: Builder, operator: Operator) -> Unknown | None:
    """Make gates of an operator; else an inert one, and say why."""
    if operator.outputs and operator.outputs[0] in builder.values:
        return None
    before = set(builder.nodes)
    builder.named(operator)
    try:
        rule = RULES.get(operator.kind)
        if rule is None:
            raise NotUnderstood(N_("it is not among the operators that are read"))
        made = rule(builder, operator)
        values = [made] if isinstance(made, Value) else list(made)
        if len(values) < len([name for name in operator.outputs if name]):
            raise NotUnderstood(N_("it gives more than one value"))
        builder.values |= dict(zip(operator.outputs, values, strict=False))
        return None
    except (NotUnderstood, IndexError, TypeError, ValueError, OverflowError) as error:
        told = error.args[0] if isinstance(error, NotUnderstood) else N_("its settings do not fit")
        builder.undo_to(before)
        stand_in = builder.inert(operator)
        builder.values |= dict.fromkeys(filter(None, operator.outputs), stand_in)
        return Unknown(remark(operator.name, 60), remark(operator.kind, 60), _(told))


def _outputs(builder: Builder, model: Model) -> dict[str, Laid]:
    found = {}
    for name in model.outputs:
        value = builder.values.get(name)
        if value is None:
            raise StudioError(N_("Nothing gives its output {name}."), name=remark(repr(name), 40))
        if value.entries is not None or value.constant is not None:
            try:
                value = Value(builder.fed(value))
            except NotUnderstood:
                value = replace(value, entries=None)
        found[name] = Laid(value.node, value.order)
    return found


def _typed(builder: Builder, supplied: Supplied) -> Value:
    """An input as a value that a person types, at first all ones, in the order that suits its
    readers."""
    builder.title = remark(supplied.name, 60)
    axes = tuple(n or 1 for n in supplied.axes)
    order = _order(builder, supplied)
    laid = axes
    if order is not None:
        laid = tuple(axes[order.index(place)] for place in range(len(axes)))
    made = builder.typed(np.ones(laid))
    return replace(made, order=order)


def _order(builder: Builder, supplied: Supplied) -> Axes | None:
    if len(supplied.axes) != 4:
        return None
    readers = builder.readers.get(supplied.name, [])
    if any(r.kind == "Conv" and supplied.name in r.inputs[1:2] for r in readers):
        return KERNEL
    pictures = any(
        each.kind in (*OF_PICTURES, "BatchNormalization") for each in builder.model.operators
    )
    return LAST if pictures else None


def _rows(builder: Builder, supplied: Supplied) -> Value:
    """An input as the rows of a data set; those of pictures are put into their shape."""
    builder.title = remark(supplied.name, 60)
    features = tuple(n or 1 for n in supplied.axes[1:])
    made = builder.put(catalog["data"](), {})
    builder.shapes[made.node] = Shape((math.prod(features),), True)
    if len(features) == 1:
        return replace(made, shape=builder.shapes[made.node])
    channels, height, width = features
    picture = builder.gate("reshape", made.node, keep=1, size=(height, width, channels))
    return replace(picture, order=LAST)


def numbers_for(laid: Laid, array: Array) -> Array:
    """Numbers in ONNX's order as a typed value, or the data set, has them."""
    turned = array if laid.order is None else np.transpose(array, np.argsort(laid.order))
    return turned.reshape(len(array), -1) if laid.rows else turned


def numbers_from(laid: Laid, array: Array) -> Array:
    """The output of a node in ONNX's order."""
    return array if laid.order is None else np.transpose(array, laid.order)


def key_of(laid: Laid) -> str:
    """The key `node.port` under which a run takes an input."""
    return f"{laid.node}.{'rows' if laid.rows else 'value'}"
