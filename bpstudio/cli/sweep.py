"""A sweep from the command line: a grid of trainings, as a table and as a picture."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bpstudio.cli.answer import Answer, number, plain, table
from bpstudio.language import _

TABLE, DATA, PICTURE = "table.csv", "table.json", "grid.png"
MOST_LINES = 60
"""Of more runs the table on the screen shows a summary of each setting only."""
PATIENCE = 0.5


def sweep(words: argparse.Namespace) -> Answer:
    """Train every variant with the same seeds; what a folder holds already is not done again."""
    from bpstudio.playback.palette import THEMES
    from bpstudio.playback.sheet import sheet
    from bpstudio.playback.sweep_grid import picture
    from bpstudio.project import file, vary
    from bpstudio.training.executors import executor
    from bpstudio.training.sweeping import Folder, Sweeping

    project = file.load(words.file)
    seeds = range(words.seed, words.seed + words.seeds)
    varied = vary.varied_of(words.vary)
    asked = vary.sweep_of(project, varied, seeds=seeds, steps=words.steps)
    out = Path(words.out)
    with executor(words.executor, words.workers) as place:
        going = Sweeping(asked, place, Folder(out))
        before = len(going.outcomes)
        _follow(going)
    outcomes = [going.outcomes[trial.number] for trial in asked.trials]
    rows = [outcome.figures for outcome in outcomes]
    _write(out, asked, going.outcomes)
    from bpstudio.ui.film import png
    from bpstudio.ui.render import image

    theme = THEMES[words.theme]
    page = sheet([picture(project, asked, going.outcomes, theme=theme)], None, 2.0)
    (out / PICTURE).write_bytes(png(image(page, theme)))
    files = [out / name for name in (TABLE, DATA, PICTURE)]
    data = {"runs": rows, "vary": dict(asked.vary), "seeds": list(seeds), "steps": words.steps}
    data |= {"files": files, "taken_over": before}
    text = f"{_lines(asked, going.outcomes)}\n\n"
    text += _("{count} runs, {before} of them known before. Written: {files}.").format(
        count=len(rows), before=before, files=", ".join(map(str, files))
    )
    return Answer(text, data)


def _follow(going: Any) -> None:
    """Wait for all of it; on a terminal it is said how far it is."""
    began, spoken = time.monotonic(), sys.stderr.isatty()
    first = going.steps
    while not going.over:
        going.news(PATIENCE)
        if spoken:
            taken = going.steps - first
            rate = taken / max(1e-9, time.monotonic() - began)
            left = (going.whole - going.steps) / rate if rate else 0.0
            line = _("{done} of {count} runs, {rate:,.0f} steps/s, {left:.0f} s left").format(
                done=len(going.outcomes), count=len(going.sweep.trials), rate=rate, left=left
            )
            print(f"\r{line}\x1b[K", end="", file=sys.stderr, flush=True)
    if spoken:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _write(out: Path, asked: Any, outcomes: Mapping[int, Any]) -> None:
    """The table as CSV and as JSON."""
    from bpstudio.training.sweeping import table_text

    (out / TABLE).write_text(table_text(asked, outcomes), encoding="utf-8", newline="")
    rows = [outcomes[trial.number].figures for trial in asked.trials]
    text = json.dumps(plain({"runs": rows}), ensure_ascii=False, indent=1)
    (out / DATA).write_text(text, encoding="utf-8")


def _lines(asked: Any, outcomes: Mapping[int, Any]) -> str:
    """Every run in a line, or where these are many every combination of settings."""
    from bpstudio.playback.sweep_grid import grid_of, median

    names = [name for name, _values in asked.vary]
    header = [*names, _("seed"), _("loss"), _("accuracy"), _("test"), _("regions"), _("norm")]
    if len(asked.trials) <= MOST_LINES:
        rows = [
            [*(value for _name, value in o.settings), str(o.seed), *_figures([o])]
            for o in (outcomes[trial.number] for trial in asked.trials)
        ]
        return table(rows, header)
    rows = []
    for cell in grid_of(asked).cells:
        known = [outcomes[trial] for trial in cell.trials]
        solved = sum(bool(outcome.solved) for outcome in known)
        share = _("{solved} of {count} solved").format(solved=solved, count=len(known))
        rows.append([*(value for _name, value in cell.settings), share, *_figures(known, median)])
    header[len(names)] = _("runs")
    return table(rows, header)


def _figures(outcomes: Sequence[Any], middle: Any = None) -> list[str]:
    def of(name: str) -> str:
        values = [getattr(outcome, name) for outcome in outcomes]
        value = middle(values) if middle else values[0]
        return "-" if value is None else number(round(value, 6))

    return [of(name) for name in ("loss", "accuracy", "test_accuracy", "regions", "norm")]
