"""The rules that hold for the whole package: who imports whom, and what no module may do."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "bpstudio"
MODULES = sorted(PACKAGE.rglob("*.py"))

MOST_LINES = 500

# What could run code that comes from a file or a person.
FORBIDDEN_MODULES = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal", "code"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_METHODS = {"yaml.load", "yaml.unsafe_load", "yaml.full_load", "torch.load"}

# The one place where text becomes code: the text is made of our own primitives' names.
PLAN = Path("engine", "plan.py")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Checks the contracts of pyproject.toml on the package in a folder."""
    check = "import sys; from importlinter.cli import lint_imports as lint; "
    return subprocess.run(
        [sys.executable, "-c", check + "sys.exit(lint(cache_dir=None, no_cache=True))"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def imported_modules(node: ast.Import | ast.ImportFrom) -> list[str]:
    """The full names of the modules that a statement imports from."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if node.module and node.level == 0 else []


def dangers(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of everything in a module that no module may do."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name in imported_modules(node):
                if name.split(".")[0] in FORBIDDEN_MODULES:
                    yield node.lineno, f"import {name}"
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).removeprefix("builtins.")
            if called in FORBIDDEN_CALLS | FORBIDDEN_METHODS:
                yield node.lineno, called
            for keyword in node.keywords:
                refused = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                if keyword.arg == "allow_pickle" and not refused:
                    yield node.lineno, "allow_pickle"


def test_each_floor_imports_only_what_lies_below() -> None:
    outcome = lint_imports(ROOT)
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("engine/wrong.py", "bpstudio.project"),
        ("errors.py", "bpstudio.engine"),
        ("training/wrong.py", "bpstudio.ui.app"),
        ("playback/wrong.py", "PySide6.QtCore"),
        ("cli.py", "pyqtgraph"),
    ],
)
def test_a_wrong_import_is_found_even_inside_a_function(
    tmp_path: Path, module: str, imported: str
) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    package = tmp_path / "bpstudio"
    for floor in ("ui", "playback", "project", "training", "engine"):
        (package / floor).mkdir(parents=True)
        (package / floor / "__init__.py").touch()
    for name in ("__init__.py", "cli.py", "errors.py", "language.py", "resources.py"):
        (package / name).touch()
    (package / "ui" / "app.py").write_text("import PySide6.QtWidgets\n")
    assert lint_imports(tmp_path).returncode == 0

    (package / module).write_text(f"def later() -> None:\n    import {imported}\n")
    outcome = lint_imports(tmp_path)
    assert outcome.returncode == 1
    assert module.removesuffix(".py").replace("/", ".") in outcome.stdout


def test_no_module_runs_what_comes_from_a_file_or_a_person() -> None:
    found = []
    for module in MODULES:
        path = module.relative_to(PACKAGE)
        here = [(line, name) for line, name in dangers(module.read_text(encoding="utf-8"))]
        if path == PLAN:
            executions = [danger for danger in here if danger[1] == "exec"]
            here = [danger for danger in here if danger not in executions[:1]]
        found += [f"{path}:{line}: {name}" for line, name in here]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "def f():\n    import shelve",
        "eval('1')",
        "import builtins\nbuiltins.exec('1')",
        "exec(compile('1', '', 'exec'))",
        "__import__('os')",
        "np.load(file, allow_pickle=True)",
        "np.load(file, allow_pickle=asked)",
        "yaml.load(text)",
    ],
)
def test_the_scan_finds_what_is_planted(source: str) -> None:
    assert list(dangers(source))


def test_the_scan_leaves_harmless_code_alone() -> None:
    harmless = "import re\nre.compile('a')\nnp.load(file, allow_pickle=False)\nself.exec()\n"
    assert list(dangers(harmless)) == []


def test_modules_stay_small(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = sorted(
        ((len(module.read_text(encoding="utf-8").splitlines()), module) for module in MODULES),
        reverse=True,
    )
    with capsys.disabled():
        largest = [f"{module.relative_to(PACKAGE)} {lines}" for lines, module in sizes[:5]]
        print(f"\nlargest modules, in lines: {', '.join(largest)}")
    assert [f"{module}: {lines}" for lines, module in sizes if lines > MOST_LINES] == []


def test_the_folder_of_packaging_is_no_package() -> None:
    # It would shadow the library of that name.
    assert not (ROOT / "packaging" / "__init__.py").exists()


def test_no_file_speaks_of_one_machine_or_of_unfinished_work() -> None:
    # Put together here, so that this file does not find itself.
    machines = ["/" + name + "/" for name in ("work", "tmp", "root", "home", "opt", "Users")]
    unfinished = ["TO" + "DO", "FIX" + "ME"]
    words = "|".join(map(re.escape, machines + unfinished))
    # A path begins after a blank, a quotation mark or the like, unlike the middle of an address.
    pattern = re.compile(rf"(?<![\w.~*\])}}-])({words})")
    found = []
    for file in project_files():
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line):
                found.append(f"{file.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert found == []


def project_files() -> Iterator[Path]:
    """Every file that belongs to the project."""
    folders = [".ci", "bpstudio", "packaging", "resources", "tests"]
    yield from (file for file in ROOT.iterdir() if file.is_file())
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file
