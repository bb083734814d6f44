"""The demonstration without a screen: XOR trained, checked, drawn, exported and verified."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from bpstudio.cli.answer import Answer, number, table
from bpstudio.cli.commands import PASSED
from bpstudio.language import _

STEPS = 1000
PICTURES = (
    ("graph-forward.png", "graph", "forward"),
    ("graph-backward.png", "graph", "backward"),
    ("graph-update.png", "graph", "update"),
    ("loss.png", "loss", "forward"),
    ("boundary.png", "boundary", "forward"),
    ("flow.gif", "graph", None),
)


def demo(words: argparse.Namespace) -> Answer:
    """Do it all into one folder; exit status 1 if a check or an export fails."""
    from bpstudio.data import toys
    from bpstudio.engine.check import gradient_check
    from bpstudio.playback.scene import laid_out
    from bpstudio.project import build, file, runs
    from bpstudio.project.project import arguments, parameter_count
    from bpstudio.training.trainer import train_now
    from bpstudio.ui.render import render

    out = Path(words.out)
    out.mkdir(parents=True, exist_ok=True)
    project = laid_out(build.network(toys.make("xor"), (2, 4, 1)))
    checked = gradient_check(project.graph, arguments(project), project.weights)
    result = train_now(runs.job(project, STEPS))
    project = runs.landed(project, result)
    file.save(project, out / "xor.bps")
    files = [out / "xor.bps"]
    for name, view, phase in PICTURES:
        render(project, out / name, views=[view], phase=phase)
        files.append(out / name)
    exports, rows, failed = _exports(project, out)
    files += [Path(path) for entry in exports for path in entry["files"]]
    right = result.metrics.accuracy
    data = {
        "loss_first": result.losses[0],
        "loss_last": result.losses[-1],
        "steps": len(result.losses),
        "accuracy": right,
        "max_relative_error": checked.max_relative_error,
        "files": files,
        "exports": exports,
    }
    text = "\n".join(
        [
            _("XOR, 2-4-1: {steps} steps, loss {first} → {last}, accuracy {accuracy:.0%}.").format(
                steps=STEPS,
                first=number(result.losses[0]),
                last=number(result.losses[-1]),
                accuracy=right,
            ),
            _("Gradient check of {count} parameters: largest relative error {error:.2g}.").format(
                count=parameter_count(project), error=checked.max_relative_error
            ),
            "",
            table(rows, (_("export"), _("run in"), _("largest difference"))),
            "",
            _("Pictures, the project and the exports are in {folder}.").format(
                folder=out.resolve()
            ),
        ]
    )
    return Answer(text, data, 1 if failed or checked.max_relative_error > PASSED else 0)


def _exports(project: Any, out: Path) -> tuple[list[dict[str, Any]], list[list[str]], bool]:
    """Every format written and run: what became of each, as data and as rows."""
    from bpstudio.exchange import formats

    entries: list[dict[str, Any]] = []
    rows: list[list[str]] = []
    failed = False
    for form in formats.FORMATS.values():
        path = out / f"xor-{form.name}{form.ending}"
        entry: dict[str, Any] = {"format": form.name, "path": path, "files": []}
        entry["max_difference"] = None
        entries.append(entry)
        if form.missing:
            entry["skipped"] = _("{libraries} is not installed.").format(
                libraries=", ".join(form.missing)
            )
            rows.append([form.name, "-", entry["skipped"]])
            continue
        entry["files"] = formats.export(project, form.name, path)
        found = formats.verify(project, form.name, path)
        if found.skipped:
            entry["skipped"] = found.skipped
            rows.append([form.name, "-", found.skipped])
        else:
            entry |= {"max_difference": found.max_difference, "runtime": found.runtime}
            rows.append([form.name, found.runtime, f"{found.max_difference:.2g}"])
            failed = failed or not found.passed
    return entries, rows, failed
