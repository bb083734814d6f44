"""Which lessons there are: folders `NN-name` with a file for each language and their projects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bpstudio import plugins, resources
from bpstudio.errors import FileError, StudioError
from bpstudio.language import LANGUAGES, N_, current_language
from bpstudio.lessons.lesson import Lesson
from bpstudio.lessons.reading import read
from bpstudio.plugins import Plugin

MOST = 500
_plugged: dict[tuple[str, str], tuple[Shelved, ...]] = {}


@dataclass(frozen=True)
class Shelved:
    """A lesson's folder, and its file in each language that it is written in."""

    folder: Path
    files: tuple[tuple[str, Path], ...]

    def path(self, language: str = "") -> Path:
        """Its file in a language, the current one if none is named, or else in another."""
        files = dict(self.files)
        return files.get(language or current_language()) or next(iter(files.values()))

    def read(self, language: str = "") -> Lesson:
        """The lesson; raises FileError or LessonError."""
        return read(self.path(language))


def ours() -> tuple[Shelved, ...]:
    """The lessons that come with the studio, in their order."""
    return found_in(resources.path("lessons"))


def every() -> tuple[Shelved, ...]:
    """Ours, and after them those of plugins, which are looked for when this is asked."""
    plugins.load(plugins.LESSONS, _take)
    return (*ours(), *(shelved for each in _plugged.values() for shelved in each))


def _take(plugin: Plugin) -> None:
    """Keep the lessons in the folder that a plugin names."""
    place = plugin.load()
    if not isinstance(place, str | Path) or not Path(place).is_dir():
        raise StudioError(
            N_("{target} must be the path of a folder of lessons."), target=plugin.target
        )
    found = found_in(Path(place))
    if not found:
        raise StudioError(N_("There is no lesson in {folder}."), folder=str(place))
    names = {shelved.folder.name for shelved in every()}
    for shelved in found:
        if shelved.folder.name in names:
            raise StudioError(
                N_("There is a lesson called {name} already. One needs another name."),
                name=shelved.folder.name,
            )
        for language, _path in shelved.files:
            shelved.read(language)
    _plugged[plugin.name, plugin.package] = found


def found_in(place: Path) -> tuple[Shelved, ...]:
    """The lessons in a folder of lessons, in the folder of one, or the one of a file."""
    if place.is_file():
        return (Shelved(place.parent, ((read(place).language, place),)),)
    if not place.is_dir():
        raise FileError(N_("{name} is no lesson and no folder of lessons."), name=place.name)
    own = _in_folder(place)
    if own is not None:
        return (own,)
    return tuple(_shelved(sorted(place.iterdir())[:MOST]))


def _shelved(places: Iterable[Path]) -> Iterable[Shelved]:
    for place in places:
        found = _in_folder(place) if place.is_dir() else None
        if found is not None:
            yield found


def _in_folder(folder: Path) -> Shelved | None:
    files = [(spoken, folder / f"lesson.{spoken}.md") for spoken in LANGUAGES]
    files.append((LANGUAGES[0], folder / "lesson.md"))
    there = tuple((spoken, path) for spoken, path in files if path.is_file())
    return Shelved(folder, there) if there else None
