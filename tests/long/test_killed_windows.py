"""Two hundred windows that are killed while somebody works, and killed again once restored."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.long.conftest import Row, share, told_by

LATE = 2.0


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork and no SIGKILL")
def test_killed_windows(tmp_path: Path, row: Row) -> None:
    count = share(200)

    def tell(found: list[dict[str, Any]], *, ended: bool = False) -> None:
        kills = Kills.among(found)
        row(
            f"{len(found) // 2} of {count} windows killed while somebody worked, each restored and "
            "killed again",
            f"{len(kills.offered)} offered, {len(kills.missed)} of {len(kills.due)} missed that "
            f"had work of 2 s, {len(kills.offered) - len(kills.known)} states unknown, "
            f"{len(kills.late)} lost more than 2 s and one action, at most {kills.most:.2f} s; "
            f"{len(kills.restored)} restored and killed again",
            ended=ended,
        )

    words = [sys.executable, "-m", "tests.long.forked", str(tmp_path), str(count)]
    found = told_by(words, tell)
    tell(found, ended=True)
    assert len(found) == 2 * count
    kills = Kills.among(found)
    assert kills.missed == []
    assert len(kills.known) == len(kills.offered)
    assert kills.late == []


@dataclass(frozen=True)
class Kills:
    """What came of windows that were killed."""

    due: list[dict[str, Any]]
    missed: list[dict[str, Any]]
    offered: list[dict[str, Any]]
    known: list[dict[str, Any]]
    late: list[dict[str, Any]]
    restored: list[dict[str, Any]]
    most: float

    @classmethod
    def among(cls, found: list[dict[str, Any]]) -> Kills:
        """Sort them."""
        due = [each for each in found if each["due"] or (not each["first"] and each["offered"])]
        missed = [each for each in due if each["kept"] != 1]
        # Those that were killed before they had told of anything are offered, but not compared.
        offered = [each for each in found if each["kept"] == 1 and each["told"]]
        known = [each for each in offered if each["lost"] >= 0]
        late = [each for each in known if each["lost"] > LATE and each["actions"] > 1]
        restored = [each for each in found if not each["first"] and each["offered"] == 1]
        most = max((each["lost"] for each in known), default=0.0)
        return cls(due, missed, offered, known, late, restored, most)
