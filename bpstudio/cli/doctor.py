"""What is installed, where things lie, and how to get what is missing."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

from bpstudio import __version__, folders, plugins, resources
from bpstudio.cli import within
from bpstudio.cli.answer import Answer, table
from bpstudio.language import N_, _

LIBRARIES = (
    "numpy",
    "PySide6-Essentials",
    "pyqtgraph",
    "networkx",
    "msgspec",
    "ziamath",
    "pillow",
    "onnx",
    "onnxruntime",
    "safetensors",
    "torch",
)
FOLDERS = {
    "resources": N_("folder of resources"),
    "settings": N_("folder of settings"),
    "recovery": N_("folder of recovery"),
    "logs": N_("folder of logs"),
    "templates": N_("folder of templates"),
    "plugins": N_("folder of plugins"),
}
OPTIONAL = {
    "onnx": "pip install 'bpstudio[onnx]'",
    "onnxruntime": "pip install 'bpstudio[onnxruntime]'",
    "safetensors": "pip install 'bpstudio[safetensors]'",
    "torch": "pip install torch",
}


def examine() -> Answer:
    """The facts, each with what to do where something is missing."""
    versions = {name: resources.version_of(name) for name in LIBRARIES}
    qt, complaint = _qt()
    places = {"resources": resources.folder(), **folders.all_of_them()}
    added = _plugins()
    fonts = sorted(path.name for path in resources.path("fonts").glob("*.ttf"))
    missing = {name: OPTIONAL[name] for name in OPTIONAL if versions[name] is None}
    if complaint:
        missing["qt"] = complaint
    if not fonts:
        missing["fonts"] = _("The bundled fonts are not at {folder}.").format(
            folder=resources.path("fonts")
        )
    data = {
        "bpstudio": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "versions": versions,
        "qt_platform": qt,
        "fonts": fonts,
        "folders": {name: str(path) for name, path in places.items()},
        "plugins": added,
        "missing": missing,
    }
    rows = [
        ("Backprop Studio", __version__),
        ("Python", f"{platform.python_version()} ({sys.executable})"),
        (_("system"), platform.platform()),
        *((name, version or "-") for name, version in versions.items()),
        (_("Qt platform"), qt or "-"),
        (_("fonts"), ", ".join(fonts) or "-"),
        *((_(FOLDERS[name]), str(path)) for name, path in places.items()),
    ]
    rows += [(_("Plugin {name}").format(name=each["name"]), _told(each)) for each in added]
    text = table(rows, (_("what"), _("found")))
    if missing:
        text += "\n\n" + table(missing.items(), (_("missing"), _("how to get it")))
    return Answer(text, data)


def _plugins() -> list[dict[str, str]]:
    """Every plugin with its package, and what is wrong with it; all of them are tried."""
    if not plugins.installed():
        return []
    from bpstudio.data import plugged
    from bpstudio.exchange import formats
    from bpstudio.lessons import shelf

    plugged.load()
    formats.every()
    shelf.every()
    wrong = {fault.plugin: fault.sentence for fault in plugins.faults()}
    return [
        {
            "name": each.name,
            "group": each.group,
            "package": each.package,
            "version": each.version,
            "problem": wrong.get(each, ""),
        }
        for each in plugins.installed()
    ]


def _told(plugin: dict[str, str]) -> str:
    return plugin["problem"] or "{group}, {package} {version}".format(**plugin)


def _qt() -> tuple[str, str]:
    """Qt's platform, and what it says if it can't start; asked in a process of its own,
    because Qt ends the process where its libraries are missing."""
    environment = dict(os.environ)
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    tried = subprocess.run(
        [*resources.program(), within.QT_PLATFORM],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )
    if tried.returncode == 0:
        return tried.stdout.strip(), ""
    lines = tried.stderr.strip().splitlines()
    return "", lines[-1] if lines else _("Qt does not start here.")
