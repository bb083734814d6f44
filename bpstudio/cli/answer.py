"""What a command found out, for people and for programs."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Answer:
    """The same facts as text and as data, and the exit status that they mean."""

    text: str
    data: Mapping[str, Any] = field(default_factory=dict)
    status: int = 0

    def json(self) -> str:
        """The data as one JSON document."""
        return json.dumps(plain(self.data), ensure_ascii=False, indent=1, allow_nan=False)


def plain(value: Any) -> Any:
    """A value as JSON has it: arrays as nested lists, NaN and infinities as strings."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value


def table(rows: Iterable[Sequence[object]], header: Sequence[str]) -> str:
    """Rows in columns: words to the left, numbers to the right."""
    cells = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(columns(row[i]) for row in cells) for i in range(len(header))]
    numeric = [all(_is_number(row[i]) for row in cells[1:]) for i in range(len(header))]
    lines = [
        "  ".join(
            f"{' ' * (width - columns(cell))}{cell}"
            if right
            else f"{cell}{' ' * (width - columns(cell))}"
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in cells
    ]
    lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(lines)


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: a Hangul syllable takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def number(value: float) -> str:
    """A number with ten digits at most, with a minus sign that can be typed back."""
    return f"{float(value):.10g}"


def values(array: np.ndarray[Any, Any]) -> str:
    """One number, a short list, or the shape of a long one."""
    if array.size == 1:
        return number(array.item())
    if array.size <= 6:
        return "[" + ", ".join(f"{v:.4g}" for v in array.ravel()) + "]"
    return " × ".join(map(str, array.shape))


def _cell(value: object) -> str:
    return number(value) if isinstance(value, float) else str(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
