"""What a person chose for the studio itself: theme, language, type, motion, keys. One JSON file.

A file that can't be read is set aside under another name and the defaults hold; a single choice
that can't be goes back to its default, and the file as it was is kept under another name too. Both
are said in a sentence: settings never keep the studio from starting.
"""

from __future__ import annotations

import os
from base64 import b64decode
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from bpstudio.errors import StudioError, reason_of
from bpstudio.language import N_, _
from bpstudio.project.limits import printable

THEMES = ("light", "dark", "projector")
SCALES = (80, 200)
"""The smallest and the largest type, in hundredths of the usual size."""
MOST_DECIMALS = 6


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """The choices, with their defaults.

    `scale` is the size of type in hundredths, `decimals` are those of numbers on the canvas and
    `panel_decimals` those in panels. `keys` has the keys of those commands whose keys were
    changed, by the command's id. `geometry` and `docks` are Qt's own saved states.
    """

    theme: Literal["light", "dark", "projector"] = "light"
    language: Literal["en", "ko"] = "en"
    scale: Annotated[int, msgspec.Meta(ge=SCALES[0], le=SCALES[1])] = 100
    decimals: Annotated[int, msgspec.Meta(ge=0, le=MOST_DECIMALS)] = 2
    panel_decimals: Annotated[int, msgspec.Meta(ge=0, le=MOST_DECIMALS)] = 4
    reduce_motion: bool = False
    minimap: bool = True
    welcome: bool = True
    speed: Annotated[float, msgspec.Meta(ge=0.1, le=16.0)] = 1.0
    pace: Annotated[float, msgspec.Meta(gt=0)] | None = None
    keys: dict[str, tuple[str, ...]] = {}
    geometry: str = ""
    docks: str = ""
    recent: tuple[str, ...] = ()


STATES = ("geometry", "docks")


def load(path: Path) -> tuple[Preferences, StudioError | None]:
    """The choices in that file, and what is to be said if not all could be used.

    It is said once the language is known, which is one of the choices.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except FileNotFoundError:
        return Preferences(), None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return Preferences(), StudioError(
            N_("The settings could not be read ({error}); the defaults hold. See {path}."),
            error=reason_of(error),
            path=_set_aside(path),
        )
    kept, refused = {}, []
    for field in msgspec.structs.fields(Preferences):
        if field.name in found:
            try:
                kept[field.name] = _checked(field, found[field.name])
            except (msgspec.ValidationError, ValueError):
                refused.append(field.name)
    complaint = None
    if refused:
        complaint = StudioError(
            N_(
                "These settings could not be used and are back to their defaults: {names}. "
                "The file as it was is kept as {path}."
            ),
            names=", ".join(refused),
            path=_set_aside(path),
        )
    return Preferences(**kept), complaint


def save(preferences: Preferences, path: Path) -> str:
    """Write the choices; a sentence if that was not possible, else an empty one."""
    text = msgspec.json.format(msgspec.json.encode(preferences), indent=1)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(text)
        temporary.replace(path)
    except OSError as error:
        template = N_("The settings could not be saved: {error}.")
        return _(template).format(error=reason_of(error))
    return ""


def with_recent(preferences: Preferences, path: Path) -> Preferences:
    """The choices with that file first among the recent ones.

    A name that is no text, as from a system of another encoding, can't be written down.
    """
    first = str(path.resolve())
    if not printable(first):
        return preferences
    others = (p for p in preferences.recent if p != first)
    return msgspec.structs.replace(preferences, recent=(first, *others)[:10])


def _checked(field: msgspec.structs.FieldInfo, value: Any) -> Any:
    """A choice as it was read; raises ValidationError or ValueError if it can't be one."""
    checked = msgspec.convert(value, field.type)
    if field.name in STATES:
        b64decode(checked, validate=True)
    return checked


def _set_aside(path: Path) -> Path:
    """Give the file another name, one that no file has yet, and say which."""
    names = ("broken", *(f"broken-{number}" for number in range(2, 100)))
    free = (path.with_suffix(f".{name}.json") for name in names)
    aside = next((place for place in free if not place.exists()), None)
    try:
        return path if aside is None else path.rename(aside)
    except OSError:
        return path
