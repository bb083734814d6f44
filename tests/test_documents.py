"""What the documents promise: pictures and links that are there, commands that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bpstudio.cli.words import parse

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted(ROOT.glob("*.md"))
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
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
