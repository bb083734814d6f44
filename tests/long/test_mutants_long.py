"""Two million mutants."""

from __future__ import annotations

import pytest

from tests.hostile.mutants import run
from tests.long.conftest import Row, share

BATCH = 20_000


@pytest.mark.long
def test_two_million_mutants(row: Row) -> None:
    batches = share(100)
    opened = refused = 0
    slowest = 0.0
    for batch in range(batches):
        found = run(BATCH, seed=1000 + batch)
        opened += sum(found.opened.values())
        refused += sum(found.refused.values())
        slowest = max(slowest, found.slowest)
        row(
            f"{(batch + 1) * BATCH} of {batches * BATCH} mutants of 30 files",
            f"{opened} read, {refused} refused with a sentence, 0 anything else; "
            f"the slowest took {slowest:.2f} s",
            ended=batch + 1 == batches,
        )
