"""The long tests, each of which writes a row into one table: `build/long.md`.

A row is written again and again while a test goes on, so that one that is interrupted has told how
far it came. `BPSTUDIO_SHARE=0.1` runs a tenth of each.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

HEAD = (
    "| Tier | Test | What was done | What came of it | Seconds |\n| --- | --- | --- | --- | --- |\n"
)
ROOT = Path(__file__).parents[2]
TABLE = ROOT / "build" / "long.md"
RELEASE = ("test_a_school_day",)
"""Those that belong before a release; the others suit every night."""


class Row(Protocol):
    """Writes what was done and what came of it, over the row of an earlier run or moment."""

    def __call__(self, done: str, found: str, *, ended: bool = True) -> None: ...


def share(count: int) -> int:
    """So many times, or the part of it that was asked for."""
    return max(1, round(count * float(os.environ.get("BPSTUDIO_SHARE", "1"))))


def told_by(
    words: Sequence[str], so_far: Callable[[list[dict[str, Any]]], None], every: int = 5
) -> list[dict[str, Any]]:
    """What a program tells, an object in each line; `so_far` sees it grow."""
    found: list[dict[str, Any]] = []
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as complaints,
        subprocess.Popen(
            words,
            cwd=ROOT,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        ) as program,
    ):
        for line in _lines(program):
            found.append(json.loads(line))
            if len(found) % every == 0:
                so_far(found)
        status = program.wait()
        complaints.seek(0)
        assert status == 0, complaints.read()[-4000:]
    return found


def _lines(program: subprocess.Popen[str]) -> Iterator[str]:
    assert program.stdout is not None
    yield from program.stdout


@pytest.fixture
def row(request: pytest.FixtureRequest) -> Row:
    """Writes into the table."""
    began = time.monotonic()
    name = request.node.name
    tier = "release" if name in RELEASE else "nightly"

    def write(done: str, found: str, *, ended: bool = True) -> None:
        seconds = time.monotonic() - began
        TABLE.parent.mkdir(exist_ok=True)
        text = TABLE.read_text(encoding="utf-8") if TABLE.exists() else HEAD
        rows = text.removeprefix(HEAD).splitlines() if text.startswith(HEAD) else []
        kept = [line for line in rows if f"| {name} |" not in line]
        so_far = "" if ended else "so far, not ended: "
        kept.append(f"| {tier} | {name} | {done} | {so_far}{found} | {seconds:.0f} |")
        TABLE.write_text(HEAD + "\n".join(kept) + "\n", encoding="utf-8")

    return write
