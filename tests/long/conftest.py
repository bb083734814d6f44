"""The long tests, each of which writes a row into one table: `build/long.md`.

`BPSTUDIO_SHARE=0.1` runs a tenth of each.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

TABLE = Path(__file__).parents[2] / "build" / "long.md"
HEAD = "| Test | What was done | What came of it | Seconds |\n| --- | --- | --- | --- |\n"

Row = Callable[[str, str], None]


def share(count: int) -> int:
    """So many times, or the part of it that was asked for."""
    return max(1, round(count * float(os.environ.get("BPSTUDIO_SHARE", "1"))))


@pytest.fixture
def row(request: pytest.FixtureRequest) -> Row:
    """Writes what was done and what came of it into the table, over the row of an earlier run."""
    began = time.monotonic()

    def write(done: str, found: str) -> None:
        name = request.node.name
        seconds = time.monotonic() - began
        TABLE.parent.mkdir(exist_ok=True)
        lines = TABLE.read_text(encoding="utf-8") if TABLE.exists() else HEAD
        kept = [line for line in lines.splitlines() if not line.startswith(f"| {name} |")]
        kept.append(f"| {name} | {done} | {found} | {seconds:.0f} |")
        TABLE.write_text("\n".join(kept) + "\n", encoding="utf-8")

    return write
