"""What `dev.py` can do, each task a function of the words that follow its name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from environment import (
    LOCK,
    PYTHON,
    ROOT,
    VENV,
    Stopped,
    clean_environ,
    compile_translations,
    prepare,
)

# Tests compare bits, so a sum must not depend on how many threads there are.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
FOR_TESTS = {**ONE_THREAD, "QT_QPA_PLATFORM": "offscreen"}

FAILED = 1
"""pytest's exit status where tests ran and some failed."""
FEW = 3
"""As many failed tests are run again."""

CHECKS = {
    "ruff check": ["-m", "ruff", "check", "."],
    "ruff format": ["-m", "ruff", "format", "--check", "."],
    "mypy": ["-m", "mypy"],
    "import-linter": [
        "-c",
        "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())",
    ],
}


def main(words: Sequence[str], usage: str | None) -> int:
    """Does the task that the first word names. Returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        # A folder's name may have letters that the console cannot show.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    tasks = {
        "run": run,
        "test": test,
        "bench": bench,
        "long": long,
        "screenshots": screenshots,
        "translations": translations,
        "bundle": bundle,
        "lock": lock,
    }
    if not words or words[0] not in tasks:
        asked_for_help = words[:1] in (["help"], ["--help"], ["-h"])
        print((usage or "").strip(), file=sys.stdout if asked_for_help else sys.stderr)
        return 0 if asked_for_help else 2
    try:
        return tasks[words[0]](list(words[1:]))
    except (Stopped, OSError) as reason:
        print(reason, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def run(words: list[str]) -> int:
    """The command line with these words; without any, the studio with its first example."""
    prepare()
    if words:
        return _bpstudio(*words)
    window_exists = (ROOT / "bpstudio" / "ui" / "app.py").exists()
    if window_exists and has_screen(sys.platform, os.environ):
        return _bpstudio(ROOT / "resources" / "examples" / "xor.bps")
    pictures = ROOT / "build" / "demo"
    status = _bpstudio("demo", "--out", pictures)
    if status == 0:
        print(f"There is no window to open here; the pictures lie in {pictures}")
    return status


def test(words: list[str]) -> int:
    """Every check and every quick test; with words only pytest, which gets them."""
    prepare()
    if words:
        return _pytest(*words)
    failed = [name for name in CHECKS if not _passes(name)]
    status = _pytest("--cache-clear")
    if status == FAILED:
        status = _second_look()
    return status or (1 if failed else 0)


def _second_look() -> int:
    """What failed among everything is run once more by itself, if it is little.

    Where every processor is lent to others, one test in twelve thousand may meet a moment of it
    that has nothing to do with the change. It passes here only under its name, so that it is
    looked into all the same; what breaks for good fails again.
    """
    file = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"
    try:
        names = list(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return FAILED
    if not 0 < len(names) <= FEW:
        return FAILED
    status = _pytest(*names)
    if status == 0:
        print("UNSTEADY, passed only when run again:", *names, sep="\n  ")
    return status


def bench(words: list[str]) -> int:
    """One measurement; without a name, the list of them."""
    prepare()
    files = {file.stem: file for file in sorted((ROOT / "tests" / "bench").glob("[!_]*.py"))}
    if not words:
        print("\n".join(files) or "There are no measurements in tests/bench.")
        return 0
    if words[0] not in files:
        raise Stopped(
            f"There is no measurement {words[0]}; there are: {', '.join(files) or 'none'}."
        )
    return _python([files[words[0]], *words[1:]], ONE_THREAD)


def long(words: list[str]) -> int:
    """The tests marked as long; with a name, those whose name holds it."""
    prepare()
    selection = ["-k", words[0], *words[1:]] if words else []
    # What is watched for in quick tests, five minutes without an end, is usual here.
    return _pytest("-m", "long", "-o", "faulthandler_timeout=7200", *selection)


def screenshots(words: list[str]) -> int:
    """Every picture of the documents."""
    script = ROOT / "tests" / "screenshots.py"
    if not script.exists():
        raise Stopped(
            "There is nothing yet that makes screenshots: tests/screenshots.py is absent."
        )
    prepare()
    return _python([script, *words], FOR_TESTS)


def translations(words: list[str]) -> int:
    """Every sentence of the program into the catalogs; says how many wait for a translation."""
    prepare()
    status = _python([ROOT / "packaging" / "translations.py", *words])
    compile_translations()
    return status


def bundle(words: list[str]) -> int:
    """Programs for people without Python; see packaging/bundle."""
    from bundle import build

    return build.bundle(words)


def lock(words: list[str]) -> int:
    """Chooses the newest allowed version of every library and writes the locks."""
    common = ("onnx", "safetensors")
    failed = _lock(LOCK, "dev", (*common, "onnxruntime", "cluster"), words)
    return failed or _lock(ROOT / "packaging/bundle/requirements.lock", "bundle", common, words)


def _lock(file: Path, group: str, extras: Sequence[str], words: list[str]) -> int:
    command = _uv()
    if command is None:
        raise Stopped(f"This needs uv, which is not installed; type: {PYTHON} -m pip install uv")
    command += ["pip", "compile", "pyproject.toml", "--group", group, "--upgrade", "--quiet"]
    command += [word for extra in extras for word in ("--extra", extra)]
    command += ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-config"]
    command += ["--default-index", "https://pypi.org/simple"]
    # A version that is a week old has been looked at by others.
    command += ["--exclude-newer", "7 days"]
    command += ["--custom-compile-command", "python packaging/dev.py lock"]
    command += ["--output-file", str(file.relative_to(ROOT)), *words]
    return subprocess.run(command, cwd=ROOT, env=clean_environ(), check=False).returncode


def has_screen(platform: str, variables: Mapping[str, str]) -> bool:
    """Whether a window can be opened."""
    if not platform.startswith("linux"):
        return True
    return bool(variables.get("DISPLAY") or variables.get("WAYLAND_DISPLAY"))


def _uv() -> list[str] | None:
    """The command that starts uv, from the environment or from the system."""
    in_environment = VENV / ("Scripts/uv.exe" if os.name == "nt" else "bin/uv")
    found = shutil.which(in_environment) or shutil.which("uv")
    return [found] if found else None


def _passes(name: str) -> bool:
    """Runs one check; what it says is shown only where it fails."""
    outcome = subprocess.run(
        [PYTHON, *CHECKS[name]],
        cwd=ROOT,
        env=clean_environ() | FOR_TESTS,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if outcome.returncode:
        print(f"{name}: failed\n{outcome.stdout}", flush=True)
        return False
    print(f"{name}: passed", flush=True)
    return True


def _bpstudio(*words: str | Path) -> int:
    # -P keeps modules that happen to lie in the current folder from being imported.
    return _python(["-P", "-m", "bpstudio", *words])


def _pytest(*words: str) -> int:
    return _python(["-P", "-m", "pytest", *words], FOR_TESTS, cwd=ROOT)


def _python(
    words: Sequence[str | Path],
    variables: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> int:
    """Runs the environment's Python with this console, and returns its exit status."""
    environ = clean_environ() | dict(variables or {})
    child = subprocess.Popen([PYTHON, *words], env=environ, cwd=cwd)
    interrupted = False
    while True:
        try:
            status = child.wait()
        except KeyboardInterrupt:
            interrupted = True  # the console has told the child too, which ends in its own way
            continue
        if interrupted:
            return 130
        return status if status >= 0 else 128 - status
