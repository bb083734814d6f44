"""The report on paper: it breaks well, everything is on the page, and its fonts are in the file."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QFontMetricsF

from bpstudio.data import toys
from bpstudio.errors import FileError
from bpstudio.exchange import formats
from bpstudio.exchange import report as told
from bpstudio.language import set_language
from bpstudio.project import build, edits
from bpstudio.project.project import Project, Trained
from bpstudio.ui import report
from bpstudio.ui.report import Drawing, Rule, Words

LOSSES = np.array([0.7, 0.4, 0.2])
XOR = replace(build.network(toys.make("xor"), (2, 4, 1)), trained=Trained(3, LOSSES))
DEEP = build.network(toys.make("iris"), (4, *(6 for _ in range(30)), 3))


def words_of(page: list[report.Item]) -> list[str]:
    return [item.text for item in page if isinstance(item, Words)]


def test_it_says_what_the_page_says() -> None:
    page = told.html(XOR).main.decode()
    said = " ".join(" ".join(words_of(page)) for page in report.pages(XOR))
    for heading, rows in told.tables(XOR):
        assert heading in said and heading in page
        for cell in (cell for row in rows for cell in row):
            assert cell in said
    drawn = [i for p in report.pages(XOR) for i in p if isinstance(i, Drawing)]
    assert len(drawn) == sum(map(len, told.pictures(XOR))) == page.count("<svg")
    assert [name for name, _ in told.pictures(XOR)[1]] == ["Loss", "Decision boundary"]
    assert len(told.pictures(replace(XOR, trained=Trained(0, np.zeros(0))))[1]) == 1


def test_pages_break_between_rows_and_repeat_the_head() -> None:
    pages = report.pages(DEEP)
    assert len(pages) > 3
    for page in pages:
        assert page
        for item in page:
            match item:
                case Drawing():
                    assert item.place.y >= report.MARGIN - 1
                    assert item.place.bottom <= report.BOTTOM + 1
                    assert item.place.right <= report.WIDE - report.MARGIN + 1
                case Rule():
                    assert item.y <= report.BOTTOM + 1
                case Words():
                    assert report.MARGIN <= item.baseline <= report.BOTTOM
        # A heading has rows below it.
        last = max(
            (i for i in page if isinstance(i, Words)), key=lambda i: i.baseline, default=None
        )
        assert last is None or last.pixels != report.HEADING
    heads = [page for page in pages if "smallest" in words_of(page)]
    rows = [page for page in pages if any(w.endswith(".weight") for w in words_of(page))]
    assert len(heads) > 1 and heads == rows


@pytest.mark.parametrize("text", ["x" * 400, "가" * 400, "𝐱" * 300, "a\n\n\tb\u2028c", " "])
def test_long_and_odd_words_stay_on_the_page(text: str) -> None:
    kind = report._font(report.TEXT, 400)
    lines = report._broken(text, kind, 300.0)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert QFontMetricsF(kind).horizontalAdvance(line) <= 301
    assert report.pages(replace(XOR, title=text, note=text))


def test_the_file_has_its_fonts_and_its_hangul(tmp_path: Path) -> None:
    set_language("ko")
    try:
        path = formats.export(replace(XOR, title="배타적 논리합"), "pdf", tmp_path / "r.pdf")[0]
    finally:
        set_language("en")
    content = path.read_bytes()
    assert content.startswith(b"%PDF-") and b"%%EOF" in content[-1024:]
    fonts = set(re.findall(rb"/FontName /([\w+-]+)", content))
    assert {b"Pretendard-Regular", b"JetBrainsMono-Regular"} <= {f.split(b"+")[-1] for f in fonts}
    assert content.count(b"/FontFile2") == len(fonts)
    if shutil.which("pdftotext"):
        done = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, timeout=60)
        assert "배타적 논리합" in done.stdout.decode() and "가중치" in done.stdout.decode()


def test_a_report_that_can_not_be_drawn_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bpstudio.resources.program", lambda: [str(tmp_path / "nothing")])
    with pytest.raises(FileError, match="The report can't be drawn"):
        formats.export(XOR, "pdf", tmp_path / "r.pdf")
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_with_a_network_is_said_and_no_name_of_a_class(tmp_path: Path) -> None:
    loss = XOR.graph.losses[-1]
    with pytest.raises(FileError) as said:
        formats.export(edits.disconnect(XOR, loss, "prediction"), "pdf", tmp_path / "r.pdf")
    assert XOR.graph[loss].label in str(said.value) and "Error" not in str(said.value)


def test_an_endless_page_and_its_picture() -> None:
    assert len(report.pages(DEEP, endless=True)) == 1
    shown = report.image(DEEP, 300, most=2)
    assert shown.width() == 300 and shown.height() > 2 * 400
    assert report.image(Project(), 200).width() == 200
