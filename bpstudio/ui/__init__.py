"""Floor 8: the window. The only floor that knows Qt."""

# Before Qt: of each module that is imported after PySide6, PySide6 reads the whole source, to see
# whether it uses Qt. That would be a tenth of the time to the first paint.
from bpstudio.playback import picture, planes
from bpstudio.project import edits, file, iteration, runs
from bpstudio.ui import handlers

__all__ = ["edits", "file", "handlers", "iteration", "picture", "planes", "runs"]

# Before any class of the window is made.
handlers.guard()
