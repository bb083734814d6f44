"""Where things stand in a window, as a screen reader is told: names and places, over AT-SPI.

Nothing is pressed through it: hands do that. So a script finds a row or a button wherever a new
version puts it, and says by its name what it could not find.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

NEEDED = ("dbus-daemon", "busctl", "/usr/libexec/at-spi-bus-launcher")
SWITCHED_ON = {"QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1"}
"""What a program has in its environment so that it tells without a screen reader there."""
PATIENCE = 120.0
_ACCESSIBLE, _COMPONENT = "org.a11y.atspi.Accessible", "org.a11y.atspi.Component"
_ROOT = ("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root")

Thing = tuple[str, str]
"""Something that has a place: who tells of it, and under which path."""


class Place(NamedTuple):
    """What something covers, in pixels of the screen."""

    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> tuple[int, int]:
        return self.x + self.width // 2, self.y + self.height // 2

    def holds(self, at: tuple[int, int]) -> bool:
        """Whether a pixel lies in it."""
        across = self.x <= at[0] < self.x + self.width
        return across and self.y <= at[1] < self.y + self.height


class Reader:
    """Asks the one program on a session bus."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {**os.environ, **environment}
        words = ("org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress")
        self._found: dict[tuple[str, ...], Thing] = {}
        (self._address,) = self._said("--user", "call", *words)

    def place(self, *names: str) -> Place:
        """Where something of that name is, within what has the names before; waits until it is.

        Raises LookupError if it does not come.
        """
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            known = self._found.get(names)
            here = known is not None and self._name(known) == names[-1]
            for thing in [known] if known and here else self._within(_ROOT, names):
                place = self._place(thing)
                if place.width > 0 and place.height > 0:
                    self._found[names] = thing
                    return place
            self._found.pop(names, None)
            time.sleep(0.3)
        raise LookupError(f"Nothing can be seen that is called {' › '.join(names)}.")

    def _within(self, thing: Thing, names: tuple[str, ...]) -> Iterator[Thing]:
        """What the names lead to, the nearest first."""
        if not names:
            yield thing
            return
        level = self._parts(thing)
        while level:
            for part in level:
                if self._name(part) == names[0]:
                    yield from self._within(part, names[1:])
            level = [part for each in level for part in self._parts(each)]

    def _parts(self, thing: Thing) -> list[Thing]:
        found = self._called(thing, _ACCESSIBLE, "GetChildren")
        return [(who, path) for who, path in found[0]] if found else []

    def _name(self, thing: Thing) -> str:
        words = ("org.freedesktop.DBus.Properties", "Get", "ss", _ACCESSIBLE, "Name")
        found = self._called(thing, *words)
        return str(found[0]["data"]) if found else ""

    def _place(self, thing: Thing) -> Place:
        found = self._called(thing, _COMPONENT, "GetExtents", "u", "0")
        return Place(*found[0]) if found else Place(0, 0, 0, 0)

    def _called(self, thing: Thing, *words: str) -> list[Any]:
        try:
            return self._said(f"--address={self._address}", "call", *thing, *words)
        except subprocess.CalledProcessError:
            return []  # it has gone meanwhile

    def _said(self, *words: str) -> list[Any]:
        done = subprocess.run(
            ["busctl", "--json=short", *words],
            env=self._environment, check=True, capture_output=True, text=True,
        )  # fmt: skip
        data: list[Any] = json.loads(done.stdout)["data"]
        return data
