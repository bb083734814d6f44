"""An ONNX file as plain values, read within limits.

Nothing in such a file is run or followed: data that lies in other files, operators of other
domains and functions that the file brings along are refused, and sizes are compared with what is
there before memory is taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.errors import StudioError
from bpstudio.exchange.reading import MOST_BYTES
from bpstudio.language import N_

MOST_NODES = 20_000
MOST_ARRAYS = 4096
MOST_ENTRIES = 10_000_000
"""No input and no value on the way has more numbers."""
DOMAINS = ("", "ai.onnx")


@dataclass(frozen=True, eq=False)
class Operator:
    """A node of a model: what it is called, what it does, the values it takes and gives, and its
    attributes: numbers, texts, lists of numbers and arrays."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Supplied:
    """An input of a model: its axes, where None is one of any length."""

    name: str
    axes: tuple[int | None, ...]


@dataclass(frozen=True, eq=False)
class Model:
    """A model: its operators in the order in which they run, its inputs, its weights by name, the
    names of its outputs, and the version of the operators."""

    title: str
    opset: int
    operators: tuple[Operator, ...]
    inputs: tuple[Supplied, ...]
    arrays: Mapping[str, Array]
    outputs: tuple[str, ...]


def read(content: bytes) -> Model:
    """The model in these bytes.

    Raises StudioError, one sentence, for what is no ONNX model, is too large, or asks for what is
    never done: files beside it, operators of another domain, functions of its own.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError:
        raise StudioError(N_("Reading it needs the library onnx: pip install onnx")) from None
    if len(content) > MOST_BYTES:
        raise StudioError(N_("It has more than {most} bytes."), most=MOST_BYTES)
    try:
        proto = onnx.ModelProto.FromString(content)
    except (DecodeError, ValueError, RecursionError):
        raise StudioError(N_("It is no ONNX model, or a damaged one.")) from None
    graph = proto.graph
    if not graph.node or not graph.output:
        raise StudioError(N_("It holds no network."))
    if len(graph.node) > MOST_NODES or len(graph.initializer) > MOST_ARRAYS:
        raise StudioError(N_("It has more than {most} operators."), most=MOST_NODES)
    if len(proto.functions):
        raise StudioError(N_("It brings functions of its own, which are not read."))
    if len(graph.sparse_initializer):
        raise StudioError(N_("It holds sparse arrays, which are not read."))
    arrays = _initial(graph.initializer)
    return Model(
        _text(graph.name),
        _opset(proto),
        tuple(_operator(node) for node in graph.node),
        tuple(_supplied(each) for each in graph.input if _text(each.name) not in arrays),
        arrays,
        tuple(_text(each.name) for each in graph.output),
    )


def _opset(proto: Any) -> int:
    found = [each.version for each in proto.opset_import if each.domain in DOMAINS]
    return int(found[0]) if found else 1


def _initial(tensors: Iterable[Any]) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    total = 0
    for tensor in tensors:
        if _text(tensor.name) in arrays:
            raise StudioError(N_("Two of its arrays have one name."))
        arrays[tensor.name] = array = array_of(tensor)
        total += array.nbytes
        if total > MOST_BYTES:
            raise StudioError(N_("Its arrays are larger than {most} bytes."), most=MOST_BYTES)
    return arrays


def array_of(tensor: Any) -> Array:
    """The numbers of a tensor: float64 for numbers with a point, int64 for whole ones and truth.

    Raises StudioError where they lie in another file, are no numbers, or are not all there.
    """
    from onnx import TensorProto, numpy_helper

    floats = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16)
    whole = (
        *(TensorProto.INT64, TensorProto.INT32, TensorProto.INT16, TensorProto.INT8),
        *(TensorProto.UINT8, TensorProto.BOOL),
    )
    if tensor.data_location == TensorProto.EXTERNAL or len(tensor.external_data):
        raise StudioError(N_("Its numbers lie in another file, which is not read."))
    if tensor.data_type not in (*floats, *whole):
        raise StudioError(N_("It holds something else than numbers."))
    if any(n < 0 for n in tensor.dims) or math.prod(tensor.dims) > MOST_BYTES // 8:
        raise StudioError(N_("The size of one of its arrays can't be."))
    try:
        array = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, RuntimeError, OverflowError):
        raise StudioError(N_("One of its arrays is not whole.")) from None
    if array.shape != tuple(tensor.dims):
        raise StudioError(N_("One of its arrays is not whole."))
    with np.errstate(invalid="ignore"):  # a NaN may be one that signals
        return array.astype(np.float64 if tensor.data_type in floats else np.int64)


def _supplied(info: Any) -> Supplied:
    axes = [
        int(axis.dim_value) if axis.WhichOneof("value") == "dim_value" else None
        for axis in info.type.tensor_type.shape.dim
    ]
    if any(n is not None and n < 0 for n in axes) or math.prod(n or 1 for n in axes) > MOST_ENTRIES:
        raise StudioError(N_("Its input {name} is too large."), name=repr(info.name)[:40])
    if 0 in axes[1:]:
        raise StudioError(N_("Its input {name} is empty."), name=repr(info.name)[:40])
    # Some tools write 0 for a batch of any size.
    return Supplied(
        _text(info.name), tuple(axes[:1] if axes[:1] != [0] else [None]) + tuple(axes[1:])
    )


def _operator(node: Any) -> Operator:
    if node.domain not in DOMAINS:
        raise StudioError(
            N_("Its operator {kind} is of the domain {domain}; only those of ONNX are read."),
            kind=repr(node.op_type)[:40],
            domain=repr(node.domain)[:40],
        )
    attributes = {_text(each.name): _attribute(each) for each in node.attribute}
    taken, given = tuple(map(_text, node.input)), tuple(map(_text, node.output))
    return Operator(_text(node.name), _text(node.op_type), taken, given, attributes)


def _text(value: str | bytes) -> str:
    """A name; the library hands out bytes where a file holds no text."""
    if isinstance(value, bytes):
        raise StudioError(N_("One of its names is no text."))
    return value


def _attribute(attribute: Any) -> Any:
    """Its value; None for one that no operator which is read has, such as a graph."""
    from onnx import AttributeProto

    match attribute.type:
        case AttributeProto.FLOAT:
            return float(attribute.f)
        case AttributeProto.INT:
            return int(attribute.i)
        case AttributeProto.STRING:
            return attribute.s.decode("utf-8", "replace")
        case AttributeProto.FLOATS:
            return tuple(map(float, attribute.floats))
        case AttributeProto.INTS:
            return tuple(map(int, attribute.ints))
        case AttributeProto.TENSOR:
            return array_of(attribute.t)
    return None
