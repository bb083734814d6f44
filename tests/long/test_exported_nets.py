"""Five hundred networks made at random, exported and run in fresh processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exchange.random_networks import verified
from tests.long.conftest import Row, share

BATCH = 25


@pytest.mark.long
def test_five_hundred_networks_run_elsewhere(row: Row, tmp_path: Path) -> None:
    batches = share(20)
    worst: dict[str, float] = {}
    skipped: dict[str, str] = {}
    for batch in range(batches):
        folder = tmp_path / str(batch)
        folder.mkdir()
        for name, found in verified(range(batch * BATCH, (batch + 1) * BATCH), folder):
            assert found.passed, (name, found)
            format = name.partition(" ")[0]
            if found.skipped:
                skipped[format] = found.skipped
            worst[format] = max(worst.get(format, 0.0), found.max_difference or 0.0)
    told = ", ".join(f"{name} {away:.1e}" for name, away in worst.items() if name not in skipped)
    row(f"{batches * BATCH} networks exported and run", f"all of them; largest difference: {told}")
