"""Search over everything: commands, gates, examples, lessons, panels, pages of the guide, and the
nodes of the project.

A thing is found by its names in every language, and Korean ones by their initial consonants too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint

from bpstudio.errors import StudioError
from bpstudio.language import LANGUAGES, N_, _, everywhere
from bpstudio.lessons import guide
from bpstudio.lessons.shelf import every
from bpstudio.project import gallery
from bpstudio.ui import actions, finding, menus
from bpstudio.ui.canvas import adding, searches
from bpstudio.ui.canvas.search_box import Offer, SearchBox
from bpstudio.ui.dialogs import files
from bpstudio.ui.keys import held, native
from bpstudio.ui.panels.entries import entries

if TYPE_CHECKING:
    from bpstudio.lessons.shelf import Shelved
    from bpstudio.ui.panels.entries import Entry
    from bpstudio.ui.window import Window

MOST = 40
"""So many things are shown at most."""
SETTINGS = (
    N_("Learning rate"),
    N_("Optimizer"),
    N_("Batch"),
    N_("Seed"),
    N_("Penalty λ (L2)"),
)
"""What is set in the training panel, beside what commands switch."""


@dataclass(frozen=True)
class Thing:
    """Something that can be found: what it is called, what it is, and what choosing it does."""

    title: str
    kind: str
    take: Callable[[], None]
    names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def open_search(window: Window) -> SearchBox:
    """A line over the canvas, and below it what is found."""
    known = tuple(things(window))
    box = SearchBox(window.canvas, _("Search everything"), partial(_offers, known))
    box.open_at(QPoint((window.canvas.width() - box.width()) // 2, 12))
    return box


def find(known: Sequence[Thing], text: str) -> list[Thing]:
    """What the text finds, the best first; without a text all, in their order."""
    wanted = text.split()
    if not wanted:
        return list(known)
    ranked = []
    for order, thing in enumerate(known):
        place = finding.rank(thing.names or (thing.title,), thing.words, wanted)
        if place is not None:
            ranked.append((place, order))
    return [known[order] for _place, order in sorted(ranked)]


def things(window: Window) -> Iterator[Thing]:
    """Everything that can be found now."""
    yield from _nodes(window)
    for entry in actions.table.values():
        if entry.when(window):
            yield _command(window, entry)
    for dock in window.docks.by_name.values():
        title = dock.panel.title
        open_it = partial(window.docks.open, dock.panel.name)
        yield Thing(_(title), _("panel"), open_it, everywhere(title))
    for title in SETTINGS:
        open_it = partial(window.docks.open, "trainer")
        yield Thing(_(title), _("setting"), open_it, everywhere(title))
    for shelved in every():
        yield from _lesson(window, shelved)
    for example in gallery.examples():
        names = (*everywhere(example.title), example.name)
        words = everywhere(example.sentence)
        open_file = partial(files.open_path, window, example.path)
        yield Thing(_(example.title), _("example"), open_file, names, words)
    for offered in entries():
        add = partial(_add, window, offered)
        kind = _("data set") if offered.is_data else _("gate")
        yield Thing(offered.title, kind, add, offered.names, offered.words)
    yield from _guide(window)


def _nodes(window: Window) -> Iterator[Thing]:
    for node in window.studio.project.graph.nodes.values():
        names = (node.label, node.id)
        kind = _("node · {gate}").format(gate=_(node.op.title))
        yield Thing(node.label, kind, partial(_go_to, window, node.id), names)


def _command(window: Window, entry: actions.Action) -> Thing:
    names = tuple(actions.plain(name) for name in everywhere(entry.text))
    words = everywhere(entry.help) if entry.help else ()
    menu = actions.plain(_(menus.TITLES[entry.menu]))
    shortcut = held(window.studio.preferences.keys)[entry.id]
    kind = " · ".join((menu, *map(native, shortcut[:1])))
    return Thing(actions.plain(_(entry.text)), kind, partial(window.give, entry), names, words)


def _lesson(window: Window, shelved: Shelved) -> Iterator[Thing]:
    titles = [title for each in LANGUAGES if (title := title_of(shelved, each))]
    here = title_of(shelved)
    if here:
        yield Thing(here, _("lesson"), partial(teach, window, shelved), tuple(titles))


def _guide(window: Window) -> Iterator[Thing]:
    """The headings of the guide; the title of a page leads to its beginning."""
    for number, page in enumerate(guide.pages()):
        for place, section in enumerate(guide.sections(page.path)):
            kind = _("guide · {page}").format(page=page.title) if place else _("guide")
            names = guide.in_every_language(number, place)
            yield Thing(section.title, kind, partial(_read, window, page.path, place), names)


def _read(window: Window, path: Path, place: int) -> None:
    from bpstudio.ui.dialogs.guide import show

    show(window, path, place)


def title_of(shelved: Shelved, language: str = "") -> str:
    """The title in a lesson's header; empty where there is none."""
    return header_of(shelved, "title", language)


def header_of(shelved: Shelved, name: str, language: str = "") -> str:
    """A line of a lesson's header, without reading all of it; empty where there is none."""
    with shelved.path(language).open(encoding="utf-8", errors="replace") as file:
        for _number, line in zip(range(20), file, strict=False):
            key, colon, value = line.partition(":")
            if colon and key.strip() == name:
                return value.strip()
    return ""


def teach(window: Window, shelved: Shelved) -> None:
    """Begin a lesson in its panel."""
    from bpstudio.ui.commands.learn import open_lesson
    from bpstudio.ui.lecturing import lecture_of

    try:
        lecture_of(window.studio).begin(shelved)
    except StudioError as error:
        window.studio.complain(error)
        return
    open_lesson(window)


def _go_to(window: Window, id: str) -> None:
    window.studio.select([id])
    if id in window.canvas.scene.bodies:
        window.canvas.bring_into_view(id)


def _add(window: Window, entry: Entry) -> None:
    place = searches.free_place(window.canvas, None)
    if entry.is_data:
        adding.add_data(window.studio, entry.name, place)
    else:
        adding.add_op(window.studio, entry.op, place)


def _offers(known: Sequence[Thing], text: str) -> list[Offer]:
    found = find(known, text)
    offers = [Offer(thing.title, thing.take, thing.kind) for thing in found[:MOST]]
    if not offers:
        offers = [Offer(_("Nothing is called that."), None, _("Try another word."))]
    return offers
