"""Twenty thousand damaged and forged files: each is read, or refused with a sentence."""

from __future__ import annotations

import resource
import sys

import pytest

from tests.hostile.mutants import run, seeds

ORDINARY = 20_000


def test_the_seeds_are_good() -> None:
    for seed in seeds():
        assert seed.read(seed.content) is not None, seed.kind
    assert len(seeds()) >= 28


@pytest.mark.skipif(sys.platform == "win32", reason="Windows counts memory in another way")
def test_mutants_are_read_or_refused() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = run(ORDINARY, seed=18)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(found.opened.values()) + sum(found.refused.values()) == ORDINARY
    # A test whose mutants are all refused at the door, or all harmless, would see nothing.
    for kind in {seed.kind for seed in seeds()}:
        assert found.refused[kind] > 50, kind
    assert sum(found.opened.values()) > ORDINARY / 100
    assert len(found.sentences) > 20
    assert (after - before) / 1024 < 300
