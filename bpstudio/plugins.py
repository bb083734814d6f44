"""Plugins: what other installed packages add to the studio.

A package names in its `pyproject.toml` what it offers, a line for each thing: its name in files and
on the command line, and where it stands.

    [project.entry-points."bpstudio.gates"]         a class made from `engine.op.Op`
    soft_square = "my_package.gates:SoftSquare"
    [project.entry-points."bpstudio.data"]          a `data.toys.Toy`
    rings = "my_package.data:RINGS"
    [project.entry-points."bpstudio.exporters"]     an `exchange.formats.Format`
    table = "my_package.exporters:TABLE"
    [project.entry-points."bpstudio.lessons"]       the path of a folder of lessons
    rings = "my_package.lessons:FOLDER"

A package counts if it is installed where the studio's Python looks, or lies in the folder of
plugins (`folders.plugins()`), where `pip install --target` puts it; that is the way for a program
without a Python of its own, which has the libraries of the studio to offer and no others.

Plugins are found by their names alone, and code of theirs runs when a program of ours begins (gates
and data sets) or when exporters or lessons are asked for; what a file says never has any effect on
it. A plugin that can't be used is left out, `faults` says why, and all else goes on.
BPSTUDIO_PLUGINS=0, or `--no-plugins`, leaves all of them out.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bpstudio import folders
from bpstudio.errors import StudioError
from bpstudio.language import N_, _

GATES, DATA = "bpstudio.gates", "bpstudio.data"
EXPORTERS, LESSONS = "bpstudio.exporters", "bpstudio.lessons"
GROUPS = (GATES, DATA, EXPORTERS, LESSONS)
_MARK = b"[bpstudio."
_ASKED = "BPSTUDIO_PLUGINS"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plugin:
    """One thing that a package offers: to which group, under which name, and where it stands."""

    group: str
    name: str
    target: str
    package: str
    version: str

    @property
    def module(self) -> str:
        """The module in which it stands."""
        return self.target.partition(":")[0]

    def load(self) -> object:
        """The thing itself; importing its module runs its code, and may raise anything."""
        found: object = importlib.import_module(self.module)
        for name in filter(None, self.target.partition(":")[2].split(".")):
            found = getattr(found, name)
        return found


@dataclass(frozen=True)
class Fault:
    """A plugin that is left out, and why."""

    plugin: Plugin
    error: BaseException

    @property
    def sentence(self) -> str:
        """The fault for a person, in the current language."""
        known = isinstance(self.error, StudioError)
        kind, said = type(self.error).__name__, str(self.error)
        reason = said if known else f"{kind}: {said}" if said else kind
        if not reason.endswith((".", "!", "?")):
            reason += "."  # others may follow
        template = N_("The plugin {name} of {package} is left out. {reason}")
        return _(template).format(name=self.plugin.name, package=self.plugin.package, reason=reason)


_faults: dict[Plugin, Fault] = {}
_tried: set[Plugin] = set()
_said: set[Plugin] = set()


def load(group: str, take: Callable[[Plugin], None]) -> None:
    """Have `take` put each plugin of a group into the table where it belongs, once.

    What `take` raises is a fault of that plugin alone.
    """
    for plugin in installed():
        if plugin.group != group or plugin in _tried:
            continue
        _tried.add(plugin)
        try:
            take(plugin)
        except (Exception, SystemExit) as error:
            # The sentence is for everybody; where it happened is for those who mend the plugin.
            log.info("%s of %s is left out", plugin.target, plugin.package, exc_info=error)
            _faults[plugin] = Fault(plugin, error)


def faults() -> tuple[Fault, ...]:
    """What is wrong with plugins, as far as they were tried."""
    return tuple(_faults.values())


def unsaid() -> str:
    """The faults that nobody has been told of yet, as sentences; empty if there are none."""
    new = [fault for plugin, fault in _faults.items() if plugin not in _said]
    _said.update(fault.plugin for fault in new)
    return " ".join(fault.sentence for fault in new)


def go_without() -> None:
    """Leave all plugins out from now on, in the processes that this one starts too."""
    os.environ[_ASKED] = "0"
    installed.cache_clear()


@cache
def installed() -> tuple[Plugin, ...]:
    """Every plugin there is, by name alone: nothing of it is imported."""
    if os.environ.get(_ASKED) == "0":
        return ()
    own = folders.plugins()
    if own.is_dir() and str(own) not in sys.path:
        # At the end, so that nothing there stands in the way of what is installed.
        sys.path.append(str(own))
    found: dict[str, list[Plugin]] = {}
    for place in _announcing():
        named, offered = _offered(place)
        # Of a package that is there twice the first is the one that Python imports.
        found.setdefault(named, offered)
    return tuple(plugin for offered in found.values() for plugin in offered)


def _announcing() -> Iterator[Path]:
    """The folders with the facts about packages that name a group of ours.

    `importlib.metadata` would find them too, but importing it and asking it takes several times as
    long as all of this, at every start.
    """
    for place in dict.fromkeys(sys.path):
        try:
            names = sorted(os.listdir(place or "."))
        except OSError:
            continue
        for name in names:
            if name.endswith(".dist-info"):
                path = os.path.join(place, name, "entry_points.txt")
                try:
                    with open(path, "rb") as file:
                        known = _MARK in file.read()
                except OSError:
                    continue
                if known:
                    yield Path(place, name)


def _offered(place: Path) -> tuple[str, list[Plugin]]:
    """The name of a package, and what it offers."""
    from importlib.metadata import Distribution  # only where there is a plugin

    package = Distribution.at(place)
    name, version = package.name or place.stem, package.version or ""
    entries = sorted((entry for entry in package.entry_points if entry.group in GROUPS), key=str)
    return name, [Plugin(e.group, e.name, e.value, name, version) for e in entries]
