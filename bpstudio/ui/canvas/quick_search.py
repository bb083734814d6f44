"""The quick search: type what something is called, or a formula, and Enter puts it there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QIcon

from bpstudio.engine.formula import build
from bpstudio.errors import FormulaError, GraphError
from bpstudio.language import _, ngettext
from bpstudio.playback.bodies import symbol
from bpstudio.project import fitting
from bpstudio.project.placing import joined
from bpstudio.project.project import Project
from bpstudio.ui.canvas import adding
from bpstudio.ui.canvas.hit import Input, Output, Strand
from bpstudio.ui.canvas.search_box import Offer, SearchBox
from bpstudio.ui.canvas.view import Point
from bpstudio.ui.panels.entries import Entry, called, found
from bpstudio.ui.panels.tiles import tile

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas

Where = Output | Input | Strand | None
"""What the new gate is connected to: a port, a wire that it goes into, or nothing."""
_MOST_FACES = 12


def search(canvas: Canvas, place: Point, where: Where) -> SearchBox:
    """A box that puts what is taken at that place of the canvas, and connects it."""
    asked = _("Search, or type a formula…")
    if where is not None:
        asked = _("Search for what fits, or type a formula…")

    def offers(text: str) -> list[Offer]:
        fit = fitting_entries(canvas.studio.project, text, where)
        rows = [gate_offer(canvas, entry, place, where) for entry in fit]
        if text and not (fit and called(fit[0], text)):
            rows = [*_formula(canvas, text, place, where, alone=not rows), *rows]
        return rows or [Offer(_("Nothing that fits is called so."))]

    return SearchBox(canvas, asked, offers)


def fitting_entries(project: Project, text: str, where: Where) -> list[Entry]:
    """What a text finds and what can stand there: the best find first, else the most usual."""
    entries = [entry for entry in found(text) if where is None or not entry.is_data]
    if isinstance(where, Output):
        source = project.graph[where.node]
        entries = [e for e in entries if fitting.takes(project, source.id, e.op)]
        usual = {entry: fitting.behind(source.op, entry.op) for entry in entries}
    elif isinstance(where, Input):
        target = project.graph[where.node].op
        entries = [e for e in entries if adding.gives_output(e)]
        usual = {entry: fitting.before(target, entry.op) for entry in entries}
    elif where is not None:
        entries = [e for e in entries if adding.takes_input(e) and adding.gives_output(e)]
        usual = {}
    else:
        usual = {}
    return entries if text else sorted(entries, key=lambda entry: usual.get(entry, 0))


def gate_offer(canvas: Canvas, entry: Entry, place: Point, where: Where) -> Offer:
    """A row for a gate, a layer, a loss or a data set."""
    icon = QIcon(tile(entry, canvas.theme, canvas.devicePixelRatioF()))
    take = partial(_put, canvas, entry, place, where)
    return Offer(entry.title, take, icon=icon, help=entry.help)


def _put(canvas: Canvas, entry: Entry, place: Point, where: Where) -> None:
    studio = canvas.studio
    if entry.is_data:
        adding.add_data(studio, entry.name, place)
    elif isinstance(where, Strand):
        adding.add_into(studio, entry.op, place, where.wire)
    elif where is not None:
        adding.add_at(studio, entry.op, place, where)
    else:
        adding.add_op(studio, entry.op, place)


def _formula(canvas: Canvas, text: str, place: Point, where: Where, *, alone: bool) -> list[Offer]:
    """A row for a formula with the gates that it becomes; where nothing else is found, a row that
    says why it is none, or why nothing can be connected to it."""
    project = canvas.studio.project
    ends = adding.ends_of(project, where)
    try:
        formula = build(text)
        entry = joined(project, formula, ends[0]) if ends[0] else ""
    except (FormulaError, GraphError) as error:
        return [Offer(str(error))] if alone else []
    nodes = tuple(node for node in formula.graph.ordered if node.id != entry)
    if all(node.op.category == "source" for node in nodes):
        return []
    words = ngettext("Adds {count} node: {gates}", "Adds {count} nodes: {gates}", len(nodes))
    faces = [node.id if node.op.category == "source" else symbol(node.op) for node in nodes]
    more = " …" if len(faces) > _MOST_FACES else ""
    gates = "  ".join(faces[:_MOST_FACES]) + more
    take = partial(_put_formula, canvas, text, place, ends)
    return [Offer(text, take, words.format(count=len(nodes), gates=gates))]


def _put_formula(canvas: Canvas, text: str, place: Point, ends: adding.Joined) -> None:
    if adding.add_formula(canvas.studio, text, place, ends):
        canvas.bring_into_view(*canvas.studio.selection)
