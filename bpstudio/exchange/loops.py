"""What a network predicts as plain loops, for languages without arrays: C and JavaScript.

The gates come as the same small operators that an ONNX model is made of, each with the sizes of
its values, so that a loop with fixed bounds says it all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bpstudio.engine.op import Array, Kind
from bpstudio.errors import FileError
from bpstudio.exchange.onnx_model import Made, Writer
from bpstudio.exchange.program import Program
from bpstudio.language import N_

Axes = tuple[int, ...]
PREFIX = "v_"
"""What every name of a network begins with: no language has a word of its own that does."""

BINARY: Mapping[str, str] = {
    "Add": "{0} + {1}",
    "Sub": "{0} - {1}",
    "Mul": "{0} * {1}",
    "Div": "{0} / {1}",
    "Pow": "pow({0}, {1})",
    "Max": "({0} > {1} || {0} != {0} ? {0} : {1})",
    "Min": "({0} < {1} || {0} != {0} ? {0} : {1})",
    "Greater": "({0} > {1} ? 1 : 0)",
    "Less": "({0} < {1} ? 1 : 0)",
    "GreaterOrEqual": "({0} >= {1} ? 1 : 0)",
    "LessOrEqual": "({0} <= {1} ? 1 : 0)",
    "Equal": "({0} == {1} ? 1 : 0)",
    "Where": "({0} != 0 ? {1} : {2})",
}
UNARY: Mapping[str, str] = {
    "Neg": "-{0}",
    "Not": "({0} == 0 ? 1 : 0)",
    "Exp": "exp({0})",
    "Log": "log({0})",
    "Sqrt": "sqrt({0})",
    "Sin": "sin({0})",
    "Cos": "cos({0})",
    "Tan": "tan({0})",
    "Tanh": "tanh({0})",
    "Sigmoid": "1 / (1 + exp(-{0}))",
    "Relu": "({0} > 0 ? {0} : 0)",
    "Softplus": "({0} > 0 ? {0} + log1p(exp(-{0})) : log1p(exp({0})))",
    "Erf": "erf({0})",
    "Abs": "fabs({0})",
    "Sign": "({0} > 0 ? 1 : {0} < 0 ? -1 : {0})",
    "Cast": "{0}",
    "Identity": "{0}",
}
SAME = ("Reshape", "Squeeze", "Unsqueeze", "Flatten")
"""The same numbers in the same order."""


@dataclass(frozen=True, eq=False)
class Loops:
    """A network as loops: the lines of its body, its inputs and its output with their sizes, the
    numbers that it holds, and how many each value on the way has."""

    lines: tuple[str, ...]
    inputs: Mapping[str, Axes]
    output: str
    sizes: Mapping[str, int]
    constants: Mapping[str, Array]


def loops(program: Program) -> Loops:
    """The loops of a program, for one row of its inputs.

    Raises FileError for a gate that can't be told in such operators, and for one that puts the
    rows together.
    """
    _require_rows_apart(program)
    writer = Writer(program, np.float64, rows=1)
    output = PREFIX + writer.output()
    constants = {PREFIX + name: value for name, value in writer.constants.items()}
    inputs = {PREFIX + name: shape.array(1) for name, shape in writer.inputs.items()}
    axes: dict[str, Axes] = {PREFIX + name: size for name, size in writer.axes.items()}
    axes |= {name: np.shape(value) for name, value in constants.items()} | inputs
    nodes = [
        Made(m.op, [PREFIX + name for name in m.inputs], PREFIX + m.output, m.attributes)
        for m in writer.made
    ]
    lines = [line for made in nodes for line in _lines(made, axes, constants)]
    used = {name for made in nodes for name in made.inputs}
    kept = {
        name: value for name, value in constants.items() if name in used and value.dtype.kind == "f"
    }
    sizes = {made.output: math.prod(axes[made.output]) for made in nodes}
    return Loops(tuple(lines), inputs, output, sizes, kept)


def _require_rows_apart(program: Program) -> None:
    """Raises FileError where an answer is not that of a row alone."""
    of_rows = set[str]()
    for node in program.nodes[: program.predicting]:
        if not node.owned(Kind.FEATURES) and of_rows.isdisjoint(node.feeding):
            continue
        of_rows.add(node.id)
        if not program.shapes[node.id].batched:
            raise FileError(
                N_(
                    "This format answers one row at a time, but {label} puts all rows together. "
                    "Choose ONNX, NumPy or PyTorch instead."
                ),
                nodes=(node.id,),
                label=node.label,
            )


def _lines(made: Made, axes: Mapping[str, Axes], constants: Mapping[str, Array]) -> list[str]:
    out, kind = axes[made.output], made.op
    if kind in UNARY or kind in SAME:
        text = UNARY.get(kind, "{0}")
        return _each(
            (math.prod(out),), f"{made.output}[i0] = {text.format(f'{made.inputs[0]}[i0]')};"
        )
    if kind in BINARY:
        parts = [_at(name, axes[name], out) for name in made.inputs]
        return _each(out, f"{_at(made.output, out, out)} = {_folded(BINARY[kind], parts)};")
    rule = RULES.get(kind)
    if rule is None:
        raise FileError(
            N_("{kind} can't be said in loops. Put another gate in its place."), kind=kind
        )
    return rule(made, axes, constants)


def _folded(text: str, parts: Sequence[str]) -> str:
    """Two at a time, where an operator takes more."""
    if "{2}" in text or len(parts) <= 2:
        return text.format(*parts)
    return text.format(f"({_folded(text, parts[:-1])})", parts[-1])


def _each(axes: Axes, body: str | Sequence[str]) -> list[str]:
    """A loop over every place of these axes, in i0, i1 …"""
    inner = [body] if isinstance(body, str) else list(body)
    for place in range(len(axes) - 1, -1, -1):
        if axes[place] == 1 and len(axes) > 1:
            if any(re.search(rf"\bi{place}\b", line) for line in inner):
                inner = [f"{{ int i{place} = 0;", *(f"    {line}" for line in inner), "}"]
            continue
        head = f"for (int i{place} = 0; i{place} < {axes[place]}; i{place}++) {{"
        inner = [head, *(f"    {line}" for line in inner), "}"]
    return inner


def _place(axes: Axes, names: Sequence[str]) -> str:
    """Where an entry lies, from its place along each axis."""
    strides = [math.prod(axes[place + 1 :]) for place in range(len(axes))]
    terms = [
        name if stride == 1 else f"{name} * {stride}"
        for name, stride, length in zip(names, strides, axes, strict=True)
        if length > 1 and name != "0"
    ]
    return " + ".join(terms) or "0"


def _at(name: str, axes: Axes, out: Axes) -> str:
    """The entry of a value that broadcasting puts at i0, i1 … of the output."""
    shift = len(out) - len(axes)
    return f"{name}[{_place(axes, [f'i{place + shift}' for place in range(len(axes))])}]"


def _here(names: Sequence[int]) -> list[str]:
    return [f"i{place}" for place in names]


def _transpose(made: Made, axes: Mapping[str, Axes], _: Mapping[str, Array]) -> list[str]:
    source, out = axes[made.inputs[0]], axes[made.output]
    order = list(made.attributes["perm"])
    names = [f"i{order.index(place)}" for place in range(len(source))]
    from_ = f"{made.inputs[0]}[{_place(source, names)}]"
    return _each(out, f"{_at(made.output, out, out)} = {from_};")


def _summed(made: Made, axes: Mapping[str, Axes], left: Axes, right: Axes) -> list[str]:
    """Products of rows and columns; stacks of them are broadcast."""
    a, b = made.inputs[:2]
    out = axes[made.output]
    full = (*((out[:-1]) if len(right) > 1 else out), *(out[-1:] if len(right) > 1 else ()))
    rank, inner = len(full), left[-1]
    rows = [f"i{rank - len(left) + place}" for place in range(len(left) - 1)]
    if len(right) == 1:
        rows = [f"i{rank - (len(left) - 1) + place}" for place in range(len(left) - 1)]
        columns = ["k"]
    else:
        stack = [f"i{rank - len(right) + place}" for place in range(len(right) - 2)]
        columns = [*stack, "k", f"i{rank - 1}"]
        if len(left) == 1:
            rows = []
    here = f"{made.output}[{_place(out, _here(range(rank)))}]"
    bias = "0"
    if len(made.inputs) > 2:
        bias = _at(made.inputs[2], axes[made.inputs[2]], out)
    term = f"{a}[{_place(left, [*rows, 'k'])}] * {b}[{_place(right, columns)}]"
    add = f"for (int k = 0; k < {inner}; k++) {here} += {term};"
    return _each(out or (1,), [f"{here} = {bias};", add])


def _matmul(made: Made, axes: Mapping[str, Axes], _: Mapping[str, Array]) -> list[str]:
    return _summed(made, axes, axes[made.inputs[0]], axes[made.inputs[1]])


def _reduce(made: Made, axes: Mapping[str, Axes], constants: Mapping[str, Array]) -> list[str]:
    source, name = axes[made.inputs[0]], made.inputs[0]
    if len(made.inputs) > 1:
        gone = [int(n) % len(source) for n in constants[made.inputs[1]].reshape(-1)]
    else:
        gone = [n % len(source) for n in made.attributes.get("axes", range(len(source)))]
    out = tuple(1 if place in gone else n for place, n in enumerate(source))
    here = f"{made.output}[{_place(out, _here(range(len(source))))}]"
    there = f"{name}[{_place(source, _here(range(len(source))))}]"
    count = math.prod(source[place] for place in gone)
    size = math.prod(out)
    if made.op == "ReduceMax":
        start, step = "-INFINITY", f"if (!({there} <= {here})) {here} = {there};"
    else:
        start, step = "0", f"{here} += {there};"
    lines = _each((size,), f"{made.output}[i0] = {start};") + _each(source or (1,), step)
    if made.op == "ReduceMean":
        lines += _each((size,), f"{made.output}[i0] /= {count};")
    return lines


def _softmax(made: Made, axes: Mapping[str, Axes], _: Mapping[str, Array]) -> list[str]:
    out, x, y = axes[made.output], made.inputs[0], made.output
    rows, width = math.prod(out[:-1]), out[-1]
    if made.op == "Softmax":
        last = f"{y}[i0 * {width} + k] = exp({x}[i0 * {width} + k] - most) / total;"
    else:
        last = f"{y}[i0 * {width} + k] = {x}[i0 * {width} + k] - most - log(total);"
    over = f"for (int k = 0; k < {width}; k++)"
    return _each(
        (rows,),
        [
            f"double most = {x}[i0 * {width}], total = 0;",
            f"{over} if ({x}[i0 * {width} + k] > most) most = {x}[i0 * {width} + k];",
            f"{over} total += exp({x}[i0 * {width} + k] - most);",
            f"{over} {last}",
        ],
    )


def _slice(made: Made, axes: Mapping[str, Axes], constants: Mapping[str, Array]) -> list[str]:
    source, out = axes[made.inputs[0]], axes[made.output]
    start, axis = (int(constants[made.inputs[n]].item()) for n in (1, 3))
    names = _here(range(len(out)))
    names[axis % len(out)] = f"(i{axis % len(out)} + {start})"
    from_ = f"{made.inputs[0]}[{_place(source, names)}]"
    return _each(out, f"{_at(made.output, out, out)} = {from_};")


def _concat(made: Made, axes: Mapping[str, Axes], _: Mapping[str, Array]) -> list[str]:
    out, lines, start = axes[made.output], [], 0
    axis = int(made.attributes["axis"]) % len(out)
    for name in made.inputs:
        names = _here(range(len(out)))
        names[axis] = f"(i{axis} + {start})"
        to = f"{made.output}[{_place(out, names)}]"
        lines += _each(axes[name], f"{to} = {_at(name, axes[name], axes[name])};")
        start += axes[name][axis]
    return lines


def _windows(made: Made, axes: Mapping[str, Axes], _: Mapping[str, Array]) -> list[str]:
    """A convolution, or the largest or the mean of each window; channels are the second axis."""
    x, source, out = made.inputs[0], axes[made.inputs[0]], axes[made.output]
    size, stride = made.attributes["kernel_shape"][0], made.attributes["strides"][0]
    pad = made.attributes.get("pads", [0])[0]
    here = f"{made.output}[{_place(out, _here(range(4)))}]"
    down, along = f"i2 * {stride} + u - {pad}", f"i3 * {stride} + v - {pad}"
    loops = f"for (int u = 0; u < {size}; u++) for (int v = 0; v < {size}; v++)"
    if made.op == "Conv":
        weight = axes[made.inputs[1]]
        there = f"{x}[{_place(source, ['i0', 'c', f'({down})', f'({along})'])}]"
        by = f"{made.inputs[1]}[{_place(weight, ['i1', 'c', 'u', 'v'])}]"
        inside = (
            f"if ({down} >= 0 && {down} < {source[2]} && {along} >= 0 && {along} < {source[3]})"
        )
        channels = f"for (int c = 0; c < {source[1]}; c++)"
        return _each(
            out, [f"{here} = 0;", f"{channels} {loops} {inside} {here} += {there} * {by};"]
        )
    there = f"{x}[{_place(source, ['i0', 'i1', f'({down})', f'({along})'])}]"
    if made.op == "MaxPool":
        return _each(
            out, [f"{here} = -INFINITY;", f"{loops} if (!({there} <= {here})) {here} = {there};"]
        )
    return _each(out, [f"{here} = 0;", f"{loops} {here} += {there};", f"{here} /= {size * size};"])


def _shape(made: Made, axes: Mapping[str, Axes], _: Mapping[str, Array]) -> list[str]:
    source = axes[made.inputs[0]]
    if made.op == "Size":
        return [f"{made.output}[0] = {math.prod(source)};"]
    return [f"{made.output}[0] = {source[made.attributes['start']]};"]


RULES: Mapping[str, Callable[[Made, Mapping[str, Axes], Mapping[str, Array]], list[str]]] = {
    "Transpose": _transpose,
    "MatMul": _matmul,
    "Gemm": _matmul,
    "ReduceSum": _reduce,
    "ReduceMean": _reduce,
    "ReduceMax": _reduce,
    "Softmax": _softmax,
    "LogSoftmax": _softmax,
    "Slice": _slice,
    "Concat": _concat,
    "Conv": _windows,
    "MaxPool": _windows,
    "AveragePool": _windows,
    "Size": _shape,
    "Shape": _shape,
}
