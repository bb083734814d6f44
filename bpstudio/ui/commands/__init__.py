"""What can be commanded, a module a menu. Importing this fills `actions.table`."""

from bpstudio.ui.commands import (
    arrange,
    edit,
    file,
    help,
    learn,
    play,
    present,
    settings,
    train,
    trainings,
    view,
)

__all__ = [
    "arrange",
    "edit",
    "file",
    "help",
    "learn",
    "play",
    "present",
    "settings",
    "train",
    "trainings",
    "view",
]
