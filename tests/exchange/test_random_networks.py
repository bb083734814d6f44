"""Three dozen networks made at random run elsewhere, all in one process; the long tier has 500."""

from __future__ import annotations

from pathlib import Path

from tests.exchange.random_networks import verified


def test_networks_made_at_random_run_elsewhere(tmp_path: Path) -> None:
    found = verified(range(1000, 1036), tmp_path)
    assert [(name, each) for name, each in found if not each.passed] == []
    assert any(each.max_difference is not None for _, each in found)
