"""Worksheets: empty boxes on the first page, numbers on the second, questions of a lesson below."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QPagedPaintDevice
from PySide6.QtPrintSupport import QPrintDialog, QPrinterInfo
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QFileDialog

from bpstudio import cli, resources
from bpstudio.errors import StudioError
from bpstudio.language import LANGUAGES
from bpstudio.lessons.lesson import Do
from bpstudio.lessons.shelf import Shelved, ours
from bpstudio.playback.digits import UNKNOWN
from bpstudio.playback.marks import Box, Numbers, Picture, Text
from bpstudio.project import file
from bpstudio.project.project import Project
from bpstudio.ui import worksheet
from bpstudio.ui.studio import Notice
from bpstudio.ui.window import Window


def texts(picture: Picture | None) -> list[str]:
    assert picture is not None
    return [text for mark in picture.marks if isinstance(mark, Numbers) for text in mark.texts]


def test_every_number_of_the_solution_has_an_empty_box() -> None:
    project = file.load(resources.path("examples", "product-of-sum.bps"))
    asked, solved = (page.picture for page in worksheet.of_project(project))
    assert asked is not None and solved is not None
    boxes = [mark for mark in asked.marks if isinstance(mark, Box)]
    others = [mark for mark in solved.marks if isinstance(mark, Box)]
    assert UNKNOWN not in texts(asked)
    missing = len(texts(solved)) - len(texts(asked))
    assert missing >= 6
    assert len(boxes) - len(others) == missing
    assert "-12.00" in [text.replace("−", "-") for text in texts(solved)]
    assert "-12.00" not in [text.replace("−", "-") for text in texts(asked)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_lesson_asks_and_answers_the_same(language: str) -> None:
    lesson = next(each for each in ours() if "chain-rule" in each.folder.name).read(language)
    pages = worksheet.of_lesson(lesson)
    half = len(pages) // 2
    for asked, solved in zip(pages[:half], pages[half:], strict=True):
        assert len(asked.lines) == len(solved.lines) > 0
        assert all(len(line) > 3 for line in (*asked.lines, *solved.lines))


@pytest.mark.parametrize("shelved", ours(), ids=lambda shelved: shelved.folder.name)
def test_whatever_can_be_asked_on_paper_has_a_page(shelved: Shelved, tmp_path: Path) -> None:
    """Also where a step has no network; what is to be done in the window is left out."""
    lesson = shelved.read("ko")
    questions = [each for step in lesson.steps for each in step.questions]
    pages = worksheet.of_lesson(lesson)
    half = len(pages) // 2
    said = "\n".join(line for page in pages[:half] for line in page.lines)
    for question in questions:
        assert (question.ask in said) is not isinstance(question, Do), question.ask
    for question in questions:
        if isinstance(question, Do):
            assert question.help not in "\n".join(line for page in pages for line in page.lines)
    assert all(len(page.ruled) == len(page.lines) for page in pages[:half])
    assert any(page.ruled and max(page.ruled) == 3 for page in pages[:half])
    assert not any(page.ruled for page in pages[half:])
    worksheet.save(pages, tmp_path / "sheet.pdf")
    assert (tmp_path / "sheet.pdf").read_bytes().startswith(b"%PDF")


def test_a_lesson_that_asks_nothing_says_so() -> None:
    lesson = next(iter(ours())).read("en")
    silent = replace(lesson, steps=tuple(replace(step, parts=()) for step in lesson.steps))
    with pytest.raises(StudioError, match="nothing on paper"):
        worksheet.of_lesson(silent)


def test_the_command_writes_a_file_of_its_pages(tmp_path: Path) -> None:
    out = tmp_path / "sheet.pdf"
    example = resources.path("examples", "sigmoid-neuron.bps")
    assert cli.main(["worksheet", str(example), "--out", str(out)]) == 0
    content = out.read_bytes()
    assert content.startswith(b"%PDF")
    assert content.count(b"/Type /Page\n") == 2


def test_arrays_have_tables_to_fill_in() -> None:
    project = file.load(resources.path("examples", "squared-norm.bps"))
    asked, solved = worksheet.of_project(project)
    assert not any("?" in text for text in texts(asked.picture))
    names = [grid.name for grid in asked.grids]
    assert names == [grid.name for grid in solved.grids]
    assert len(names) >= 7
    inputs = [node for node in project.graph.nodes if not project.graph[node].sources]
    assert [grid.name for grid in asked.grids if grid.shown] == inputs
    assert all(grid.shown for grid in solved.grids)


def test_a_layered_network_can_be_worked_out_from_its_tables() -> None:
    project = file.load(resources.path("examples", "xor.bps"))
    asked, _solved = worksheet.of_project(project)
    assert asked.picture is not None
    given = {grid.name for grid in asked.grids if grid.shown}
    assert given >= {"data1", *project.weights} - {
        key for key, array in project.weights.items() if array.size == 1
    }
    drawn = [
        "".join(span.text for span in mark.spans)
        for mark in asked.picture.marks
        if isinstance(mark, Text)
    ]
    assert not any(UNKNOWN in text for text in (*drawn, *texts(asked.picture)))


def test_the_first_page_has_letters_for_hangul_too(tmp_path: Path) -> None:
    """In a process of its own, where nothing has loaded the fonts before."""
    out = tmp_path / "sheet.pdf"
    example = resources.path("examples", "product-of-sum.bps")
    words = ["worksheet", str(example), "--lang", "ko"]
    subprocess.run(
        [sys.executable, "-m", "bpstudio", *words, "--out", str(out)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    first = out.read_bytes()
    assert b"Pretendard" in first
    assert b"DejaVu" not in first


def test_an_empty_project_has_no_worksheet() -> None:
    with pytest.raises(StudioError, match="no network"):
        worksheet.of_project(Project())


def test_what_does_not_fit_goes_on_on_the_next_page(tmp_path: Path) -> None:
    project = file.load(resources.path("examples", "fork.bps"))
    lines = tuple(f"{number}. A question" for number in range(80))
    page = worksheet.Page("Many", worksheet.network(project, empty=True), lines)
    worksheet.save([page], tmp_path / "many.pdf")
    assert (tmp_path / "many.pdf").read_bytes().count(b"/Type /Page\n") >= 3


def test_without_a_printer_the_pages_are_saved(
    window: Window, notices: list[Notice], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(QPrinterInfo, "availablePrinterNames", list)
    window.actions_by_id["print_worksheet"].trigger()
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, QFileDialog)
    assert "No printer" in notices[-1].text
    dialog.fileSelected.emit(str(tmp_path / "sheet.pdf"))
    dialog.close()
    assert (tmp_path / "sheet.pdf").read_bytes().startswith(b"%PDF")


def test_a_folder_that_is_gone_is_told(
    window: Window, notices: list[Notice], tmp_path: Path
) -> None:
    window.actions_by_id["save_worksheet"].trigger()
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "gone" / "sheet.pdf"))
    dialog.close()
    assert notices[-1].kind == "problem"
    assert "sheet.pdf" in notices[-1].text


def test_a_printer_gets_the_pages_and_no_file_is_asked_for(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[tuple[worksheet.Page, ...]] = []

    def take(_device: QPagedPaintDevice, pages: tuple[worksheet.Page, ...]) -> None:
        printed.append(pages)

    monkeypatch.setattr(QPrinterInfo, "availablePrinterNames", lambda: ["Paper"])
    monkeypatch.setattr(worksheet, "print_on", take)
    window.actions_by_id["print_worksheet"].trigger()
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, QPrintDialog)
    entries = [
        box.itemText(row) for box in dialog.findChildren(QComboBox) for row in range(box.count())
    ]
    assert not any("PDF" in entry for entry in entries)
    assert not any(
        button.text() == "..." and button.isVisible()
        for button in dialog.findChildren(QAbstractButton)
    )
    dialog.accepted.emit(dialog.printer())
    dialog.close()
    assert [len(pages) for pages in printed] == [2]
