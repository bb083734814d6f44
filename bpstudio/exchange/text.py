"""Pieces of Python scripts that NumPy and PyTorch exports share."""

from __future__ import annotations

import io
import re
import textwrap
import zipfile
from collections.abc import Mapping, Sequence

import numpy as np

from bpstudio import __version__
from bpstudio.engine.op import Array
from bpstudio.exchange.names import remark
from bpstudio.project.container import npy

WIDTH = 96
INLINE = 400
"""A script holds at most so many numbers; more of them lie in a file beside it."""


def heading(what: str, title: str, note: Sequence[str]) -> str:
    """The first lines: what the file is, and in a comment what a person called it.

    A person's words never stand on the first two lines, where Python looks for an encoding.
    """
    lines = [f'"""{what}', "", *note, '"""', ""]
    if remark(title):
        lines.append(f"# {remark(title)}")
    lines.append(f"# Written by Backprop Studio {__version__}.")
    return "\n".join(lines)


def numbers(array: Array) -> str:
    """An array as nested lists of numbers that read back bit for bit."""
    if array.ndim == 0:
        return number(array.item())
    return "[" + ", ".join(numbers(row) for row in array) + "]"


def number(value: float) -> str:
    """A float as Python reads it back."""
    return repr(float(value)) if np.isfinite(value) else f'float("{float(value)}")'


def array(value: Array, indent: str, make: str = "np.array") -> str:
    """`np.array(…)`, a row to a line where there are several; a single number stands alone."""
    flat = f"{make}({numbers(value)})" if value.ndim else numbers(value)
    if value.ndim == 0 or (value.size and len(indent) + len(flat) <= WIDTH):
        return flat
    if value.size == 0:
        return f"{make}([]).reshape({value.shape!r})"
    if value.ndim == 1:
        inner = indent + " " * 4
        lines = _wrapped(numbers(value)[1:-1], inner)
        return f"{make}([\n{lines},\n{indent}])"
    rows = []
    for row in value:
        text = f"{indent}    {numbers(row)},"
        if len(text) > WIDTH:
            inner = _wrapped(numbers(row)[1:-1], indent + " " * 8)
            text = f"{indent}    [\n{inner},\n{indent}    ],"
        rows.append(text)
    return f"{make}([\n" + "\n".join(rows) + f"\n{indent}])"


def table(name: str, arrays: Mapping[str, Array], make: str = "np.array") -> str:
    """A dictionary of arrays, written out."""
    lines = [f"    {quoted(key)}: {array(value, '    ', make)}," for key, value in arrays.items()]
    return "\n".join([f"{name} = {{", *lines, "}"])


def quoted(name: str) -> str:
    """A name as a string of Python's."""
    return f'"{name}"' if name.isprintable() and not set(name) & {'"', "\\"} else ascii(name)


def joined(*names: str) -> str:
    """Names between commas."""
    return ", ".join(names)


def folded(start: str, expression: str, indent: str) -> str:
    """`start` and the expression, broken before its outermost signs if it is too long."""
    flat = f"{indent}{start}{expression}"
    if len(flat) <= WIDTH:
        return flat
    before, inner = "(", expression
    pieces = _cut(inner)
    if len(pieces) == 1:
        opening = _opening(expression)
        if opening is None:
            return flat
        before, inner = expression[: opening + 1], expression[opening + 1 : -1]
        pieces = _cut(inner)
    lines = []
    for piece in pieces:
        part = piece.strip().removesuffix(",")
        sign = re.match(r"(?:[-+*/] )?", part)
        length = sign.end() if sign else 0
        comma = "," if piece.strip().endswith(",") else ""
        lines.append(folded(part[:length], part[length:], indent + "    ") + comma)
    return "\n".join([f"{indent}{start}{before}", *lines, f"{indent})"])


def _cut(expression: str) -> list[str]:
    """The expression in pieces, cut at the loosest signs that stand in no parentheses."""
    for signs in ((", ",), (" + ", " - "), (" * ", " / ")):
        pieces = _pieces(expression, signs)
        if len(pieces) > 1:
            return pieces
    return [expression]


def _opening(expression: str) -> int | None:
    """Where the parenthesis opens that the last character closes."""
    depth = 0
    for place in range(len(expression) - 1, -1, -1):
        depth += (expression[place] == ")") - (expression[place] == "(")
        if depth == 0:
            return place if expression.endswith(")") else None
    return None


def _pieces(expression: str, signs: Sequence[str]) -> list[str]:
    """The expression cut at signs that stand in no parentheses: after a comma, before another."""
    depth, cuts = 0, [0]
    for place, character in enumerate(expression):
        depth += (character in "([") - (character in ")]")
        if depth == 0 and place and expression[place : place + len(signs[0])] in signs:
            cuts.append(place + (signs[0] == ", "))
    return [expression[a:b] for a, b in zip(cuts, [*cuts[1:], len(expression)], strict=True)]


def npz(arrays: Mapping[str, Array]) -> bytes:
    """The arrays as one file of NumPy's, the same bytes for the same arrays."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in arrays:
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), npy(arrays[name]))
    return buffer.getvalue()


def _wrapped(text: str, indent: str) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
