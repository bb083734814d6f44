"""What a person chose for the studio itself: theme, language, motion. One JSON file.

A file that can't be read is set aside under another name and the defaults are used, with a
sentence that says so: settings never keep the studio from starting.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import platformdirs

from bpstudio.language import N_, _


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """The choices, with their defaults. `geometry` and `docks` are Qt's own saved states."""

    theme: Literal["light", "dark", "projector"] = "light"
    language: Literal["en", "ko"] = "en"
    decimals: Annotated[int, msgspec.Meta(ge=0, le=8)] = 2
    reduce_motion: bool = False
    minimap: bool = True
    welcome: bool = True
    speed: Annotated[float, msgspec.Meta(ge=0.1, le=16.0)] = 1.0
    pace: Annotated[float, msgspec.Meta(gt=0)] | None = None
    geometry: str = ""
    docks: str = ""
    recent: tuple[str, ...] = ()


def place(portable: bool = False) -> Path:
    """The file: in the folder for settings of this person, or beside the program."""
    if portable:
        return Path(sys.executable).resolve().parent / "bpstudio-settings.json"
    folder = os.environ.get("BPSTUDIO_SETTINGS") or platformdirs.user_config_path("bpstudio")
    return Path(folder) / "settings.json"


def aside(portable: bool = False) -> Path:
    """The folder where work that is not saved is kept for recovery."""
    if portable:
        return Path(sys.executable).resolve().parent / "bpstudio-recovery"
    folder = os.environ.get("BPSTUDIO_SETTINGS") or platformdirs.user_state_path("bpstudio")
    return Path(folder) / "recovery"


def load(path: Path) -> tuple[Preferences, str]:
    """The choices in that file, and a sentence if it could not be used, else an empty one."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Preferences), ""
    except FileNotFoundError:
        return Preferences(), ""
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        aside = path.with_suffix(".broken.json")
        try:
            path.replace(aside)
        except OSError:
            aside = path
        template = N_("The settings could not be read ({error}); the defaults hold. See {path}.")
        return Preferences(), _(template).format(error=error, path=aside)


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
        return _(template).format(error=error.strerror or error)
    return ""


def with_recent(preferences: Preferences, path: Path) -> Preferences:
    """The choices with that file first among the recent ones."""
    first = str(path.resolve())
    others = (p for p in preferences.recent if p != first)
    return msgspec.structs.replace(preferences, recent=(first, *others)[:10])
