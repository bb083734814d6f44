"""`bpstudio import`: a model from another tool as a project."""

from __future__ import annotations

import argparse
from typing import Any

from bpstudio.cli.answer import Answer, table
from bpstudio.errors import StudioError
from bpstudio.language import N_, _, ngettext


def import_model(words: argparse.Namespace) -> Answer:
    """A model from another tool, as a project."""
    from bpstudio.exchange import importing, layers_file
    from bpstudio.project import file
    from bpstudio.project.project import parameter_count

    if words.snippet:
        return Answer(layers_file.SNIPPETS[words.snippet], {"snippet": words.snippet})
    if not (words.model and words.out):
        raise StudioError(N_("import needs MODEL --out P.bps, or --snippet LIBRARY."))
    into = file.load(words.into) if words.into else None
    imported = importing.import_model(words.model, into=into, data=_data(words.data))
    file.save(imported.project, words.out)
    nodes, parameters = len(imported.project.graph.nodes), parameter_count(imported.project)
    data: dict[str, Any] = {"path": words.out, "nodes": nodes, "parameters": parameters}
    data["not_understood"] = [
        {"name": each.name, "operator": each.kind, "reason": each.reason}
        for each in imported.not_understood
    ]
    text = _("{path}: {nodes} nodes, {parameters} parameters").format(**data)
    if unknown := imported.not_understood:
        told = ngettext(
            "{count} operator is not understood and stands as an inert gate:",
            "{count} operators are not understood and stand as inert gates:",
            len(unknown),
        ).format(count=len(unknown))
        rows = [(each.name or "-", each.kind, each.reason) for each in unknown]
        text += f"\n{told}\n{table(rows, (_('node'), _('operator'), _('reason')))}"
    return Answer(text, data)


def _data(name: str | None) -> Any:
    from pathlib import Path

    from bpstudio.data import tables, toys

    if name is None:
        return None
    if name in toys.TOYS:
        return toys.make(name)
    return tables.read(Path(name))
