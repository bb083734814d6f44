"""What the system refuses with is said in the language of the sentence around it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bpstudio.contents import content_of
from bpstudio.errors import REASONS, FileError, StudioError, reason_of
from bpstudio.language import N_, set_language
from bpstudio.project import file
from bpstudio.project.disk import Disk
from bpstudio.project.project import Project


@pytest.fixture
def korean() -> Iterator[None]:
    set_language("ko")
    yield
    set_language("en")


class Refusing(Disk):
    """A disk on which nothing new can be made."""

    def __init__(self, number: int) -> None:
        self.number = number

    def create(self, path: Path) -> int:
        raise OSError(self.number, os.strerror(self.number), str(path))


@pytest.mark.parametrize("number", sorted(REASONS))
def test_a_korean_sentence_holds_no_english_reason(
    korean: None, number: int, tmp_path: Path
) -> None:
    with pytest.raises(FileError) as told:
        file.save(Project(), tmp_path / "가.bps", disk=Refusing(number))
    said = str(told.value).replace(str(tmp_path), "").replace("가.bps", "")
    assert not any(letter.isascii() and letter.isalpha() for letter in said), said
    set_language("en")
    assert REASONS[number] in str(told.value)


def test_what_we_have_no_words_for_is_said_as_the_system_says_it() -> None:
    assert reason_of(OSError(errno.EPIPE, os.strerror(errno.EPIPE))) == os.strerror(errno.EPIPE)
    assert str(reason_of(OSError("no number at all"))) == "no number at all"
    problem = StudioError(N_("There was nothing to lose."))
    assert reason_of(problem) is problem


def test_a_file_that_another_program_holds_on_windows_is_called_so() -> None:
    error = OSError(errno.EACCES, "Der Prozess kann nicht auf die Datei zugreifen")
    error.winerror = 32  # type: ignore[attr-defined]
    assert str(reason_of(error)) == REASONS[errno.EBUSY]


def test_our_own_reason_for_what_is_no_file_stays(tmp_path: Path) -> None:
    with pytest.raises(OSError) as told:
        content_of(tmp_path, 10, lambda count: ValueError(count))
    assert "folder or a device" in str(reason_of(told.value))
