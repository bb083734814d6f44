"""What was done, on one page: the network, its curve, its weights, its settings, the versions.

What it says is a value (`tables`, `pictures`), which is written as a page, as Markdown and, by Qt
in a process of its own, as PDF.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bpstudio import __version__, resources
from bpstudio.errors import FileError
from bpstudio.exchange.diagram import svg
from bpstudio.exchange.files import Files
from bpstudio.exchange.names import remark
from bpstudio.exchange.web import SECURITY, STYLE
from bpstudio.language import N_, _, current_language
from bpstudio.playback import views, weight_views
from bpstudio.playback.marks import Picture
from bpstudio.playback.picture import picture
from bpstudio.playback.planes import planes
from bpstudio.project import file
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project, complete, parameter_count
from bpstudio.training.probes import Unseen, plane_of

Rows = list[tuple[str, ...]]
DRAW_REPORT = "draw-report"
"""The word by which the program draws a report as PDF."""
SECONDS = 300
CELLS, ROWS = 56, 64
"""What a neuron computes is drawn in so many cells each way, or for so many rows of the data."""
ROW = 600.0
"""Weights stand side by side up to so many canvas units."""
MOST_WEIGHTS = 64
"""So many weights are drawn at most; the table has them all."""


def losses(project: Project) -> Files:
    """The loss of every step of the training as CSV."""
    lines = [f"{step},{loss!r}" for step, loss in enumerate(project.trained.losses.tolist(), 1)]
    return Files("\n".join(["step,loss", *lines, ""]).encode())


def markdown(project: Project) -> Files:
    """The report as Markdown, without pictures."""
    parts = [f"# {_mark(title(project))}", _mark(project.note)]
    for heading, rows in tables(project):
        parts.append(f"## {heading}")
        head, *rest = rows
        lines = [head, ("---",) * len(head), *rest]
        parts.append("\n".join("| " + " | ".join(map(_mark, row)) + " |" for row in lines))
    return Files(("\n\n".join(part for part in parts if part) + "\n").encode())


def html(project: Project) -> Files:
    """The report as a page, with its pictures in it; it prints as well."""
    ids = (f"p{number}c" for number in count(1))
    parts = [
        "".join(svg(each, title=name, ids=next(ids)) for name, each in row)
        for row in pictures(project)
    ]
    parts = [f'<figure class="row">{part}</figure>' for part in parts]
    for heading, (head, *rest) in tables(project):
        cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rest
        )
        parts.append(f"<h2>{escape(heading)}</h2><table><tr>{cells}</tr>{body}</table>")
    page = f"""<!doctype html>
<html lang="{current_language()}"><head><meta charset="utf-8">{SECURITY}
<title>{escape(title(project))}</title><style>{STYLE}
table {{ border-collapse: collapse; margin-bottom: 20px; }}
td, th {{ border: 1px solid var(--border); padding: 4px 10px; text-align: left;
  overflow-wrap: anywhere; }}
figure {{ margin-bottom: 16px; break-inside: avoid; }}
.row {{ display: flex; flex-wrap: wrap; gap: 16px; justify-content: center;
  align-items: flex-start; }}
.row svg {{ flex: 0 1 auto; width: auto; max-width: 100%; }}
tr {{ break-inside: avoid; }}
</style></head><body><h1>{escape(title(project))}</h1>
<p>{escape(project.note)}</p>{"".join(parts)}</body></html>
"""
    return Files(page.encode("utf-8", "replace"))


def pdf(project: Project) -> Files:
    """The report as PDF. Raises FileError where Qt can't draw it."""
    with TemporaryDirectory(prefix="bpstudio-") as name:
        source, out = Path(name) / "project.bps", Path(name) / "report.pdf"
        file.save(project, source)
        environment = dict(os.environ)
        if sys.platform.startswith("linux"):
            environment["QT_QPA_PLATFORM"] = "offscreen"
        words = [DRAW_REPORT, str(source), str(out), current_language()]
        try:
            ended = subprocess.run(
                [*resources.program(), *words],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=SECONDS,
                check=False,
            )
        except (subprocess.TimeoutExpired, OSError) as error:
            raise _not_drawn(error) from None
        if ended.returncode or not out.exists():
            said = ended.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise _not_drawn(said or f"exit status {ended.returncode}")
        return Files(out.read_bytes())


def title(project: Project) -> str:
    """What stands above the report."""
    return project.title or "Backprop Studio"


def pictures(project: Project) -> list[list[tuple[str, Picture]]]:
    """The pictures with their names, in rows side by side: the network, its curve, its weights."""
    if not project.graph.nodes:
        return []
    whole = complete(project)
    beside = []
    if len(whole.trained.losses):
        beside.append((_("Loss"), views.loss(whole)))
    if whole.data is not None and not isinstance(plane_of(whole.data.features, 2), Unseen):
        beside.append((_("Decision boundary"), views.boundary(whole)))
    tiles = planes(whole, recording=iteration(whole, most_rows=ROWS), cells=CELLS, once=True)
    weights = list(weight_views.each_weight(whole))[:MOST_WEIGHTS]
    rows = [[(title(project), picture(whole, planes=tiles))], beside]
    rows += [[(_("Weights"), each) for each in row] for row in _side_by_side(weights)]
    return [row for row in rows if row]


def _side_by_side(pictures: list[Picture]) -> Iterator[list[Picture]]:
    """The pictures in rows of no more than so much width."""
    row: list[Picture] = []
    for each in pictures:
        if row and sum(other.bounds.width for other in (*row, each)) > ROW:
            yield row
            row = []
        row.append(each)
    if row:
        yield row


def tables(project: Project) -> list[tuple[str, Rows]]:
    """The tables with their headings; the first row of each is its head."""
    whole = complete(project)
    return [
        (_("Network"), _network(whole)),
        (_("Training"), _training(whole)),
        (_("Weights"), _weights(whole)),
        (_("Versions"), _versions()),
    ]


def _not_drawn(reason: object) -> FileError:
    return FileError(N_("The report can't be drawn: {reason}"), reason=reason)


def _network(project: Project) -> Rows:
    known = project.known_shapes
    rows: Rows = [(_("node"), _("gate"), _("shape"))]
    for node in project.graph.ordered:
        rows.append((node.label, _(node.op.title), str(known.get(node.id, "?"))))
    return rows


def _training(project: Project) -> Rows:
    settings, trained = project.training, project.trained
    rows: Rows = [
        (_("setting"), _("value")),
        (_("optimizer"), settings.optimizer.name),
        *((name, f"{value:g}") for name, value in settings.optimizer.settings.items()),
        (_("batch"), _("all rows") if settings.batch is None else str(settings.batch)),
        (_("seed"), str(settings.seed)),
        ("L1, L2", f"{settings.l1:g}, {settings.l2:g}"),
        (_("steps"), str(trained.steps)),
        (_("parameters"), str(parameter_count(project))),
    ]
    if len(trained.losses):
        rows.append((_("loss"), f"{trained.losses[0]:.6g} → {trained.losses[-1]:.6g}"))
    if project.data is not None:
        rows.append((_("data"), f"{project.data.name} ({len(project.data)})"))
    return rows


def _weights(project: Project) -> Rows:
    rows: Rows = [(_("weight"), _("shape"), _("smallest"), _("mean"), _("largest"))]
    for key, value in {**project.weights, **project.statistics}.items():
        if value.size:
            numbers = (f"{float(f(value)):.6g}" for f in (np.min, np.mean, np.max))
            rows.append((key, " × ".join(map(str, value.shape)) or "1", *numbers))
    return rows


def _versions() -> Rows:
    return [
        (_("program"), _("version")),
        ("Backprop Studio", __version__),
        ("Python", platform.python_version()),
        ("NumPy", np.__version__),
    ]


def _mark(text: str) -> str:
    """Text that Markdown leaves as it is, on one line."""
    return "".join(
        "\\" + sign if sign in "\\`*_{}[]<>#|~!" else sign for sign in remark(text, 2000)
    )
