"""The guide tells the truth: what it says to type is typed here, and what it names is there."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import tasks

from bpstudio import language
from bpstudio.cli import main
from bpstudio.cli.words import parse
from bpstudio.lessons import guide

if TYPE_CHECKING:
    from bpstudio.ui.actions import Action

FOLDER = guide.folder()
ENGLISH = sorted(FOLDER.glob("*.md"))
KOREAN = sorted(FOLDER.glob("ko/*.md"))
PAGES = [*ENGLISH, *KOREAN]
WINDOWED = ("--smoke",)
"""What opens a window says so, and takes a process of its own."""
LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)]+)\)")
SPAN = re.compile(r"`([^`\n]+)`")
MENU = re.compile(r"\*\*([^*\n]+ ▸ [^*\n]+)\*\*")
PANEL = re.compile(r"panel \*\*([^*▸]+)\*\*|패널 \*\*([^*▸]+)\*\*|\*\*([^*▸]+)\*\* 패널")
KEYS = re.compile(
    r"^((Ctrl|Shift|Alt)\+)*(F\d\d?|[A-Z./=,0-9+-]|PgUp|PgDown|Home|End|Tab|Space|Enter|Esc|Delete|↑|↓)$"
)
ROW = re.compile(r"^\| `([^`]+)` \| ([^|`]+) \|$", re.MULTILINE)
PICTURES_TOGETHER = 3 * 2**20


class Block(NamedTuple):
    """A block of code: its language, the name of the file that it stands for, its text."""

    language: str
    file: str
    text: str


@cache
def blocks(page: Path) -> tuple[Block, ...]:
    """The blocks of a page in their order."""
    found, fence, lines = [], "", list[str]()
    info = ""
    for line in page.read_text("utf-8").splitlines():
        ticks = re.match("(`{3,})(.*)", line)
        if not fence and ticks is not None:
            fence, info, lines = ticks[1], ticks[2], []
        elif fence and line.strip() == fence:
            kind, _space, name = info.partition(" ")
            found.append(Block(kind, name, "\n".join(lines) + "\n"))
            fence = ""
        elif fence:
            lines.append(line)
    assert not fence, f"{page.name}: a block of code has no end"
    return tuple(found)


def prose(page: Path) -> str:
    """The text of a page without its blocks of code."""
    return re.sub(r"^(`{3,}).*?^\1$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def name(page: Path) -> str:
    return str(page.relative_to(FOLDER))


def with_blocks(*kinds: str) -> list[Path]:
    """The English pages that have such blocks; Korean ones have the same, which is tested."""
    return [page for page in ENGLISH if any(block.language in kinds for block in blocks(page))]


# -- what is typed --------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [*with_blocks("sh"), FOLDER / "ko/lessons.md"], ids=name)
def test_commands_do_what_they_say(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One after the other in an empty folder, with the files that the page tells to write."""
    monkeypatch.chdir(tmp_path)
    for line in typed(page, tmp_path):
        words = shlex.split(line)
        if words[0] == "python3":
            check_task(words)
            continue
        assert words[0] == "bpstudio", line
        if any(word in words for word in WINDOWED):
            parse(words[1:])
            continue
        assert run(words[1:], capsys) == 0, line


def typed(page: Path, folder: Path) -> Iterator[str]:
    """What a page tells to type, line by line; the files that it tells to write are written."""
    for block in blocks(page):
        if block.file and block.language != "toml":
            (folder / block.file).write_text(block.text, encoding="utf-8")
        if block.language == "sh":
            yield from (line for line in block.text.splitlines() if line)


def run(words: list[str], capsys: pytest.CaptureFixture[str]) -> int:
    """The exit status of a command; what it complains of is shown where it fails."""
    try:
        status = main(words)
    except SystemExit as end:
        status = int(end.code or 0)
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    if status:
        print(told.err)
    return status


def check_task(words: list[str]) -> None:
    """A command of the developers: its task is there, and the tests that it names."""
    assert words[1] == "packaging/dev.py"
    assert callable(getattr(tasks, words[2], None)), words
    root = FOLDER.parent.parent
    assert [word for word in words[3:] if "/" in word and not (root / word).exists()] == []


@pytest.mark.long
@pytest.mark.parametrize("page", with_blocks("sh"), ids=name)
def test_windows_open_where_a_page_says_so(page: Path, tmp_path: Path) -> None:
    for line in typed(page, tmp_path):
        words = shlex.split(line)
        if words[0] == "bpstudio":
            ended = fresh(["-P", "-m", "bpstudio", *words[1:]], tmp_path)
            assert ended.returncode == 0, (line, ended.stderr)


@pytest.mark.parametrize("page", with_blocks("python"), ids=name)
def test_python_runs_and_prints_what_stands_beside_it(page: Path, tmp_path: Path) -> None:
    """The blocks of a page are one script, run in a fresh process."""
    script = "\n".join(block.text for block in blocks(page) if block.language == "python")
    file = tmp_path / "page.py"
    file.write_text(script, encoding="utf-8")
    ended = fresh([str(file)], tmp_path)
    assert ended.returncode == 0, ended.stderr
    expected = list(printed(script))
    assert expected, "nothing on this page says what it prints"
    lines = ended.stdout.splitlines()
    assert [line for line in lines if line in expected] == expected, ended.stdout


def printed(script: str) -> Iterator[str]:
    """What the comments behind each `print` say that it prints."""
    for line in script.splitlines():
        if line.lstrip().startswith("print(") and "  # " in line:
            yield line.rpartition("  # ")[2]


def fresh(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """A Python of its own, without a screen, with settings of its own."""
    environ = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONUTF8": "1"}
    environ["BPSTUDIO_SETTINGS"] = str(folder / "settings")
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environ,
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )


def test_other_blocks_can_be_read() -> None:
    known = {"sh", "python", "json", "csv", "text", "toml", "markdown"}
    for page in PAGES:
        for block in blocks(page):
            assert block.language in known, f"{name(page)}: {block.language or 'no language'}"
            if block.language == "json":
                json.loads(block.text)
            if block.language == "toml":  # a part of the file that it names
                whole = (FOLDER.parent.parent / block.file).read_text("utf-8")
                assert block.text in whole and tomllib.loads(block.text)
            if block.language == "python":
                ast.parse(block.text)


# -- what is named --------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    for picture, link in LINK.findall(prose(page)):
        if link.startswith("https://"):
            continue
        found = guide.linked(page, link)
        assert found is not None, f"{link} leads nowhere, or out of the guide"
        path, anchor = found
        assert path.suffix == (".png" if picture else ".md"), link
        if anchor:
            assert anchor in [part.anchor for part in guide.sections(path)], link


def test_every_page_is_in_the_contents_and_every_picture_on_a_page() -> None:
    for spoken in language.LANGUAGES:
        listed = [page.path.name for page in guide.pages(spoken)]
        assert len(set(listed)) == len(listed)
        assert {*listed, "README.md"} == {page.name for page in ENGLISH}
    titles = {page.path: page.title for s in language.LANGUAGES for page in guide.pages(s)}
    for path, title in titles.items():
        assert path == FOLDER / "onnx.md" or guide.sections(path)[0].title == title
    shown = {
        (page.parent / link).resolve()
        for page in PAGES
        for picture, link in LINK.findall(prose(page))
        if picture
    }
    pictures = set((FOLDER / "pictures").rglob("*.png"))
    assert {path.resolve() for path in pictures} == shown
    assert sum(path.stat().st_size for path in pictures) < PICTURES_TOGETHER


@pytest.mark.parametrize("page", KOREAN, ids=name)
def test_korean_pages_are_built_as_the_english_ones(page: Path) -> None:
    other = FOLDER / page.name
    if page.name != "README.md":
        assert [s.level for s in guide.sections(page)] == [s.level for s in guide.sections(other)]
    assert [told(b) for b in blocks(page)] == [told(b) for b in blocks(other)]
    assert len(re.findall(r"^\|", prose(page), re.MULTILINE)) == len(
        re.findall(r"^\|", prose(other), re.MULTILINE)
    )
    assert len(MENU.findall(prose(page))) == len(MENU.findall(prose(other)))
    assert sorted(keys_of(page)) == sorted(keys_of(other))
    pictures = [link.replace("../", "") for p, link in LINK.findall(prose(page)) if p]
    there = [link for p, link in LINK.findall(prose(other)) if p]
    assert [link.replace("pictures/ko/", "pictures/") for link in pictures] == there


def told(block: Block) -> Block:
    """A block without what each language has of its own: the lesson that it is about."""
    text = "" if block.language == "markdown" else block.text
    return Block(block.language, block.file.replace(".ko.", ".en."), text.replace(".ko.", ".en."))


def test_every_page_for_users_and_teachers_is_there_in_both_languages() -> None:
    for spoken, folder in (("en", FOLDER), ("ko", FOLDER / "ko")):
        using, teaching, _taking_part = (chapter.pages for chapter in guide.contents(spoken))
        assert len(using) >= 13 and len(teaching) >= 2
        for page in (*using, *teaching):
            assert page.path.parent == folder, page.path.name


def keys_of(page: Path) -> list[str]:
    """The keys that a page names."""
    return [span for span in SPAN.findall(prose(page)) if KEYS.match(span) and len(span) > 1]


class TestNames:
    """What the window has: menus, panels, keys."""

    @pytest.fixture(autouse=True)
    def in_the_pages_language(self) -> Iterator[None]:
        yield
        language.set_language("en")

    @pytest.mark.parametrize("page", PAGES, ids=name)
    def test_menus_have_what_is_named(self, page: Path) -> None:
        actions, entries = menu_entries(page)
        for path in MENU.findall(prose(page)):
            parts = tuple(part.strip() for part in path.split("▸"))
            assert parts in entries, f"{' ▸ '.join(parts)} is in no menu"
        assert actions

    @pytest.mark.parametrize("page", PAGES, ids=name)
    def test_panels_are_called_so(self, page: Path) -> None:
        from bpstudio.ui.docks import PANELS

        language.set_language(language_of(page))
        titles = {language._(panel.title) for panel in PANELS}
        for found in PANEL.findall(prose(page)):
            assert "".join(found) in titles, f"there is no panel {''.join(found)}"

    @pytest.mark.parametrize("page", PAGES, ids=name)
    def test_keys_do_something(self, page: Path) -> None:
        actions, _entries = menu_entries(page)
        known = {keys for action in actions for keys in action.shortcut} | on_the_canvas()
        assert [key for key in keys_of(page) if key not in known] == []

    @pytest.mark.parametrize("page", PAGES, ids=name)
    def test_keys_in_tables_give_the_command_beside_them(self, page: Path) -> None:
        from bpstudio.ui.actions import plain

        actions, _entries = menu_entries(page)
        for keys, title in ROW.findall(prose(page)):
            if not KEYS.match(keys):
                continue
            found = [plain(language._(a.text)) for a in actions if keys in a.shortcut]
            assert title.strip() in found, f"{keys} is {found}"


def language_of(page: Path) -> str:
    return "ko" if page.parent.name == "ko" else "en"


def menu_entries(page: Path) -> tuple[list[Action], set[tuple[str, ...]]]:
    """Every command, and every way through the menus in the language of a page."""
    import bpstudio.ui.commands  # noqa: F401 - fills the table
    from bpstudio.ui import actions, menus
    from bpstudio.ui.docks import PANELS

    language.set_language(language_of(page))

    def say(text: str) -> str:
        return actions.plain(language._(text))

    entries: set[tuple[str, ...]] = set()
    for entry in actions.table.values():
        menu = say(menus.TITLES[entry.menu])
        whole = (menu, say(entry.under), say(entry.text)) if entry.under else None
        entries |= {(menu, say(entry.text))} if whole is None else {whole, whole[:2]}
    view = say(menus.TITLES["View"])
    for panel in PANELS:
        under = say(menus.PLOTS if panel.is_plot else menus.PANELS)
        entries |= {(view, under), (view, under, say(panel.title))}
    for title in (menus.RECENT, menus.EXAMPLES, menus.TEMPLATES):
        entries.add((say(menus.TITLES["File"]), say(title)))
    return list(actions.table.values()), entries


@cache
def on_the_canvas() -> frozenset[str]:
    """The keys that the canvas knows beside the commands."""
    from bpstudio.ui.canvas.keyboard import KEYS as OWN

    return frozenset(keys for _words, several in OWN for keys in several.split("  "))
