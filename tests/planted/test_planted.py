"""The tests see every mistake of `bugs.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.planted.bugs import BUGS, Bug
from tests.planted.plant import ROOT, copy_to, imported_from, outcome, pytest_in, rotten


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the project, which `bpstudio` is imported from."""
    folder = tmp_path_factory.mktemp("copy").resolve()
    copy_to(folder)
    assert imported_from(folder) == folder
    yield folder


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_what_is_to_be_planted_fits_the_source(bug: Bug) -> None:
    assert not rotten(bug)
    assert bug.new != bug.old
    assert all((ROOT / "tests" / name).is_file() for name in bug.tests)


def test_there_are_many_and_each_has_its_name() -> None:
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 30


@pytest.mark.long
def test_the_copy_without_a_bug_passes(copied: Path) -> None:
    files = tuple(dict.fromkeys(name for bug in BUGS for name in bug.tests))
    ended, said = pytest_in(copied, files)
    assert ended == 0, said


@pytest.mark.long
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_planted_bugs_are_caught(bug: Bug, copied: Path) -> None:
    result = outcome(bug, copied)
    assert result.caught, result.said
