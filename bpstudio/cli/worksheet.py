"""`bpstudio worksheet`: a project or a lesson as pages to print, with their solution."""

from __future__ import annotations

import argparse
from pathlib import Path

from bpstudio.cli.answer import Answer
from bpstudio.language import _, ngettext


def worksheet(words: argparse.Namespace) -> Answer:
    """Write the pages of a project, or of a lesson's file or folder, as PDF."""
    from bpstudio.lessons import shelf
    from bpstudio.project import file
    from bpstudio.ui import worksheet

    place = Path(words.file)
    if place.suffix.lower() == file.SUFFIX:
        pages = worksheet.of_project(file.load(place))
    else:
        lessons = shelf.found_in(place)
        pages = tuple(
            page for each in lessons for page in worksheet.of_lesson(each.read(words.lang))
        )
    worksheet.save(pages, Path(words.out))
    counted = ngettext("{count} page", "{count} pages", len(pages)).format(count=len(pages))
    text = _("{path}: {pages}").format(path=words.out, pages=counted)
    return Answer(text, {"path": words.out, "pages": len(pages)})
