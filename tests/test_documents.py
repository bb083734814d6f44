"""What the documents promise: pictures and links that are there, commands that are there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bpstudio.cli.words import parse

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted(ROOT.glob("*.md"))
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
FLOOR = re.compile(r"^\| ((?:`\w+` ?)+)\|", re.MULTILINE)
COMMAND = re.compile(r"^\| `bpstudio ([^`]+)`", re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_pictures_and_links_lead_somewhere(document: Path) -> None:
    links = LINK.findall(document.read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_commands_of_the_readme_can_be_typed() -> None:
    commands = COMMAND.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(commands) >= 9
    for command in commands:
        parse([word.strip('"') for word in command.split()])


@pytest.mark.parametrize("document", ["README.md", "resources/guide/architecture.md"])
def test_the_floors_are_those_of_the_house(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    told = [word for row in FLOOR.findall(text) for word in re.findall(r"`(\w+)`", row)]
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = (
        contract["layers"]
        for contract in settings["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    assert told == [name.strip("()") for name in layers if name != "(__main__)"]


def test_what_the_readme_says_lies_in_resources_does() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"`resources/` holds ([^;]+);", text)
    for folder in (ROOT / "resources").iterdir():
        if folder.is_dir() and folder.name != "__pycache__":
            assert folder.name.rstrip("s") in told, folder.name


def test_the_gate_of_the_guide_is_pure_as_its_tests_ask(tmp_path: Path) -> None:
    """Its smallest settings neither overflow nor underflow where every gate is tried."""
    page = (ROOT / "resources" / "guide" / "gates.md").read_text(encoding="utf-8")
    code = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]
    code += """
x = np.linspace(-3, 3, 61)
with np.errstate(all="raise"):
    gate = Bump(width=Bump.__dataclass_fields__["width"].metadata["low"])
    gate.backward(np.ones(61), gate.forward(x), x)
"""
    (tmp_path / "gate.py").write_text(code, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, str(tmp_path / "gate.py")], env=environment, check=True)
