"""A process of its own, in which exports are run."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bpstudio import resources
from bpstudio.engine.op import Array
from bpstudio.errors import FileError, reason_of
from bpstudio.exchange import runner
from bpstudio.language import N_, _

TORCH_PYTHON = "BPSTUDIO_TORCH"
"""The variable that names the Python to run PyTorch in, if it is not this one."""
TORCH = ("pytorch", "torchrun")
"""The kinds that PyTorch runs."""
RUN_EXPORTS = "run-exports"
"""The word by which a frozen program runs jobs as `runner` does."""
SECONDS = 300


@dataclass(frozen=True, eq=False)
class Job:
    """An exported file and what to run it on: inputs by name, and targets in order."""

    kind: str
    path: Path
    inputs: Mapping[str, Array]
    targets: Sequence[Array]
    rows: bool


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a job gave: arrays by name and what it ran in, or why it was not run."""

    found: Mapping[str, Array]
    runtime: str = ""
    skipped: str = ""


def run(jobs: Sequence[Job]) -> list[Outcome]:
    """Run jobs, all of those for one Python in one process.

    A job whose runtime is not there is skipped, with the reason. Raises FileError where an export
    does not run though its runtime is there.
    """
    outcomes: dict[int, Outcome] = {}
    pythons: dict[str, list[int]] = {}
    for place, job in enumerate(jobs):
        python, reason = _python(job.kind)
        if reason:
            outcomes[place] = Outcome({}, skipped=reason)
        else:
            pythons.setdefault(python, []).append(place)
    for python, places in pythons.items():
        done = _run_in(python, [jobs[place] for place in places])
        outcomes |= dict(zip(places, done, strict=True))
    return [outcomes[place] for place in range(len(jobs))]


def _python(kind: str) -> tuple[str, str]:
    """The Python for that kind of export, or the reason why there is none."""
    named = os.environ.get(TORCH_PYTHON, "")
    if kind in TORCH and named:
        if Path(named).is_file():
            return named, ""
        return "", _("{variable} names {python}, which is not there.").format(
            variable=TORCH_PYTHON, python=named
        )
    if kind in TORCH and importlib.util.find_spec("torch") is None:
        return "", _("PyTorch is not installed here. {variable} may name a Python with it.").format(
            variable=TORCH_PYTHON
        )
    return sys.executable, ""


def _run_in(python: str, jobs: Sequence[Job]) -> list[Outcome]:
    with tempfile.TemporaryDirectory(prefix="bpstudio-") as name:
        folder = Path(name)
        script = folder / "runner.py"
        script.write_bytes(Path(runner.__file__).read_bytes())
        orders = [_order(job, folder / str(place)) for place, job in enumerate(jobs)]
        (folder / "jobs.json").write_text(json.dumps(orders), "utf-8")
        try:
            ended = subprocess.run(
                [*_words(python, script), str(folder / "jobs.json")],
                cwd=folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _does_not_run(jobs[0], _("it took more than {n} s").format(n=SECONDS)) from None
        except OSError as error:
            told = _("{python} can't be started.").format(python=python)
            raise _does_not_run(jobs[0], f"{told} {reason_of(error)}") from None
        if ended.returncode:
            last = ended.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise _does_not_run(jobs[0], last or f"exit status {ended.returncode}")
        done = json.loads((folder / "done.json").read_text("utf-8"))
        return [
            _outcome(job, answer, folder / str(place))
            for place, (job, answer) in enumerate(zip(jobs, done, strict=True))
        ]


def _words(python: str, script: Path) -> list[str]:
    """What runs a copy of the runner; a frozen program is no Python, and runs it itself."""
    if python == sys.executable and getattr(sys, "frozen", False):
        return [*resources.program(), RUN_EXPORTS]
    return [python, str(script)]


def _order(job: Job, place: Path) -> dict[str, Any]:
    """A job as the runner reads it."""
    arrays = {f"input{i}": value for i, value in enumerate(job.inputs.values())}
    arrays |= {f"target{i}": value for i, value in enumerate(job.targets)}
    given, found = place.with_suffix(".given.npz"), place.with_suffix(".found.npz")
    with given.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    return {
        "kind": job.kind,
        "path": str(job.path.absolute()),
        "given": str(given),
        "found": str(found),
        "inputs": list(job.inputs),
        "targets": len(job.targets),
        "rows": job.rows,
    }


def _outcome(job: Job, answer: Mapping[str, str], place: Path) -> Outcome:
    if "missing" in answer:
        reason = _("{library} is not installed here.").format(library=answer["missing"])
        return Outcome({}, skipped=reason)
    if "error" in answer:
        raise _does_not_run(job, answer["error"])
    with np.load(place.with_suffix(".found.npz"), allow_pickle=False) as found:
        return Outcome(dict(found), answer["runtime"])


def _does_not_run(job: Job, reason: str) -> FileError:
    return FileError(
        N_("{file} was written, but it does not run: {reason}."),
        file=job.path.name,
        reason=reason.rstrip("."),
    )


def _environment() -> dict[str, str]:
    """Our environment without what would change how another Python starts, on one thread."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return kept | threads | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
