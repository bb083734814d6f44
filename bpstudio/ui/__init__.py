"""Floor 8: the window. The only floor that knows Qt."""

# Before Qt: of each module that is imported after PySide6, PySide6 reads the whole source, to see
# whether it uses Qt. That would be a tenth of the time to the first paint.
import html
import logging.handlers

from bpstudio import folders
from bpstudio.engine import fault
from bpstudio.exchange import diagram
from bpstudio.playback import badges, describing, detail, near, picture, planes, tint, veil
from bpstudio.project import (
    align,
    clipboard,
    comparing,
    document,
    edits,
    events,
    file,
    fitting,
    freezing,
    history,
    iteration,
    opening,
    recovery,
    remedies,
    runs,
)
from bpstudio.training import diagnosis, driving
from bpstudio.ui import handlers

__all__ = [
    "align",
    "badges",
    "clipboard",
    "comparing",
    "describing",
    "detail",
    "diagnosis",
    "diagram",
    "document",
    "driving",
    "edits",
    "events",
    "fault",
    "file",
    "fitting",
    "folders",
    "freezing",
    "handlers",
    "history",
    "html",
    "iteration",
    "logging",
    "near",
    "opening",
    "picture",
    "planes",
    "recovery",
    "remedies",
    "runs",
    "tint",
    "veil",
]

# Before any class of the window is made.
handlers.guard()
