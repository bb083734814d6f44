"""Older formats of `project.json`, each lifted to the next.

`MIGRATIONS[n]` takes the plain document of format n and returns that of format n + 1. A format that
was ever released is never changed: a new field below the top level, another meaning or another
name is a new format with a migration here. (A new field at the top level needs none: a program
that does not know it keeps it.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

CURRENT = 2
"""The format that this version writes."""

Document = dict[str, Any]


def _with_arrays_alone(document: Document) -> Document:
    """In format 1 each array lay alone; format 2 says at `joined` which lie together, if any do."""
    return document


MIGRATIONS: Mapping[int, Callable[[Document], Document]] = {1: _with_arrays_alone}


def lifted(document: Document, version: int) -> Document:
    """The document of that format, as one of the current format."""
    for older in range(version, CURRENT):
        document = {**MIGRATIONS[older](document), "format_version": older + 1}
    return document
