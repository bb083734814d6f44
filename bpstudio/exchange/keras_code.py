"""What a network predicts as a Keras 3 script: one model with its weights, on any backend.

The gates come as the same small operators that an ONNX model is made of, written in `keras.ops`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.errors import FileError
from bpstudio.exchange import text
from bpstudio.exchange.files import ARRAYS, Files
from bpstudio.exchange.onnx_model import Made, Writer
from bpstudio.exchange.program import Program, count
from bpstudio.language import N_

PREFIX = "v_"
"""What every value of the network begins with, so that none hides a name of the script."""

CALLS: Mapping[str, str] = {
    "Add": "{0} + {1}",
    "Sub": "{0} - {1}",
    "Mul": "{0} * {1}",
    "Div": "{0} / {1}",
    "Pow": "ops.power({0}, {1})",
    "MatMul": "ops.matmul({0}, {1})",
    "Gemm": "ops.matmul({0}, {1}) + {2}",
    "Greater": "{0} > {1}",
    "Less": "{0} < {1}",
    "GreaterOrEqual": "{0} >= {1}",
    "LessOrEqual": "{0} <= {1}",
    "Equal": "ops.equal({0}, {1})",
    "Not": "ops.logical_not({0})",
    "Where": "ops.where({0}, {1}, {2})",
    "Cast": 'ops.cast({0}, "float64")',
    "Identity": "{0}",
    "Neg": "-{0}",
    "Exp": "ops.exp({0})",
    "Log": "ops.log({0})",
    "Sqrt": "ops.sqrt({0})",
    "Sin": "ops.sin({0})",
    "Cos": "ops.cos({0})",
    "Tan": "ops.tan({0})",
    "Tanh": "ops.tanh({0})",
    "Sigmoid": "ops.sigmoid({0})",
    "Relu": "ops.relu({0})",
    "Softplus": "ops.logaddexp({0}, ops.zeros_like({0}))",
    "Erf": "ops.erf({0})",
    "Abs": "ops.abs({0})",
    "Sign": "ops.sign({0})",
    "Softmax": "ops.softmax({0}, axis=-1)",
    "LogSoftmax": "ops.log_softmax({0}, axis=-1)",
    "Size": "ops.size({0})",
}
WITH_VARIABLES = ("Add", "Sub", "Mul", "Div", "MatMul", "Gemm")
"""Operators that take a weight as it is on every backend; for others it is made a tensor."""
REDUCTIONS = {"ReduceSum": "sum", "ReduceMean": "mean", "ReduceMax": "max"}


def write(program: Program) -> Files:
    """The script, and its numbers beside it if they are many."""
    writer = Writer(program, np.float64)
    output = PREFIX + writer.output()
    learned = {
        program.label(key): value for key, value in program.arrays.items() if program.answers(key)
    }
    floats = {n: v for n, v in writer.constants.items() if v.dtype.kind == "f"}
    used = {name for made in writer.made for name in made.inputs}
    floats = {name: value for name, value in floats.items() if name in used}
    many = count(floats) > text.INLINE
    attributes = {name: f"self.w{place}" for place, name in enumerate(floats)}
    names = {**{name: PREFIX + name for name in writer.axes}, **attributes}
    names |= {name: PREFIX + name for name in writer.inputs}
    lines = [
        f"        {PREFIX}{made.output} = {_call(made, names, writer.constants)}"
        for made in writer.made
    ]
    head = text.heading(
        "A network in Keras 3, on the backend that is set in KERAS_BACKEND.",
        program.project.title,
        ["`predict(rows)` gives the answers; `network` is a keras.Model that can be trained on."],
    )
    taken = text.joined(*(PREFIX + name for name in writer.inputs))
    loaded = f'np.load(Path(__file__).with_name(Path(__file__).stem + "{ARRAYS}"))'
    table = f"WEIGHTS = {loaded}" if many else text.table("WEIGHTS", floats)
    weights = [
        f"        {attributes[name]} = self.add_weight(shape={value.shape!r}, "
        f'initializer="zeros", trainable={_is_weight(value, learned)})'
        for name, value in floats.items()
    ]
    setting = [
        f"{attributes[name].replace('self', 'network')}.assign(WEIGHTS[{text.quoted(name)}])"
        for name in floats
    ]
    parts = [
        head,
        *(["from pathlib import Path"] if many else []),
        "import keras\nimport numpy as np\nfrom keras import ops",
        "# As in the studio; without this line Keras computes in float32, as some of its\n"
        "# functions do nevertheless with JAX and PyTorch.\n"
        'keras.config.set_floatx("float64")',
        table,
        "\n".join(
            [
                "",
                "class Network(keras.Model):",
                "    def __init__(self):",
                "        super().__init__()",
                *weights,
                "",
                f"    def call(self, {taken}):" if taken else "    def call(self):",
                *lines,
                f"        return {output}",
            ]
        ),
        "\n".join(["", "network = Network()", *setting]),
        "\n".join(
            [
                "",
                f"def predict({taken}):",
                '    """The answers as an array."""',
                "    given = [ops.convert_to_tensor(np.asarray(each, dtype=float))"
                f" for each in [{taken}]]",
                "    return ops.convert_to_numpy(network.call(*given))",
            ]
        ),
    ]
    return Files(("\n\n".join(parts) + "\n").encode(), text.npz(floats) if many else b"")


def _is_weight(value: Array, learned: Mapping[str, Array]) -> bool:
    return any(value is each or np.array_equal(value, each) for each in learned.values())


def _call(made: Made, names: Mapping[str, str], constants: Mapping[str, Array]) -> str:
    given = [names.get(name, name) for name in made.inputs]
    if made.op not in WITH_VARIABLES:
        own = "self."
        given = [f"ops.convert_to_tensor({n})" if n.startswith(own) else n for n in given]
    if made.op in CALLS:
        return CALLS[made.op].format(*given)
    if made.op in ("Max", "Min"):
        function = {"Max": "ops.maximum", "Min": "ops.minimum"}[made.op]
        whole = given[0]
        for each in given[1:]:
            whole = f"{function}({whole}, {each})"
        return whole
    if made.op in REDUCTIONS:
        axes = made.attributes.get("axes")
        if len(made.inputs) > 1:
            axes = constants[made.inputs[1]].tolist()
        kept = bool(made.attributes.get("keepdims", 1))
        axis = f"axis={tuple(axes)!r}, " if axes is not None else ""
        return f"ops.{REDUCTIONS[made.op]}({given[0]}, {axis}keepdims={kept})"
    rule = RULES.get(made.op)
    if rule is None:
        raise FileError(N_("{kind} can't be said in Keras. Put another gate there."), kind=made.op)
    numbers = [constants[name].tolist() if name in constants else [] for name in made.inputs]
    return rule(given, numbers, made.attributes)


Rule = Callable[[Sequence[str], Sequence[Any], Mapping[str, Any]], str]


def _reshape(given: Sequence[str], numbers: Sequence[Any], _: Mapping[str, Any]) -> str:
    sizes = [f"ops.shape({given[0]})[{i}]" if n == 0 else str(n) for i, n in enumerate(numbers[1])]
    return f"ops.reshape({given[0]}, ({''.join(f'{size}, ' for size in sizes)}))"


def _slice(given: Sequence[str], numbers: Sequence[Any], _: Mapping[str, Any]) -> str:
    start, end, axis = (each[0] for each in numbers[1:4])
    after = ", :" * (-1 - axis)
    return f"{given[0]}[..., {start}:{end}{after}]"


def _pictures(function: str, given: Sequence[str], told: Mapping[str, Any]) -> str:
    x = f"ops.transpose({given[0]}, (0, 2, 3, 1))"
    pad, stride = told.get("pads", [0])[0], told["strides"][0]
    if function == "conv":
        x = f"ops.pad({x}, ((0, 0), ({pad}, {pad}), ({pad}, {pad}), (0, 0)))" if pad else x
        kernel = f"ops.transpose({given[1]}, (2, 3, 1, 0))"
        called = f'ops.conv({x}, {kernel}, {stride}, "valid", data_format="channels_last")'
    else:
        size, kind = told["kernel_shape"][0], function
        called = f'ops.{kind}_pool({x}, {size}, {stride}, "valid", data_format="channels_last")'
    return f"ops.transpose({called}, (0, 3, 1, 2))"


RULES: Mapping[str, Rule] = {
    "Transpose": lambda x, _, told: f"ops.transpose({x[0]}, {tuple(told['perm'])!r})",
    "Unsqueeze": lambda x, n, _: f"ops.expand_dims({x[0]}, {n[1][0]})",
    "Squeeze": lambda x, n, _: f"ops.squeeze({x[0]}, {n[1][0] if len(n) > 1 else 0})",
    "Shape": lambda x, _, told: f"ops.shape({x[0]})[{told['start']}:{told['end']}]",
    "Concat": lambda x, _, told: f"ops.concatenate([{', '.join(x)}], axis={told['axis']})",
    "Reshape": _reshape,
    "Slice": _slice,
    "Conv": lambda x, _, told: _pictures("conv", x, told),
    "MaxPool": lambda x, _, told: _pictures("max", x, told),
    "AveragePool": lambda x, _, told: _pictures("average", x, told),
}
