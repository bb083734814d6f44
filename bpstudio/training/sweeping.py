"""A sweep on its way: pieces handed out, results taken in, and kept in a folder as they come.

    with executor("local") as place:
        going = Sweeping(sweep, place, folder)
        while not going.over:
            for outcome in going.news(timeout=1.0): …

The folder holds `sweep.json` (which sweep it is), `runs.jsonl` (a line for each trial, as soon as
it is done) and `runs/N.npz` (its weights, statistics and losses). A sweep that was ended from
outside goes on there where it was.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.training.sweep import Outcome, Portion, Sweep, advanced, portions, together

ABOUT, LINES, ARRAYS = "sweep.json", "runs.jsonl", "runs"
PARTS = ("weights", "statistics")
_NOT_WHOLE = (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile, zlib.error)
"""What reading a line and its arrays may raise where they are not what was written."""


@dataclass(frozen=True, eq=False)
class Glimpse:
    """The weights of a trial that is not done yet, after so many steps."""

    number: int
    step: int
    weights: Mapping[str, Array]


class Sweeping:
    """Drives one sweep; `outcomes` are there by number, `glimpses` of those still under way.

    What is `known` of it, or lies in its folder, is not done again.
    `steps` counts the steps taken by all trials together, of `whole`.
    """

    def __init__(
        self,
        sweep: Sweep,
        place: Executor,
        folder: Folder | None = None,
        known: Mapping[int, Outcome] | None = None,
    ) -> None:
        self.sweep, self.folder = sweep, folder
        self.outcomes = dict(known or {})
        if folder is not None:
            held = folder.outcomes(sweep)
            for number in self.outcomes.keys() - held.keys():
                folder.add(self.outcomes[number])
            self.outcomes |= held
        self.glimpses: dict[int, Glimpse] = {}
        self.whole = sweep.steps * len(sweep.trials)
        self._place = place
        self._going: dict[Future[Any], Portion] = {}
        for portion in portions(sweep, self.outcomes):
            self._submit(portion)

    @property
    def over(self) -> bool:
        """Whether nothing is under way any more."""
        return not self._going

    @property
    def steps(self) -> int:
        """How many steps all trials have taken."""
        under_way = (glimpse.step for n, glimpse in self.glimpses.items() if n not in self.outcomes)
        return sum(under_way) + sum(self.sweep.steps for _ in self.outcomes)

    def news(self, timeout: float = 0.0) -> list[Outcome]:
        """The trials done since the last call; waits up to `timeout` seconds for any progress.

        Raises StudioError where a network can't be trained, or the processes were ended from
        outside.
        """
        found: list[Outcome] = []
        ready, _ = wait(self._going, timeout, FIRST_COMPLETED)
        try:
            for future in ready:
                portion, outcomes = future.result()
                losses = together(self._going.pop(future).losses, portion.losses)
                found += self._taken(replace(portion, losses=losses), outcomes)
        except BrokenExecutor:
            raise StudioError(
                N_("The processes of the sweep were ended from outside. Start it again.")
            ) from None
        return found

    def _taken(self, portion: Portion, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """What is new of a portion that comes back; it goes on if it is not over."""
        for place, trial in enumerate(portion.trials):
            glimpse = Glimpse(trial.number, portion.step, portion.weights(place))
            self.glimpses[trial.number] = glimpse
        whole = {
            trial.number: losses
            for trial, losses in zip(portion.trials, portion.losses, strict=False)
        }
        new = [
            replace(outcome, losses=whole.get(outcome.number, outcome.losses))
            for outcome in outcomes
            if outcome.number not in self.outcomes
        ]
        for outcome in new:
            self.outcomes[outcome.number] = outcome
            if self.folder is not None:
                self.folder.add(outcome)
        if not portion.over:
            self._submit(portion)
        return new

    def _submit(self, portion: Portion) -> None:
        # The losses so far stay here: the longer the way, the more of them would go there and back.
        self._going[self._place.submit(advanced, replace(portion, losses=()))] = portion


class Folder:
    """The folder of a sweep."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def outcomes(self, sweep: Sweep) -> Mapping[int, Outcome]:
        """What it holds of this sweep already; begins it where it holds none.

        Raises StudioError where it holds another sweep.
        """
        about = self.path / ABOUT
        (self.path / ARRAYS).mkdir(parents=True, exist_ok=True)
        if about.exists():
            if _fingerprint(about) != sweep.fingerprint:
                raise StudioError(
                    N_("{folder} holds the results of another sweep. Choose another folder."),
                    folder=self.path,
                )
            return self._read(sweep)
        vary = {name: list(values) for name, values in sweep.vary}
        words: dict[str, Any] = {"fingerprint": sweep.fingerprint, "vary": vary}
        words |= {"seeds": list(sweep.seeds), "steps": sweep.steps}
        text = json.dumps(words, ensure_ascii=False, indent=1)
        about.write_text(text, encoding="utf-8")
        return {}

    def add(self, outcome: Outcome) -> None:
        """Keep a result: its arrays first, so that a line never tells of what is not there."""
        arrays = {"losses": outcome.losses}
        for part in PARTS:
            values: Mapping[str, Array] = getattr(outcome, part)
            arrays |= {f"{part}/{key}": value for key, value in values.items()}
        with self._arrays(outcome.number).open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        line = json.dumps(_plain(outcome.figures), ensure_ascii=False)
        with (self.path / LINES).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def _read(self, sweep: Sweep) -> dict[int, Outcome]:
        found: dict[int, Outcome] = {}
        lines = self.path / LINES
        trials = {trial.number: trial for trial in sweep.trials}
        text = lines.read_text(encoding="utf-8", errors="replace") if lines.exists() else ""
        for line in text.split("\n"):
            try:
                figures = json.loads(line)
                trial = trials[figures["number"]]
                outcome = self._outcome(figures, trial.settings)
            except _NOT_WHOLE:
                continue  # the last line of a sweep that was ended while it wrote; done again
            found[outcome.number] = outcome
        if lines.exists():
            # What comes next must not join a line that was not ended.
            whole = [json.dumps(_plain(o.figures), ensure_ascii=False) for o in found.values()]
            # At once: one that is ended now has the old lines or the new ones.
            new = lines.with_suffix(".new")
            new.write_text("".join(f"{line}\n" for line in whole), encoding="utf-8")
            os.replace(new, lines)
        return found

    def _outcome(self, figures: dict[str, Any], settings: Any) -> Outcome:
        parts: dict[str, dict[str, Array]] = {part: {} for part in PARTS}
        losses = np.zeros(0)
        # Opened here: NumPy leaves open what is no archive, and Windows then keeps it from change.
        with (
            self._arrays(figures["number"]).open("rb") as opened,
            np.load(opened, allow_pickle=False) as file,
        ):
            for name in file.files:
                part, _, key = name.partition("/")
                if part == "losses":
                    losses = file[name]
                else:
                    parts[part][key] = file[name]
        numbers = {k: _number(v) for k, v in figures.items() if k != "settings"}
        return Outcome(**{**numbers, "settings": settings, "losses": losses, **parts})

    def _arrays(self, number: int) -> Path:
        return self.path / ARRAYS / f"{number}.npz"


def table_text(sweep: Sweep, outcomes: Mapping[int, Outcome]) -> str:
    """What is known as CSV: a line for each trial, a column for each setting and each figure."""
    rows = [outcomes[t.number].figures for t in sweep.trials if t.number in outcomes]
    names = [name for name, _values in sweep.vary]
    figures = [key for key in (rows[0] if rows else ()) if key != "settings"]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*names, *figures])
    for row in rows:
        values = [*(row["settings"][name] for name in names), *(row[key] for key in figures)]
        writer.writerow(["" if value is None else value for value in values])
    return text.getvalue()


def _fingerprint(about: Path) -> Any:
    try:
        return json.loads(about.read_text(encoding="utf-8")).get("fingerprint")
    except (ValueError, AttributeError):
        return None


def _plain(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Figures as JSON has them: what is not finite as a word."""
    return {
        key: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in figures.items()
    }


def _number(value: Any) -> Any:
    return float(value) if value in ("nan", "inf", "-inf") else value
