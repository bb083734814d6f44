"""Where the studio keeps what is a person's own: settings, recovery, logs, templates and plugins.

Each lies where the system has a place for it. In portable mode all of it lies in one folder,
`bpstudio-data` beside the program, and goes where the program goes: on a stick, or on a share.
A file `portable.txt` beside the program asks for that, as do the option `--portable` and
BPSTUDIO_PORTABLE=1; with BPSTUDIO_PORTABLE=0 even the file does not. BPSTUDIO_SETTINGS names
another folder for all of it, and wins.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import platformdirs

MARK = "portable.txt"
"""The file beside the program that asks for portable mode; what it holds does not matter."""
DATA = "bpstudio-data"
"""The folder beside the program in which everything then lies."""
_ASKED = "BPSTUDIO_PORTABLE"


def settings() -> Path:
    """The file of the settings."""
    return (together() or platformdirs.user_config_path("bpstudio")) / "settings.json"


def recovery() -> Path:
    """The folder where work that is not saved is kept for recovery."""
    return (together() or platformdirs.user_state_path("bpstudio")) / "recovery"


def logs() -> Path:
    """The folder of the log and of traces of crashes."""
    home = together()
    return home / "log" if home else platformdirs.user_log_path("bpstudio")


def templates() -> Path:
    """The folder of a person's own templates; it need not exist."""
    return (together() or platformdirs.user_data_path("bpstudio")) / "templates"


def plugins() -> Path:
    """The folder into which packages with plugins can be put; it need not exist."""
    return (together() or platformdirs.user_data_path("bpstudio")) / "plugins"


def all_of_them() -> Mapping[str, Path]:
    """Every folder by what it is for."""
    return {
        "settings": settings().parent,
        "recovery": recovery(),
        "logs": logs(),
        "templates": templates(),
        "plugins": plugins(),
    }


def go_portable() -> None:
    """Keep everything beside the program from now on, in the processes that it starts too."""
    os.environ[_ASKED] = "1"


def together() -> Path | None:
    """The one folder in which everything lies, if it is so."""
    named = os.environ.get("BPSTUDIO_SETTINGS")
    if named:
        return Path(named)
    asked = os.environ.get(_ASKED, "")
    if asked == "0" or not (asked or (beside_program() / MARK).is_file()):
        return None
    return beside_program() / DATA


def beside_program() -> Path:
    """The folder in which the program lies.

    Of a frozen program that of its executable, on a Mac that of the app; else that of the
    environment of Python into which the studio is installed.
    """
    if not getattr(sys, "frozen", False):
        return Path(sys.prefix)
    place = Path(sys.executable).resolve().parent
    app = next((folder for folder in place.parents if folder.suffix == ".app"), None)
    return app.parent if app else place
