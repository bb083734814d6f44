"""The catalogs know every sentence, and say it as it should be said."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
import translations
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from bpstudio import language
from bpstudio.cli import main
from bpstudio.cli.answer import columns
from bpstudio.engine.optimizers import Momentum
from bpstudio.errors import StudioError
from bpstudio.language import described, paragraphs
from bpstudio.playback import metrics

(KOREAN,) = translations.catalogs()
MESSAGES = [m for m in translations.read(KOREAN.read_text(encoding="utf-8")) if m.id]
UPDATE = "type: python3 packaging/dev.py translations"

NAMES = re.compile(
    "|".join(
        (
            "X?N?(?:AND|OR)",
            "SGD|AdaGrad|RMSProp|AdamW?|He|Xavier",
            "P?ReLU|ELU|GELU|SiLU|Leaky|Tanh|sin",
            "Backprop|Studio|English",
        )
    )
)
"""What is called alike in both languages."""


@pytest.fixture
def korean() -> Iterator[None]:
    language.set_language("ko")
    yield
    language.set_language("en")


def english(message: Message) -> str:
    """What the program says, in the form for many."""
    return message.id if isinstance(message.id, str) else message.id[1]


def said(message: Message) -> str:
    """What stands for it in the catalog."""
    return message.string if isinstance(message.string, str) else (message.string or ("",))[0]


def fields(template: str) -> set[tuple[str, str | None]]:
    """The placeholders of a template, each with its format."""
    if "{" not in template:
        return set()
    return {(name, form) for _text, name, form, _how in Formatter().parse(template) if name}


def mnemonic(text: str) -> str:
    """The letter after &, in upper case."""
    found = re.search("&(.)", text)
    return found[1].upper() if found else ""


def test_the_catalog_has_all_that_the_program_says_and_nothing_else() -> None:
    text = KOREAN.read_text(encoding="utf-8")
    have = {m.id if isinstance(m.id, str) else tuple(m.id) for m in MESSAGES}
    wanted = translations.sentences()
    assert have ^ wanted == set(), UPDATE
    assert translations.updated(text, wanted) == text, UPDATE


def test_an_update_keeps_what_is_translated_and_drops_what_is_gone() -> None:
    before = '\nmsgid "kept"\nmsgstr "남은 것"\n\nmsgid "gone"\nmsgstr "사라진 것"\n'
    after = translations.updated(
        translations.HEADER + before, frozenset({"kept", "new", ("{n} step", "{n} steps")})
    )
    found = {m.id: m.string for m in translations.read(after) if m.id}
    assert found == {"kept": "남은 것", "new": "", ("{n} step", "{n} steps"): ("",)}
    assert "#," not in after.replace("#, python-brace-format", "")


def test_what_is_declared_is_collected_too() -> None:
    found = translations.sentences()
    assert {"Sigmoid", "Momentum", "Xavier", "he", "units", "A disc inside a ring."} <= found
    assert all(isinstance(each, str) or len(each) == 2 for each in found)


def test_every_sentence_is_translated() -> None:
    assert [m.id for m in MESSAGES if m.fuzzy or not said(m)] == []


def test_the_placeholders_are_the_same() -> None:
    wrong = [m.id for m in MESSAGES if fields(english(m)) != fields(said(m))]
    assert wrong == []


def test_sentences_end_alike() -> None:
    """A colon announces what follows, and an ellipsis that something is asked first."""
    for message in MESSAGES:
        for end in (":", "…"):
            assert said(message).endswith(end) == english(message).endswith(end), message.id


def test_only_names_and_formulas_are_said_alike() -> None:
    alike = [english(m) for m in MESSAGES if said(m) == english(m)]
    words = {w for text in alike for w in re.findall("[A-Za-z]{2,}", re.sub("{.*?}", "", text))}
    assert [word for word in sorted(words) if not NAMES.fullmatch(word)] == []


def test_every_letter_that_korean_adds_can_be_drawn() -> None:
    for message in MESSAGES:
        letters = set(said(message)) - set(english(message)) - {" ", "\n"}
        assert [letter for letter in letters if not metrics.has_glyph(letter)] == [], message.id


def test_no_particle_is_left_open() -> None:
    """Sentences are shaped so that no particle depends on a word that is put in later."""
    open_ones = r"은\(는\)|을\(를\)|이\(가\)|[과와]\([과와]\)|\(으\)로"
    after_a_value = r"[})](?:[은는을를과와](?![가-힣])|이어야|여야)"
    pattern = re.compile(f"{open_ones}|{after_a_value}")
    assert [message.id for message in MESSAGES if pattern.search(said(message))] == []


def test_korean_accelerators_are_those_of_the_english_words() -> None:
    for message in MESSAGES:
        letter = mnemonic(english(message))
        assert mnemonic(said(message)) == letter, message.id
        if letter:
            assert f"(&{letter})" in said(message), message.id


def test_what_is_compiled_is_what_is_written() -> None:
    with KOREAN.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    stale = [m.id for m in MESSAGES if compiled.ngettext(english(m), english(m), 1) == ""]
    stale += [m.id for m in MESSAGES if isinstance(m.id, str) and compiled.gettext(m.id) != said(m)]
    assert stale == [], UPDATE


def test_babel_reads_the_catalog_without_a_complaint() -> None:
    with KOREAN.open("rb") as file:
        catalog = read_po(file, abort_invalid=True)
    assert str(catalog.locale) == "ko"
    assert [(m.id, errors) for m, errors in catalog.check()] == []


def test_a_docstring_is_told_in_paragraphs(korean: None) -> None:
    class Gate:
        """Adds its inputs. Backward it is a distributor: both get the upstream gradient
        unchanged.

        Never said before.
        """

    assert paragraphs(Gate)[1] == "Never said before."
    first, second = described(Gate).split("\n\n")
    assert "분배기" in first
    assert second == "Never said before."
    assert described(object()) != "" and paragraphs(type("Bare", (), {})) == ()


def test_an_error_says_the_title_of_a_gate_in_its_language(korean: None) -> None:
    error = StudioError("{op} has no input, so nothing can feed it.", op="Sigmoid")
    assert str(error) == "시그모이드: 입력이 없어 아무것도 이을 수 없습니다."
    with pytest.raises(StudioError, match="모멘텀: learning_rate 값은"):
        Momentum(learning_rate=-1.0)
    language.set_language("en")
    assert str(error) == "Sigmoid has no input, so nothing can feed it."


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "한글 이름.bps"
    assert main(["new", "--data", "xor", "--layers", "2,3,1", "--out", str(path)]) == 0
    return path


def test_the_command_line_speaks_korean(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        assert main(["formula", "(x+y)*z", "x=-2", "y=5", "z=-4", "--lang", "ko"]) == 0
        printed = capsys.readouterr().out
        assert "기울기" in printed and "-12" in printed
        assert main(["check", str(project), "--lang", "ko"]) == 0
        assert "통과: 매개변수 13개" in capsys.readouterr().out
        assert main(["train", str(project), "--steps", "5", "--lang", "ko"]) == 0
        assert re.search(r"5단계.*손실 .* → .*정확도", capsys.readouterr().out)
        assert main(["formula", "x*", "x=1", "--lang", "ko"]) == 2
        assert "수식이" in capsys.readouterr().err
        assert main(["nothing-of-this-name", "--lang=ko"]) == 2
        assert "그런 파일도 명령도 없습니다" in capsys.readouterr().err
    finally:
        language.set_language("en")


def test_columns_stand_below_each_other_in_korean(capsys: pytest.CaptureFixture[str]) -> None:
    """A Hangul syllable is two columns wide."""
    try:
        assert main(["formula", "x*y", "x=2", "y=3", "--lang", "ko"]) == 0
    finally:
        language.set_language("en")
    lines = capsys.readouterr().out.splitlines()[2:]
    header, rule, *rows = lines
    assert columns(header) == len(rule) == max(map(columns, rows))
