"""The predicting part of a network as an ONNX model.

Formulas become nodes, so a gate needs to know nothing of ONNX. Float32 is the usual type; in
float64 some runtimes lack kernels for single operators, which is why everything is spelled out in
common ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bpstudio import __version__
from bpstudio.engine.expression import (
    Binary,
    Call,
    Choice,
    Compare,
    Expression,
    Name,
    Negate,
    fold,
)
from bpstudio.engine.graph import Node
from bpstudio.engine.op import Array, Kind
from bpstudio.engine.shapes import Shape
from bpstudio.engine.tree import with_parts
from bpstudio.errors import FileError
from bpstudio.exchange import noted, rewrite
from bpstudio.exchange.files import Files
from bpstudio.exchange.names import Names, ascii_identifier, remark
from bpstudio.exchange.program import Program
from bpstudio.exchange.rules import with_settings
from bpstudio.exchange.slots import slots, source_of
from bpstudio.language import N_

OPSET = 17
IR_VERSION = 8
"""Old enough for every runtime in use; the library's own default is newer than many of them."""

REWRITINGS = (
    rewrite.softmax,
    rewrite.log_softmax,
    rewrite.softplus,
    rewrite.sigmoid,
    rewrite.relu,
    rewrite.affine,
)

SIGNS = {
    "+": "Add",
    "-": "Sub",
    "*": "Mul",
    "/": "Div",
    "^": "Pow",
    "@": "MatMul",
    ">": "Greater",
    "<": "Less",
    ">=": "GreaterOrEqual",
    "<=": "LessOrEqual",
    "==": "Equal",
}
CALLS = {
    "exp": "Exp",
    "log": "Log",
    "sqrt": "Sqrt",
    "sin": "Sin",
    "cos": "Cos",
    "tan": "Tan",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "relu": "Relu",
    "softplus": "Softplus",
    "erf": "Erf",
    "abs": "Abs",
    "sign": "Sign",
    "max": "Max",
    "min": "Min",
    "softmax": "Softmax",
    "log_softmax": "LogSoftmax",
    "transpose": "Transpose",
    "expand": "Unsqueeze",
    "squeeze": "Squeeze",
}
REDUCTIONS = {"sum": "ReduceSum", "mean": "ReduceMean", "largest": "ReduceMax"}

BATCH = "batch"
_ROWS_TRIED = 2


class Part(NamedTuple):
    """A part of an expression in the model: its name (empty until a constant is used), an array
    such as it may be, whether it is a truth value and whether it is always the same."""

    name: str
    sample: Array
    truth: bool = False
    constant: bool = False


@dataclass
class Made:
    """A node of the model in the making."""

    op: str
    inputs: list[str]
    output: str
    attributes: dict[str, Any]


def write(program: Program) -> Files:
    """The model's one file."""
    return Files(model(program).SerializeToString(deterministic=True))


def model(program: Program, dtype: Any = np.float32) -> Any:
    """The model, checked; an `onnx.ModelProto`.

    Its input is `rows`, of shape (batch, features), or the typed values of a network without a
    data set; its output is the network's answer. Raises FileError for what ONNX can't say.
    """
    from onnx import checker

    made = Writer(program, dtype).model()
    checker.check_model(made, full_check=True)
    return made


def input_names(program: Program) -> tuple[str, ...]:
    """The names of the model's inputs: `rows`, or one for each typed value in order."""
    return tuple(Writer(program, np.float32).inputs)


class Writer:
    """Turns the gates of a program into nodes."""

    def __init__(self, program: Program, dtype: Any, rows: int = _ROWS_TRIED) -> None:
        self.program = program
        self.rows = rows
        self.axes: dict[str, tuple[int, ...]] = {}
        self.dtype = np.dtype(dtype)
        self.unique = Names()
        self.made: list[Made] = []
        self.constants: dict[str, Array] = {}
        self.known: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self.parts: dict[str, Part] = {}
        self.inputs: dict[str, Shape] = {}
        self.keys = self._supplied()
        self.node = program.nodes[0]

    def output(self) -> str:
        """Make nodes of all gates that the answer needs; the name of what gives the answer."""
        for node in self.program.nodes[: self.program.predicting]:
            self._add(node)
        answer = self.parts[self.program.answer]
        output = self._named(answer)
        if not any(made.output == output for made in self.made):
            output = self._emit("Identity", [answer], answer.sample).name
        return output

    def model(self) -> Any:
        """The whole model."""
        from onnx import TensorProto, helper, numpy_helper

        program = self.program
        output = self.output()
        kind = TensorProto.FLOAT if self.dtype == np.float32 else TensorProto.DOUBLE
        graph = helper.make_graph(
            [
                helper.make_node(m.op, m.inputs, [m.output], f"{m.output}_{m.op}", **m.attributes)
                for m in self.made
            ],
            ascii_identifier(remark(program.project.title) or "network"),
            [helper.make_tensor_value_info(n, kind, _axes(s)) for n, s in self.inputs.items()],
            [helper.make_tensor_value_info(output, kind, _axes(program.shapes[program.answer]))],
            [
                numpy_helper.from_array(np.ascontiguousarray(v).reshape(v.shape), name)
                for name, v in self.constants.items()
            ],
            doc_string=remark(program.project.title),
        )
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="Backprop Studio",
            producer_version=__version__,
        )

    def _supplied(self) -> dict[str, Part]:
        """Inputs, weights and typed values by key. With rows as input, typed values are fixed."""
        program = self.program
        keys = program.keys(Kind.FEATURES)
        supplied: dict[str, Part] = {}
        if keys:
            features = program.arguments[keys[0]].shape[1:]
            name = self.unique("rows")
            self.inputs[name] = Shape(features, batched=True)
            rows = Part(name, np.ones((self.rows, *features)))
            supplied = dict.fromkeys(keys, rows)
        for key in program.keys(Kind.GIVEN, Kind.INDEX):
            if not program.answers(key):
                continue
            value = program.given[key]
            if keys:
                supplied[key] = Part("", value, constant=True)
            else:
                name = self.unique(ascii_identifier(program.label(key)))
                self.inputs[name] = Shape(value.shape)
                supplied[key] = Part(name, np.ones(value.shape))
        for key, value in program.arrays.items():
            if program.answers(key):
                name = self.unique(ascii_identifier(program.label(key)))
                self.constants[name] = value.astype(self.dtype)
                supplied[key] = Part(name, value)
        return supplied

    def _add(self, node: Node) -> None:
        self.node = node
        told = with_settings(self.program.rules[node.id].output, node.op)
        arguments = {}
        for slot in slots(node):
            source = source_of(node, slot)
            key = f"{node.id}.{slot.port.name}"
            arguments[slot.name] = self.parts[source] if source else self.keys[key]
        before = len(self.made)
        result = self._values(rewrite.rewrite(told, REWRITINGS), arguments)
        if len(self.made) > before and self.made[-1].output == result.name:
            name = self.unique(ascii_identifier(node.id))
            self.made[-1].output = name
            self.axes[name] = self.axes.pop(result.name)
            result = result._replace(name=name)
        self.parts[node.id] = result

    def _values(self, expression: Expression, arguments: Mapping[str, Part]) -> Part:
        def visit(part: Expression, parts: Sequence[Part]) -> Part:
            if isinstance(part, Name):
                return arguments[part.name]
            sample = self._sample(part, parts)
            if all(each.constant for each in parts):
                return Part("", sample, constant=True)
            return self._part(part, parts, sample)

        return self._number(fold(expression, visit))

    def _sample(self, part: Expression, parts: Sequence[Part]) -> Array:
        if isinstance(part, Call) and part.function in ("affine", "log_softmax"):
            if part.function == "log_softmax":
                return parts[0].sample
            return np.asarray(parts[0].sample @ parts[1].sample + parts[2].sample)
        names = [f"part{i}" for i in range(len(parts))]
        samples = (each.sample for each in parts)
        inner = with_parts(part, [Name(name) for name in names])
        return noted.evaluate(inner, dict(zip(names, samples, strict=True)))

    def _part(self, part: Expression, parts: Sequence[Part], sample: Array) -> Part:
        match part:
            case Negate():
                return self._emit("Neg", parts, sample)
            case Binary(sign):
                return self._emit(SIGNS[sign], parts, sample)
            case Compare("!="):
                return self._different(*parts)
            case Compare(sign):
                return self._emit(SIGNS[sign], parts, sample)._replace(truth=True)
            case Choice():
                then, condition, other = parts
                return self._emit("Where", [self._truth(condition), then, other], sample)
            case Call(function):
                return self._call(function, parts, sample)
        raise self._unknown()

    def _call(self, function: str, parts: Sequence[Part], sample: Array) -> Part:
        match function, len(parts):
            case "affine", _:
                x, weight, bias = parts
                if x.sample.ndim == weight.sample.ndim == 2:
                    return self._emit("Gemm", parts, sample)
                product = self._emit("MatMul", [x, weight], np.asarray(x.sample @ weight.sample))
                return self._emit("Add", [product, bias], sample)
            case (("softmax" | "log_softmax"), _):
                return self._emit(CALLS[function], parts, sample, axis=-1)
            case (("sum" | "mean" | "largest"), 1):
                return self._emit(REDUCTIONS[function], parts, sample, keepdims=0)
            case (("sum" | "mean" | "largest"), 2):
                return self._reduced(function, parts, sample, keepdims=1)
            case (("sum_over" | "mean_over" | "largest_over"), _):
                name = function.removesuffix("_over")
                return self._reduced(name, parts, sample, keepdims=0)
            case (("expand" | "squeeze"), _):
                return self._emit(CALLS[function], [parts[0], self._axes(parts[1])], sample)
            case "transpose", _:
                order = list(range(sample.ndim))
                order[-2:] = reversed(order[-2:])
                return self._emit("Transpose", parts, sample, perm=order)
            case "count", 1:
                return self._float("Size", parts, sample)
            case "count", 2:
                axis = int(parts[1].sample) % parts[0].sample.ndim
                shape = self._emit("Shape", parts[:1], sample, start=axis, end=axis + 1)
                return self._float("Squeeze", [shape], sample)
            case "step", _:
                zero = Part("", np.asarray(0.0), constant=True)
                return self._emit("Greater", [parts[0], zero], sample)._replace(truth=True)
            case "where", _:
                return self._emit("Where", [self._truth(parts[0]), *parts[1:]], sample)
            case "clip", _:
                low = self._emit("Max", parts[:2], sample)
                return self._emit("Min", [low, parts[2]], sample)
            case "column_mean", _:
                axes = list(range(parts[0].sample.ndim - 1))
                return self._emit("ReduceMean", parts, sample, axes=axes, keepdims=0)
            case (("largest_of" | "sum_of"), _):
                count = int(parts[1].sample)
                grouped = self._reshaped(parts[0], parts[0].sample.ndim - 1, [-1, count])
                last = Part("", np.asarray(-1.0), constant=True)
                name = function.removesuffix("_of")
                return self._reduced(name, [grouped, last], sample, keepdims=0)
            case "reshape", _:
                keep, *size = (int(each.sample) for each in parts[1:])
                return self._reshaped(parts[0], keep, size)
            case "part", _:
                start, taken, axis = (int(each.sample) for each in parts[1:])
                ends = (self._integers([n]) for n in (start, start + taken, axis))
                return self._emit("Slice", [parts[0], *ends], sample)
            case "joined", _:
                return self._emit("Concat", parts[1:], sample, axis=int(parts[0].sample))
            case (("convolve" | "pool_largest" | "pool_mean"), _):
                return self._of_pictures(function, parts, sample)
        if function not in CALLS:
            raise self._unknown()
        return self._emit(CALLS[function], parts, sample)

    def _reshaped(self, x: Part, keep: int, size: Sequence[int]) -> Part:
        """The entries along other axes; the first `keep` stay, whatever their length."""
        sample = x.sample.reshape(*x.sample.shape[:keep], *size)
        return self._emit("Reshape", [x, self._integers([*[0] * keep, *size])], sample)

    def _of_pictures(self, function: str, parts: Sequence[Part], sample: Array) -> Part:
        """ONNX has channels first and always rows; the rows of a single picture are one."""
        x, numbers = parts[0], [int(each.sample) for each in parts[-2:]]
        single = x.sample.ndim == 3
        if single:
            x = self._emit("Unsqueeze", [x, self._integers([0])], x.sample[np.newaxis])
        inputs = [self._turned(x, (0, 3, 1, 2))]
        named: dict[str, Any] = {"kernel_shape": [numbers[0]] * 2, "strides": [numbers[1]] * 2}
        if function == "convolve":
            size = parts[1].sample.shape[0]
            inputs.append(self._turned(parts[1], (3, 2, 0, 1)))
            named = {"strides": [numbers[0]] * 2, "pads": [numbers[1]] * 4}
            named["kernel_shape"] = [size] * 2
        whole = sample[np.newaxis] if single else sample
        op = {"convolve": "Conv", "pool_largest": "MaxPool", "pool_mean": "AveragePool"}[function]
        made = self._emit(op, inputs, whole.transpose(0, 3, 1, 2), **named)
        turned = self._turned(made, (0, 2, 3, 1))
        return self._emit("Squeeze", [turned, self._integers([0])], sample) if single else turned

    def _turned(self, x: Part, order: tuple[int, ...]) -> Part:
        return self._emit("Transpose", [x], x.sample.transpose(order), perm=list(order))

    def _integers(self, numbers: Sequence[int]) -> Part:
        values = np.asarray(numbers, np.int64)
        return Part(self._constant(values), values)

    def _reduced(self, function: str, parts: Sequence[Part], sample: Array, keepdims: int) -> Part:
        """Along one axis, which the sum alone takes as an input."""
        op = REDUCTIONS[function]
        if function == "sum":
            return self._emit(op, [parts[0], self._axes(parts[1])], sample, keepdims=keepdims)
        axes = [int(parts[1].sample)]
        return self._emit(op, parts[:1], sample, keepdims=keepdims, axes=axes)

    def _different(self, one: Part, other: Part) -> Part:
        equal = self._emit("Equal", [one, other], np.asarray(one.sample == other.sample))
        return self._emit("Not", [equal._replace(truth=True)], equal.sample)._replace(truth=True)

    def _truth(self, condition: Part) -> Part:
        if condition.truth:
            return condition
        return self._different(condition, Part("", np.asarray(0.0), constant=True))

    def _float(self, op: str, parts: Sequence[Part], sample: Array) -> Part:
        counted = self._emit(op, parts, sample)
        return self._emit("Cast", [counted], sample, to=self._type)

    def _number(self, part: Part) -> Part:
        return self._emit("Cast", [part], part.sample, to=self._type) if part.truth else part

    @property
    def _type(self) -> int:
        from onnx import helper

        return int(helper.np_dtype_to_tensor_dtype(self.dtype))

    def _axes(self, axis: Part) -> Part:
        return self._integers([int(axis.sample)])

    def _emit(self, op: str, parts: Sequence[Part], sample: Array, **attributes: Any) -> Part:
        """One node more; truth values become numbers where the operator takes numbers."""
        if op not in ("Where", "Not", "Cast"):
            parts = [self._number(part) for part in parts]
        elif op == "Where":
            parts = [parts[0], *map(self._number, parts[1:])]
        name = self.unique(ascii_identifier(f"{self.node.id}_part"))
        self.made.append(Made(op, [self._named(part) for part in parts], name, attributes))
        self.axes[name] = np.shape(sample)
        return Part(name, sample)

    def _named(self, part: Part) -> str:
        return part.name or self._constant(np.asarray(part.sample, self.dtype))

    def _constant(self, value: Array) -> str:
        key = (value.dtype.str, value.shape, value.tobytes())
        if key not in self.known:
            self.known[key] = self.unique("constant")
            self.constants[self.known[key]] = value
        return self.known[key]

    def _unknown(self) -> FileError:
        return FileError(
            N_("{label} ({op}) can't be said in ONNX. Put another gate in its place."),
            nodes=(self.node.id,),
            label=self.node.label,
            op=self.node.op.title,
        )


def _axes(shape: Shape) -> list[str | int]:
    """The axes of a shape as ONNX has them: the batch by name."""
    return [BATCH, *shape.features] if shape.batched else list(shape.features)
