"""The guide: documents that are shown in the studio as they are shown in the repository.

They are Markdown in `resources/guide`, and in a folder of its own for each further language. The
README of such a folder is the contents: chapters, and below each a list of links to its pages. What
a language does not have, its README links in English.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bpstudio import resources
from bpstudio.language import LANGUAGES, current_language

_LISTED = re.compile(r"^- \[(?P<title>[^\]]+)\]\((?P<link>[^)#]+\.md)\)", re.MULTILINE)
_HEADING = re.compile(r"^(?P<marks>#{1,4}) +(?P<title>.+?)\s*$")


@dataclass(frozen=True)
class Section:
    """A heading, how deep it lies (1 is the page's title), and what stands below it."""

    title: str
    level: int
    text: str

    @property
    def anchor(self) -> str:
        """What a link to it ends with, as GitHub makes it: `#a-table-of-your-own`."""
        kept = re.sub(r"[^\w\- ]", "", plain(self.title).lower())
        return kept.replace(" ", "-")


@dataclass(frozen=True)
class Page:
    """A document, and what it is called in the contents."""

    title: str
    path: Path


@dataclass(frozen=True)
class Chapter:
    """A part of the contents, with its pages."""

    title: str
    pages: tuple[Page, ...]


def folder() -> Path:
    """Where all documents and their pictures lie; nothing outside it is ever shown."""
    return resources.path("guide")


def first(language: str = "") -> Path:
    """The page of the contents; in English for a language that has no documents."""
    own = folder() / (language or current_language()) / "README.md"
    return own if own.is_file() else folder() / "README.md"


def contents(language: str = "") -> tuple[Chapter, ...]:
    """The chapters in their order, as the contents of the language have them."""
    return _chapters(first(language))


@cache
def _chapters(start: Path) -> tuple[Chapter, ...]:
    parts = re.split(r"^## +(.+)$", start.read_text("utf-8"), flags=re.MULTILINE)
    chapters = []
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        listed = tuple(
            Page(plain(found["title"]), (start.parent / found["link"]).resolve())
            for found in _LISTED.finditer(body)
        )
        if listed:
            chapters.append(Chapter(title.strip(), listed))
    return tuple(chapters)


def pages(language: str = "") -> tuple[Page, ...]:
    """Every page of the contents, from the first to the last."""
    return tuple(page for chapter in contents(language) for page in chapter.pages)


@cache
def sections(path: Path) -> tuple[Section, ...]:
    """What a page consists of, in its order; a heading within a block of code is none."""
    found: list[tuple[str, int, list[str]]] = []
    fence = ""
    for line in path.read_text("utf-8").splitlines():
        ticks = re.match("`{3,}", line)
        if ticks is not None and not fence:
            fence = ticks[0]
        elif fence and line.startswith(fence):
            fence = ""
        heading = None if fence else _HEADING.match(line)
        if heading is not None:
            found.append((heading["title"], len(heading["marks"]), []))
        elif found:
            found[-1][2].append(line)
    return tuple(Section(plain(title), level, "\n".join(body)) for title, level, body in found)


def in_every_language(page: int, place: int) -> tuple[str, ...]:
    """What a heading is called, by its place on a page; the current language comes first.

    Pages of all languages have the same headings in the same order, which a test holds.
    """
    titles = []
    for language in (current_language(), *LANGUAGES):
        there = pages(language)
        if page < len(there) and place < len(parts := sections(there[page].path)):
            titles.append(parts[place].title)
    return tuple(dict.fromkeys(titles))


def linked(origin: Path, link: str) -> tuple[Path, str] | None:
    """The page and the anchor to which a link on a page leads; None unless it lies in the guide."""
    target, _hash, anchor = link.partition("#")
    path = (origin.parent / target).resolve() if target else origin
    inside = path.is_relative_to(folder().resolve()) and path.is_file()
    return (path, anchor) if inside else None


def plain(text: str) -> str:
    """A heading without the ticks and stars of Markdown."""
    return re.sub(r"[`*]", "", text).strip()
