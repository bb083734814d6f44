"""The guide in the window: contents, links, pictures, languages; nothing in a page is ever run."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices, QFont, QTextDocument
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from bpstudio.lessons import guide
from bpstudio.ui.anything import find, things
from bpstudio.ui.dialogs.guide import Guide, show
from bpstudio.ui.studio import Studio
from bpstudio.ui.window import Window


@pytest.fixture
def opened(window: Window) -> Guide:
    window.actions_by_id["guide"].trigger()
    (found,) = window.findChildren(Guide)
    assert found.isVisible()
    return found


def page_named(name: str, language: str = "en") -> Path:
    return next(page.path for page in guide.pages(language) if page.path.stem == name)


def titles(made: Guide) -> list[str]:
    return [item.text(0) for item, _path, _place in made._entries]


def on_top(made: Guide) -> str:
    """The heading under which the reader is."""
    return guide.sections(made._path)[made.page.here()].title


def test_it_begins_with_the_contents_and_every_page_can_be_read(opened: Guide) -> None:
    assert "Building a network" in opened.page.toPlainText()
    assert {page.title for page in guide.pages("en")} <= set(titles(opened))
    for page in guide.pages("en"):
        opened.read(page.path)
        assert guide.sections(page.path)[0].title in opened.page.toPlainText()
        assert len(opened.page._tops()) == len(guide.sections(page.path))


def test_a_link_leads_to_its_page_and_heading_and_the_way_back_is_kept(opened: Guide) -> None:
    opened.resize(900, 420)
    opened.follow("troubleshooting.md")
    opened.follow("training.md#when-it-does-not-learn")
    assert opened._path == page_named("training")
    assert on_top(opened) == "When it does not learn"
    opened.back.click()
    assert opened._path == page_named("troubleshooting")
    opened.back.click()
    assert opened._path == guide.first("en") and not opened.back.isEnabled()


def test_links_out_of_the_guide_are_not_followed(
    opened: Guide, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: asked.append(url.toString()))
    before = opened._path
    for link in (
        "../../README.md",
        "/etc/hosts",
        "file:///etc/hosts",
        "javascript:1",
        "nowhere.md",
    ):
        opened.follow(link)
    assert opened._path == before and asked == []
    opened.follow("https://onnx.ai")
    assert asked == ["https://onnx.ai"]


def test_a_document_shows_code_as_text_and_reads_pictures_of_the_guide_alone(
    opened: Guide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guide, "folder", lambda: tmp_path)
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n<b onclick='x'>bold</b> <script>1</script>\n\n![a](/etc/motd.png)\n")
    opened.page.read(page)
    assert "<script>1</script>" in opened.page.toPlainText()
    kind = QTextDocument.ResourceType.ImageResource.value
    (tmp_path.parent / "outside.png").write_bytes(b"not looked at")
    for link in ("../outside.png", "/etc/motd.png", "https://a.b/c.png", "page.md"):
        assert opened.page.loadResource(kind, link) is None
    assert (
        opened.page.loadResource(QTextDocument.ResourceType.StyleSheetResource.value, "a") is None
    )


def test_pictures_are_shown_no_wider_than_the_page(opened: Guide, qtbot: QtBot) -> None:
    opened.read(page_named("building"))
    kind = QTextDocument.ResourceType.ImageResource.value
    image = opened.page.loadResource(kind, "pictures/building.png")
    assert 200 < image.width() <= opened.page.viewport().width()
    opened.resize(700, 500)
    qtbot.waitUntil(lambda: opened.page._fitted == opened.page._room())
    assert opened.page.loadResource(kind, "pictures/building.png").width() < image.width()


def test_what_is_looked_for_is_found_in_the_text_too(opened: Guide) -> None:
    QTest.keyClicks(opened.search, "cp949")
    assert titles(opened) == ["Data", "A table of your own"]
    QTest.keyClick(opened.search, Qt.Key.Key_Return)
    assert opened._path == page_named("data") and on_top(opened) == "A table of your own"
    opened.search.clear()
    assert len(titles(opened)) > 40


def test_headings_are_found_from_the_window(window: Window, studio: Studio) -> None:
    found = find(tuple(things(window)), "pictures and films")
    assert found[0].title == "Pictures and films"
    found[0].take()
    (made,) = window.findChildren(Guide)
    assert made._path == page_named("files") and on_top(made) == "Pictures and films"
    studio.prefer(language="ko")
    korean = find(tuple(things(window)), "그림과 영상")
    assert korean[0].title == "그림과 영상"
    assert find(tuple(things(window)), "pictures and films")[0].title == "그림과 영상"


def test_another_language_and_theme_keep_the_page(opened: Guide, studio: Studio) -> None:
    opened.read(page_named("data"))
    studio.prefer(language="ko", theme="dark")
    assert opened._path == page_named("data", "ko")
    assert "시험용으로" in opened.page.toPlainText()
    assert opened.windowTitle() == "안내서"
    opened.read(page_named("gates", "ko"))
    assert "Adding a gate" in opened.page.toPlainText()
    studio.prefer(language="en")
    assert opened._path == page_named("gates")


def test_the_size_of_type_is_that_of_the_page(opened: Guide, studio: Studio) -> None:
    opened.read(page_named("python"))
    before = opened.page.document().size().height()
    studio.prefer(scale=150)
    assert opened.page.document().size().height() > 1.2 * before


def test_it_opens_within_the_screen(opened: Guide) -> None:
    screen = opened.screen().availableGeometry()
    assert opened.width() < screen.width() and opened.height() < screen.height()


def test_hyphens_of_options_are_told_apart(opened: Guide, studio: Studio) -> None:
    for theme in ("projector", "light"):
        studio.prefer(theme=theme)
        opened.read(page_named("command-line"))
        assert opened.page.document().defaultFont().featureValue(QFont.Tag("calt")) == 0


def test_it_is_opened_once(window: Window, opened: Guide) -> None:
    assert show(window, page_named("keys")) is opened
    assert opened._path == page_named("keys")
    opened.close()


def test_a_wide_line_of_code_is_not_cut_off(opened: Guide) -> None:
    opened.resize(640, 480)
    opened.read(page_named("file-format"))
    assert opened.page.document().idealWidth() <= opened.page.viewport().width() + 1
