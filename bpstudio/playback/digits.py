"""How numbers are written: tabular, with fixed decimals, so that they never jump."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence

import numpy as np

from bpstudio.engine.op import Array

MINUS = "\u2212"
UNKNOWN = "?"
"""What stands for a hidden number."""
_SIGNIFICANT = 4
_on_canvas, _in_panels = 2, 4
_PAYLOAD = 0x0B5D
HIDDEN: float = struct.unpack("<d", struct.pack("<Q", 0x7FF8 << 48 | _PAYLOAD))[0]
"""A number that is kept from sight (`veil.py`): a NaN with a mark that arithmetic carries on."""


Law = Callable[[Sequence[float]], float]
"""Left minus right side of an equation, for the numbers in it: 0 for the true ones."""


def is_hidden(value: float) -> bool:
    """Whether this is a hidden number, or was worked out from one."""
    return (
        math.isnan(value) and struct.unpack("<Q", struct.pack("<d", value))[0] % 2**16 == _PAYLOAD
    )


def choose_decimals(canvas: int = 2, panels: int = 4) -> None:
    """How many decimals numbers have from now on, on the canvas and in panels.

    As with the language, whoever writes a number does not ask for it; what was written before has
    to be written anew.
    """
    global _on_canvas, _in_panels
    _on_canvas, _in_panels = canvas, panels


def on_canvas() -> int:
    """How many decimals numbers on the canvas have."""
    return _on_canvas


def in_panels() -> int:
    """How many decimals numbers in panels have."""
    return _in_panels


def usual_width() -> str:
    """A number as wide as any on the canvas below 1000, but for its sign or a third figure."""
    return fixed(-123.45)


def fixed(value: float, decimals: int | None = None) -> str:
    """A number on the canvas: fixed decimals and a true minus sign; from 1000 on as `1.2e3`."""
    if math.isnan(value):
        return UNKNOWN if is_hidden(value) else "nan"
    if math.isinf(value):
        return "∞" if value > 0 else MINUS + "∞"
    if abs(value) >= 1000:
        return _power(f"{value:.1e}")
    return _minus(f"{value:.{_on_canvas if decimals is None else decimals}f}")


def tabular(value: float, decimals: int | None = None) -> str:
    """A number in a panel: as `fixed`, but one of which too little would be seen in two figures,
    as in `2.3e−5`.

    With four decimals both are equally wide.
    """
    decimals = _in_panels if decimals is None else decimals
    if value != 0 and abs(value) < 10.0 ** (1 - max(decimals, 2)):
        return _power(f"{value:.1e}")
    return fixed(value, decimals)


def signed(value: float, decimals: int | None = None) -> str:
    """A weight in a heat map: always with its sign."""
    text = fixed(value, decimals)
    return text if text.startswith(MINUS) or math.isnan(value) else "+" + text


def significant(value: float) -> str:
    """A number in a caption: two decimals, or more so that four figures are seen."""
    if value == 0 or not math.isfinite(value):
        return fixed(value)
    size = math.floor(math.log10(abs(value)))
    if not -4 <= size < 6:
        return _power(f"{value:.{_SIGNIFICANT - 1}e}")
    text = f"{value:.{max(2, _SIGNIFICANT - 1 - size)}f}"
    whole, dot, decimals = text.partition(".")
    return _minus(whole + dot + decimals[:2] + decimals[2:].rstrip("0"))


def small(value: float) -> str:
    """A size such as a norm, which may be tiny: two figures, `0.041` or `8.3e−3`."""
    if value == 0 or not math.isfinite(value):
        return fixed(value)
    if 0.01 <= abs(value) < 1000:
        return _minus(f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}")
    return _power(f"{value:.1e}")


def agreeing(numbers: Sequence[float], law: Law) -> list[str]:
    """Numbers of one equation, written so that what is read is true.

    `law` is left minus right side, 0 for the true numbers. The decimals of the canvas are
    enough where the rounded numbers fulfil it too, to half a unit in the last place; else each has
    four figures.
    """
    short = [fixed(number) for number in numbers]
    readable = all(np.isfinite(numbers)) and all(abs(n) < 1000 for n in numbers)
    last = 10.0**-_on_canvas
    seen = all(abs(n) >= 10 * last or n == 0 for n in numbers)
    if readable and seen and abs(law([read(text) for text in short])) < 0.501 * last:
        return short
    return [significant(number) for number in numbers]


def ends(array: Array) -> tuple[float, float]:
    """The smallest and the largest number of an array; arrays are hidden as a whole."""
    if is_hidden(float(array.flat[0])):
        return HIDDEN, HIDDEN
    return float(array.min()), float(array.max())


def read(text: str) -> float:
    """The number that a text written here stands for."""
    plain = text.replace(MINUS, "-").replace("∞", "inf")
    return float(plain)


def size_of(array: Array) -> str:
    """The shape of an array, as in `4 × 2`; `1` for one number."""
    return shaped(array.shape)


def shaped(shape: Sequence[int]) -> str:
    """A shape, as in `4 × 2`; `1` for that of one number."""
    return " × ".join(map(str, shape)) or "1"


def _minus(text: str) -> str:
    if text.startswith("-"):
        text = text[1:]
        return MINUS + text if text.strip("0.") else text
    return text


def _power(text: str) -> str:
    mantissa, power = text.split("e")
    return f"{_minus(mantissa)}e{int(power)}".replace("e-", "e" + MINUS)
