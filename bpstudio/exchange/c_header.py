"""What a network predicts as a C header: one function, no library but the standard one's."""

from __future__ import annotations

import math

from bpstudio import __version__
from bpstudio.engine.op import Array
from bpstudio.exchange.files import Files
from bpstudio.exchange.loops import Loops, loops
from bpstudio.exchange.names import remark
from bpstudio.exchange.program import Program

WIDE = 88


def write(program: Program) -> Files:
    """The header: `predict(input, output)` for one row of numbers, and how many there are."""
    told = loops(program)
    inputs = sum(math.prod(axes) for axes in told.inputs.values())
    title = remark(program.project.title).replace("*/", "* /").replace("\\", "/")
    lines = [
        f"/* A network in C. Written by Backprop Studio {__version__}.",
        *([f"   {title.replace('??', '? ?')}"] if title else []),
        "   `predict` takes one row of numbers and fills in the answer; link with -lm. */",
        "#ifndef BPSTUDIO_NETWORK_H",
        "#define BPSTUDIO_NETWORK_H",
        "#include <math.h>",
        "",
        f"#define NETWORK_INPUTS {inputs}",
        f"#define NETWORK_OUTPUTS {told.sizes[told.output]}",
        "",
        *(line for name, value in told.constants.items() for line in _table(name, value)),
        "static void predict(const double *input, double *output) {",
        *(f"    {line}" for line in _values(told)),
        *(f"    {line}" for line in told.lines),
        f"    for (int i = 0; i < NETWORK_OUTPUTS; i++) output[i] = {told.output}[i];",
        "}",
        "#endif",
        "",
    ]
    return Files("\n".join(lines).encode())


def _values(told: Loops) -> list[str]:
    """Pointers to the inputs, and room for every value on the way."""
    lines, start = [], 0
    for name, axes in told.inputs.items():
        lines.append(f"const double *{name} = input + {start};")
        start += math.prod(axes)
    return [*lines, *(f"static double {name}[{size}];" for name, size in told.sizes.items())]


def _table(name: str, value: Array) -> list[str]:
    lines, line = [], "   "
    for number in value.reshape(-1).tolist():
        text = f" {_number(number)},"
        if len(line) + len(text) > WIDE:
            lines.append(line)
            line = "   "
        line += text
    return [f"static const double {name}[{value.size}] = {{", *lines, line, "};", ""]


def _number(value: float) -> str:
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    return repr(value)
