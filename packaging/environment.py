"""The virtual environment of the project: made once, kept up to date, quick to look at."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import system_libraries
from system_libraries import announce

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOCK = ROOT / "packaging" / "requirements.lock"

# Written last: what the environment was made from. Its absence means: not ours, or not finished.
STAMP = VENV / "bpstudio-stamp.json"
# Written first and removed last where we make or change our own: its presence means: interrupted.
UNFINISHED = VENV / "bpstudio-unfinished"
PIP_LOG = VENV / "bpstudio-pip.log"


class Stopped(Exception):
    """The work cannot go on; the message is one sentence for a person."""


@dataclass(frozen=True)
class Stamp:
    """What an environment was made from."""

    contents: str  # hash of the files that say what belongs into it
    python: str  # "3.11"
    root: str  # scripts and the editable install hold absolute paths
    ours: bool  # made here, so it may be thrown away and made again


def wanted_stamp(ours: bool) -> Stamp:
    """The stamp of an environment that is up to date for this Python, folder and lock."""
    contents = hashlib.sha256()
    for source in (LOCK, ROOT / "pyproject.toml", ROOT / "packaging" / "build_hook.py"):
        contents.update(source.read_bytes())
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Stamp(contents.hexdigest(), python, str(ROOT), ours)


def read_stamp(file: Path) -> Stamp | None:
    """The stamp that an environment carries; None where there is none that can be read."""
    try:
        return Stamp(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def remedy(found: Stamp | None, wanted: Stamp, unfinished: bool, python_works: bool) -> str:
    """What to do with an environment: "nothing", "complete" what is there, or "make" a new one."""
    if unfinished or not python_works:
        return "make"
    if found is None:
        return "complete"
    if found.ours and (found.python, found.root) != (wanted.python, wanted.root):
        return "make"
    # One that was only found may stand on another Python than the one that runs this.
    same = (found.contents, found.root) == (wanted.contents, wanted.root)
    return "nothing" if same else "complete"


def prepare() -> None:
    """Brings the environment, the system's libraries and the translations up to date.

    Raises `Stopped` where that is impossible.
    """
    found = read_stamp(STAMP)
    wanted = wanted_stamp(ours=found.ours if found else False)
    # Asking Python itself is needed only where no stamp vouches for it.
    python_works = PYTHON.exists() and (found is not None or _answers(PYTHON))
    work = remedy(found, wanted, UNFINISHED.exists(), python_works)
    system_libraries.bring(making_venv=work == "make", refused=VENV / "bpstudio-refused")
    if work == "make":
        _make()
        wanted = wanted_stamp(ours=True)
    if work != "nothing":
        _install(wanted)
    compile_translations()


def clean_environ() -> dict[str, str]:
    """The variables of this process without those that would lead Python to other libraries."""
    misleading = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
    return {name: value for name, value in os.environ.items() if name not in misleading}


def compile_translations() -> None:
    """Compiles the catalogs if one is newer than what was made of it."""
    folder = ROOT / "resources" / "translations"
    catalogs = folder.glob("*/LC_MESSAGES/bpstudio.po")
    if any(_is_stale(catalog.with_suffix(".mo"), catalog) for catalog in catalogs):
        command = ("-m", "babel.messages.frontend", "-q", "compile", "-D", "bpstudio")
        compiling = _run(*command, "-d", folder)
        if compiling.returncode:
            raise Stopped(f"The translations could not be compiled: {_last_line(compiling)}")


def _is_stale(made: Path, source: Path) -> bool:
    return not made.exists() or made.stat().st_mtime < source.stat().st_mtime


def _answers(python: Path) -> bool:
    """Whether an interpreter still works: the one it was made from may have been removed."""
    try:
        asked = subprocess.run([python, "-c", ""], env=clean_environ(), check=False)
    except OSError:
        return False
    return asked.returncode == 0


def _make() -> None:
    """A new environment with pip in it, and nothing else."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    _discard()
    announce(f"Making the virtual environment {VENV}")
    VENV.mkdir()
    UNFINISHED.touch()
    making = subprocess.run(
        [base, "-m", "venv", VENV],
        env=clean_environ(),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if making.returncode:
        raise Stopped(f"No virtual environment could be made: {_last_line(making)}")


def _discard() -> None:
    """Removes the environment, in a way that leaves no half of it when it is interrupted."""
    discarded = VENV.with_name(".venv-discarded")
    shutil.rmtree(discarded, ignore_errors=True)
    if VENV.exists():
        known = UNFINISHED.exists() or (VENV / "pyvenv.cfg").exists()
        if not known and any(VENV.iterdir()):
            raise Stopped(f"{VENV} is no virtual environment; move it away.")
        VENV.rename(discarded)
        shutil.rmtree(discarded, ignore_errors=True)


def _install(stamp: Stamp) -> None:
    """Installs the locked libraries and the project itself, then writes the stamp."""
    if stamp.ours:
        UNFINISHED.touch()
    PIP_LOG.unlink(missing_ok=True)
    if _run("-c", "import pip").returncode:
        _run("-m", "ensurepip")
    announce("Installing the libraries; the first time this takes a few minutes")
    try:
        _pip("install", "--require-hashes", "-r", LOCK)
        _pip("install", "--no-index", "--no-build-isolation", "--no-deps", "--editable", ROOT)
    except Stopped:
        # pip gives up before it changes anything, so what was complete is still of use.
        if STAMP.exists():
            UNFINISHED.unlink(missing_ok=True)
        raise
    _spell_path_in_ascii()
    STAMP.write_text(json.dumps(asdict(stamp), indent=1), encoding="utf-8")
    UNFINISHED.unlink(missing_ok=True)


def _pip(*words: str | Path) -> None:
    outcome = _run("-m", "pip", "-q", "--disable-pip-version-check", "--no-input", *words)
    with PIP_LOG.open("a", encoding="utf-8") as log:
        log.write(outcome.stdout + outcome.stderr)
    if outcome.returncode:
        raise Stopped(
            f"The libraries could not be installed ({last_error(outcome.stderr)}): "
            f"look whether the network works and type the command again; "
            f"all that pip said is in {PIP_LOG}."
        )


def last_error(output: str) -> str:
    """The last complaint of pip."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["pip said nothing"])[-1].removesuffix(".")


def _last_line(outcome: subprocess.CompletedProcess[str]) -> str:
    lines = (outcome.stdout + outcome.stderr).strip().splitlines()
    return lines[-1] if lines else f"exit status {outcome.returncode}."


def _spell_path_in_ascii() -> None:
    """Makes the editable install independent of the system's encoding.

    It is a file with the path of this folder, and before Python 3.13 that file was read in the
    encoding of the locale. A line of Python can spell the bytes of any path in ASCII.
    """
    if str(ROOT).isascii() or sys.version_info >= (3, 13):
        return
    for file in VENV.glob("**/site-packages/_bpstudio.pth"):
        file.write_text(path_line(ROOT), encoding="ascii")


def path_line(folder: Path) -> str:
    """A line for a .pth file that puts the folder on the path of modules."""
    return f"import os, sys; sys.path.append(os.fsdecode({os.fsencode(folder)!r}))\n"


def _run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs the environment's Python, quietly."""
    return subprocess.run(
        [PYTHON, *words],
        cwd=ROOT,
        env=clean_environ(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
