"""Two hundred windows that are killed while somebody works, and killed again once restored."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.long.conftest import Row, share

LATE = 2.0


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork and no SIGKILL")
def test_killed_windows(tmp_path: Path, row: Row) -> None:
    count = share(200)
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "tests.long.forked", str(tmp_path), str(count)],
        cwd=root,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == 2 * count
    due = [each for each in found if each["due"] or (not each["first"] and each["offered"])]
    missed = [each for each in due if each["kept"] != 1]
    # Those that were killed before they had told of anything are offered, but not compared.
    offered = [each for each in found if each["kept"] == 1 and each["told"]]
    known = [each for each in offered if each["lost"] >= 0]
    late = [each for each in known if each["lost"] > LATE and each["actions"] > 1]
    again = [each for each in found if not each["first"]]
    restored = [each for each in again if each["offered"] == 1]
    most = max((each["lost"] for each in known), default=0.0)
    row(
        f"{count} windows killed while somebody worked, each restored and killed again",
        f"{len(offered)} offered, {len(missed)} of {len(due)} missed that had work of 2 s, "
        f"{len(offered) - len(known)} states unknown, {len(late)} lost more than 2 s and one "
        f"action, at most {most:.2f} s; {len(restored)} restored and killed again",
    )
    assert missed == []
    assert len(known) == len(offered)
    assert late == []
