"""What was done, on one page: the network, its curve, its weights, its settings, the versions."""

from __future__ import annotations

import platform
from html import escape

import numpy as np

from bpstudio import __version__
from bpstudio.exchange.diagram import svg
from bpstudio.exchange.files import Files
from bpstudio.exchange.names import remark
from bpstudio.exchange.web import SECURITY, STYLE
from bpstudio.language import _, current_language
from bpstudio.playback import views
from bpstudio.playback.picture import picture
from bpstudio.project.project import Project, complete, parameter_count

Rows = list[tuple[str, ...]]


def losses(project: Project) -> Files:
    """The loss of every step of the training as CSV."""
    lines = [f"{step},{loss!r}" for step, loss in enumerate(project.trained.losses.tolist(), 1)]
    return Files("\n".join(["step,loss", *lines, ""]).encode())


def markdown(project: Project) -> Files:
    """The report as Markdown, without pictures."""
    parts = [f"# {_mark(_title(project))}", _mark(project.note)]
    for heading, rows in _tables(project):
        parts.append(f"## {heading}")
        head, *rest = rows
        lines = [head, ("---",) * len(head), *rest]
        parts.append("\n".join("| " + " | ".join(map(_mark, row)) + " |" for row in lines))
    return Files(("\n\n".join(part for part in parts if part) + "\n").encode())


def html(project: Project) -> Files:
    """The report as a page, with the graph and the curve in it; it prints as well."""
    pictures = [svg(picture(project), title=_title(project))]
    if len(project.trained.losses):
        pictures.append(svg(views.loss(project), title=_("Loss")))
    parts = [f"<figure>{each}</figure>" for each in pictures if project.graph.nodes]
    for heading, (head, *rest) in _tables(project):
        cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rest
        )
        parts.append(f"<h2>{escape(heading)}</h2><table><tr>{cells}</tr>{body}</table>")
    page = f"""<!doctype html>
<html lang="{current_language()}"><head><meta charset="utf-8">{SECURITY}
<title>{escape(_title(project))}</title><style>{STYLE}
table {{ border-collapse: collapse; margin-bottom: 20px; }}
td, th {{ border: 1px solid var(--border); padding: 4px 10px; text-align: left;
  overflow-wrap: anywhere; }}
figure {{ margin-bottom: 16px; break-inside: avoid; }}
</style></head><body><h1>{escape(_title(project))}</h1>
<p>{escape(project.note)}</p>{"".join(parts)}</body></html>
"""
    return Files(page.encode())


def _title(project: Project) -> str:
    return project.title or "Backprop Studio"


def _tables(project: Project) -> list[tuple[str, Rows]]:
    whole = complete(project)
    return [
        (_("Network"), _network(whole)),
        (_("Training"), _training(whole)),
        (_("Weights"), _weights(whole)),
        (_("Versions"), _versions()),
    ]


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
