"""Writes the JSON Schema of `project.json` anew, for programs that check or write project files.

    .venv/bin/python packaging/schema.py

A test fails where it is not what the program itself says.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bpstudio import resources
from bpstudio.project import file


def text() -> str:
    """The schema as it is published."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "project.json of a Backprop Studio project (.bps)",
        **file.schema(),
    }
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


def place() -> Path:
    """Where it is published."""
    return resources.path("schema", "project.schema.json")


if __name__ == "__main__":
    place().parent.mkdir(exist_ok=True)
    place().write_text(text(), encoding="utf-8", newline="\n")
    sys.exit(0)
