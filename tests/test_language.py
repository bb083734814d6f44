"""Sentences change their language while the program runs, and resources are found."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from bpstudio import language, resources
from bpstudio.language import N_, _, current_language, ngettext, set_language

GREETING = N_("Hello, {name}")

CATALOG = """
msgid ""
msgstr ""
"Language: ko\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "Hello, {name}"
msgstr "안녕하세요, {name}"

msgid "{count} step"
msgid_plural "{count} steps"
msgstr[0] "{count}단계"
"""


@pytest.fixture
def wording(tmp_path: Path) -> Iterator[Path]:
    """A folder with a Korean catalog; afterwards the language is English again."""
    folder = tmp_path / "ko" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "bpstudio.mo").open("wb") as compiled:
        write_mo(compiled, read_po(BytesIO(CATALOG.encode())))
    yield tmp_path
    set_language("en")


def test_a_sentence_marked_before_is_looked_up_when_it_is_said(wording: Path) -> None:
    assert _(GREETING).format(name="Mina") == "Hello, Mina"
    set_language("ko", wording)
    assert current_language() == "ko"
    assert _(GREETING).format(name="Mina") == "안녕하세요, Mina"
    set_language("en")
    assert _(GREETING).format(name="Mina") == "Hello, Mina"


def test_counts_follow_the_language(wording: Path) -> None:
    one, many = "{count} step", "{count} steps"
    assert [ngettext(one, many, n) for n in (1, 2)] == [one, many]
    set_language("ko", wording)
    assert [ngettext(one, many, n) for n in (1, 2)] == ["{count}단계", "{count}단계"]


def test_unknown_sentences_and_missing_catalogs_fall_back(wording: Path, tmp_path: Path) -> None:
    set_language("ko", wording)
    assert _("never translated") == "never translated"
    assert _("") == ""
    set_language("ko", tmp_path / "nowhere")
    assert _("never translated") == "never translated"


def test_a_language_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'xx'.*en, ko"):
        set_language("xx")
    assert current_language() == "en"


def test_every_language_has_a_catalog_or_is_the_source() -> None:
    catalogs = resources.path("translations").glob("*/LC_MESSAGES/bpstudio.po")
    assert {file.parts[-3] for file in catalogs} | {"en"} == set(language.LANGUAGES)


def test_resources_lie_where_they_are_looked_for() -> None:
    assert resources.path("icons", "bpstudio.svg").is_file()
    assert resources.path("fonts", "Pretendard-Regular.ttf").is_file()


def test_a_frozen_program_has_its_own_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert resources.folder() == tmp_path / "resources"
