"""`bpstudio preview`: what an export would write, without writing it."""

from __future__ import annotations

import argparse
from pathlib import Path

from bpstudio.cli.answer import Answer, table
from bpstudio.errors import StudioError
from bpstudio.language import N_, _


def preview(words: argparse.Namespace) -> Answer:
    """The first lines of a text, what a file of numbers holds, or a picture of a page."""
    from bpstudio.exchange import formats
    from bpstudio.exchange.preview import PAGES
    from bpstudio.exchange.preview import preview as previewed
    from bpstudio.project import file

    page = formats.format_of(words.to).ending in PAGES
    if page and not words.out:
        raise StudioError(
            N_("{format} is a page. Name a picture to draw it into: --out X.png"), format=words.to
        )
    project = file.load(words.file)
    found = previewed(project, words.to)
    picture = None
    if page:
        from bpstudio.ui import previews

        picture = Path(words.out)
        previews.save(project, words.to, picture)
    summary = found.summary()
    data = {
        "format": words.to,
        "summary": summary,
        "bytes": found.size,
        "lines": found.lines,
        "rows": found.rows,
        "picture": picture,
    }
    shown = "\n".join(found.lines)
    if found.rows:
        head, *rows = found.rows
        shown = table(rows, head)
    elif picture is not None:
        shown = _("Drawn: {picture}.").format(picture=picture)
    if 0 < len(found.lines) < found.count:
        shown += "\n…"
    return Answer(f"{shown}\n\n{summary}", data)
