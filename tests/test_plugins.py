"""Plugins: one of each kind, installed as anyone would, and broken ones that harm nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "packaging" / "example_plugin"
BROKEN = {
    "crash": ("bpstudio.gates", "broken.crash:Gate", "raise RuntimeError('no such luck')"),
    "leaves": ("bpstudio.gates", "broken.leaves:Gate", "import sys; sys.exit(3)"),
    "relu": ("bpstudio.gates", "broken.taken:ReLU", "ran = open('ran', 'w')"),
    "fragile": (
        "bpstudio.gates",
        "broken.fragile:Fragile",
        "from bpstudio.engine.op import Op\n"
        "class Fragile(Op):\n"
        "    'It falls apart.'\n"
        "    symbol, category = '!', 'activation'\n"
        "    def forward(self, x): raise RuntimeError('too heavy')\n"
        "    def backward(self, g, y, x): return {'x': g}",
    ),
    "skewed": (
        "bpstudio.gates",
        "broken.skewed:Skewed",
        "from bpstudio.engine.op import Op\n"
        "class Skewed(Op):\n"
        "    'Its gradient has another shape.'\n"
        "    symbol, category = '!', 'activation'\n"
        "    def forward(self, x): return x\n"
        "    def backward(self, g, y, x): return {'x': g[0]}",
    ),
    "no_gate": ("bpstudio.gates", "broken.no_gate:VALUE", "VALUE = 3"),
    "gone": ("bpstudio.gates", "broken.nowhere:Gate", ""),
    "xor": ("bpstudio.data", "broken.crash:DATA", ""),
    "no_data": ("bpstudio.data", "broken.no_gate:VALUE", ""),
    "torn": (
        "bpstudio.data",
        "broken.torn:SET",
        "from bpstudio.data.toys import Toy\nSET = Toy(lambda rng, points: 1 / 0)",
    ),
    "onnx": ("bpstudio.exporters", "broken.no_gate:VALUE", ""),
    "no_exporter": ("bpstudio.exporters", "broken.no_gate:VALUE", ""),
    "fails": (
        "bpstudio.exporters",
        "broken.fails:FORMAT",
        "from bpstudio.exchange.formats import Format\n"
        "FORMAT = Format('fails', 'It fails', '.txt', (), lambda project: project.nothing)",
    ),
    "no_lessons": ("bpstudio.lessons", "broken.no_gate:VALUE", ""),
}
"""Of each broken plugin its group, where it stands, and what its module says."""


def bpstudio(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The command line, in a folder of its own, with the plugins of that home."""
    environment = {
        **os.environ,
        "BPSTUDIO_SETTINGS": str(home),
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
        **more,
    }
    return subprocess.run(
        [sys.executable, "-P", "-m", "bpstudio", *words],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def done(home: Path, *words: str) -> dict[str, object]:
    """What a command that succeeds says."""
    answer = bpstudio(home, *words, "--json")
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    found: dict[str, object] = json.loads(answer.stdout)
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the example, installed by pip without a network."""
    home = tmp_path_factory.mktemp("home")
    source = home / "source"
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    alone = ["--no-deps", "--no-index", "--no-build-isolation", "--no-compile"]
    subprocess.run(
        [*pip, *alone, "--target", str(home / "plugins"), str(source)],
        check=True,
        timeout=100,
        capture_output=True,
    )
    shutil.rmtree(source)
    return home


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A home with a package whose every plugin is wrong in another way."""
    package = tmp_path / "plugins" / "broken"
    facts = tmp_path / "plugins" / "broken-2.0.dist-info"
    package.mkdir(parents=True)
    facts.mkdir()
    (package / "__init__.py").touch()
    groups: dict[str, list[str]] = {}
    for name, (group, target, text) in BROKEN.items():
        groups.setdefault(group, []).append(f"{name} = {target}")
        if text:
            (package / f"{target.partition(':')[0].partition('.')[2]}.py").write_text(text)
    lines = [line for group, rows in groups.items() for line in (f"[{group}]", *rows)]
    (facts / "entry_points.txt").write_text("\n".join(lines))
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 2.0\n")
    return tmp_path


def test_each_kind_is_found_where_ours_are(home: Path) -> None:
    found = done(home, "doctor")["plugins"]
    assert isinstance(found, list)
    assert sorted((each["group"], each["name"]) for each in found) == [
        ("bpstudio.data", "rings"),
        ("bpstudio.exporters", "wires"),
        ("bpstudio.gates", "bent_identity"),
        ("bpstudio.lessons", "bent_identity"),
    ]
    assert {each["package"] for each in found} == {"bpstudio-example"}
    assert {each["problem"] for each in found} == {""}
    listed = done(home, "lessons", "list")["lessons"]
    assert isinstance(listed, list) and listed[-1]["name"] == "50-bent-identity"


def test_a_gate_of_a_plugin_is_a_whole_gate(home: Path) -> None:
    project, trained, table = (str(home / name) for name in ("p.bps", "q.bps", "wires.csv"))
    words = ("--data", "rings", "--layers", "2,6,3", "--activation", "bent_identity")
    done(home, "new", *words, "--out", project)
    done(home, "train", project, "--steps", "50", "--out", trained)
    assert done(home, "check", trained)["passed"] is True
    numpy = done(home, "export", trained, "--to", "numpy", "--out", str(home / "n.py"), "--verify")
    assert "max_difference" in json.dumps(numpy)
    done(home, "export", trained, "--to", "wires", "--out", table)
    rows = Path(table).read_text().splitlines()
    assert rows[0] == "from,to,port" and "dense1,bent_identity1,x" in rows


def test_its_lessons_are_right(home: Path) -> None:
    folder = home / "plugins" / "bpstudio_example" / "lessons"
    answer = bpstudio(home, "lessons", "check", str(folder))
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_a_project_opens_without_the_plugin_and_keeps_its_gate(home: Path) -> None:
    project, copy = str(home / "kept.bps"), str(home / "copy.bps")
    words = ("--data", "rings", "--layers", "2,3,3", "--activation", "bent_identity")
    done(home, "new", *words, "--out", project)
    script = (
        "import sys, bpstudio.engine.ops; from bpstudio.project import file; "
        "from bpstudio.engine.ops.missing import Missing; "
        "found = file.load(sys.argv[1]); op = found.graph['bent_identity1'].op; "
        "assert isinstance(op, Missing) and op.gate == 'bent_identity'; "
        "assert not [name for name in sys.modules if 'bpstudio_example' in name]; "
        "file.save(found, sys.argv[2])"
    )
    # The plugin lies on the path here, yet opening a file does not bring it in.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(home / "plugins")))}
    subprocess.run(
        [sys.executable, "-c", script, project, copy], env=environment, check=True, timeout=100
    )
    without = bpstudio(home, "check", copy, BPSTUDIO_PLUGINS="0")
    assert without.returncode == 2
    assert "does not know the gate bent_identity" in without.stderr
    assert "bent_identity1" in without.stderr
    assert done(home, "check", copy)["passed"] is True


def test_the_window_trains_with_it(home: Path) -> None:
    """The worker process has the gate too, and the palette shows what the plugin adds."""
    project = str(home / "window.bps")
    words = ("--data", "rings", "--layers", "2,3,3", "--activation", "bent_identity")
    done(home, "new", *words, "--out", project)
    answer = bpstudio(
        home, "window", project, "--smoke", QT_QPA_PLATFORM="offscreen", PYTHONWARNINGS="ignore"
    )
    assert answer.returncode == 0, answer.stderr


def test_every_broken_plugin_is_named_with_its_error_and_left_out(broken: Path) -> None:
    answer = bpstudio(broken, "doctor", "--json")
    assert answer.returncode == 0, answer.stderr
    found = {each["name"]: each["problem"] for each in json.loads(answer.stdout)["plugins"]}
    assert set(found) == set(BROKEN)
    expected = {
        "crash": "RuntimeError: no such luck",
        "leaves": "SystemExit: 3",
        "relu": "There is a gate called relu already",
        "fragile": "RuntimeError: too heavy",
        "skewed": "ValueError: a gradient of shape (3,)",
        "no_gate": "broken.no_gate:VALUE is no gate",
        "gone": "ModuleNotFoundError",
        "xor": "There is a data set called xor already",
        "no_data": "is no data set",
        "torn": "ZeroDivisionError",
        "onnx": "There is a format called onnx already",
        "no_exporter": "is no exporter",
        "no_lessons": "must be the path of a folder",
    }
    assert found.pop("fails") == ""  # it only fails when it is asked to write
    for name, reason in expected.items():
        assert f"The plugin {name} of broken is left out." in found[name]
        assert reason in found[name]
    assert not (broken / "ran").exists(), "what clashes by name is not even imported"


def test_broken_plugins_do_not_keep_anything_else_from_working(broken: Path) -> None:
    project = str(broken / "p.bps")
    answer = bpstudio(broken, "new", "--data", "xor", "--layers", "2,2,1", "--out", project)
    assert answer.returncode == 0
    said = "The plugin crash of broken is left out. RuntimeError: no such luck. The plugin"
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr
    answer = bpstudio(broken, "doctor", BPSTUDIO_DEBUG="1")
    assert "Traceback" in answer.stderr, "whoever mends a plugin is shown where it failed"
    answer = bpstudio(broken, "export", project, "--to", "fails", "--out", "x.txt")
    assert answer.returncode == 2
    assert "The exporter fails of broken failed with AttributeError" in answer.stderr
    window = bpstudio(
        broken, "window", project, "--smoke", "--no-plugins", QT_QPA_PLATFORM="offscreen"
    )
    assert (window.returncode, window.stderr.count("left out")) == (0, 0)


FRAGILE = """
from bpstudio.engine.op import Op

class Fragile(Op, hidden=True):
    'It does well until it meets a network.'
    category = 'activation'
    def forward(self, x): return x * 1.0
    def backward(self, g, y, x): return {'x': g * 1.0}

class Runs(Fragile):
    'Its output fails for other shapes.'
    symbol = '1'
    def forward(self, x): return x * {3: 1.0}[x.shape[-1]]

class Learns(Fragile):
    'Its gradient fails for other shapes.'
    symbol = '2'
    def backward(self, g, y, x): return {'x': g * {3: 1.0}[x.shape[-1]]}

class Tells(Fragile):
    'Its gradient is none for other shapes.'
    symbol = '3'
    def backward(self, g, y, x): return {'x': g * 1.0} if x.shape[-1] == 3 else None

class Turns(Fragile):
    'Its gradient has another shape, for other shapes.'
    symbol = '4'
    def backward(self, g, y, x): return {'x': g if x.shape[-1] == 3 else g[:, :3]}
"""
REASONS = {
    "runs": "fails in forward: KeyError: 4.",
    "learns": "fails in backward: KeyError: 4.",
    "tells": "fails in backward: TypeError: the gradients are NoneType, not given by argument.",
    "turns": "fails in backward: ValueError: a gradient of shape ",
}


@pytest.fixture
def fragile(tmp_path: Path) -> Path:
    """A home with gates that fail only where a network has other shapes than they were tried at."""
    facts = tmp_path / "plugins" / "fragile-3.1.dist-info"
    facts.mkdir(parents=True)
    (tmp_path / "plugins" / "fragile.py").write_text(FRAGILE)
    lines = [f"{name} = fragile:{name.capitalize()}" for name in REASONS]
    (facts / "entry_points.txt").write_text("\n".join(["[bpstudio.gates]", *lines]))
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: fragile\nVersion: 3.1\n")
    return tmp_path


IN_ONE_PROCESS = """
import contextlib, io, json, sys
from bpstudio.cli import main

def run(words):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(words)
    return status, err.getvalue()

if __name__ == "__main__":
    json.dump([run(words) for words in json.load(sys.stdin)], sys.stdout)
"""


def test_a_gate_that_fails_in_a_network_is_named_with_its_plugin(fragile: Path) -> None:
    """Whatever it raises, and whatever asked for it; where all is well it goes on working."""
    lines: list[list[str]] = []
    expected: list[str] = []
    for gate, reason in REASONS.items():
        said = f"The gate {gate.capitalize()} of the plugin {gate} (fragile) {reason}"
        for units, wrong in ((3, ""), (4, said)):
            project, variants = f"{gate}{units}.bps", f"{gate}{units}"
            layers = ("--layers", f"2,{units},1", "--activation", gate)
            numpy = ("--to", "numpy", "--out", "m.py", "--verify")
            lines += [
                ["new", "--data", "xor", *layers, "--out", project],
                ["train", project, "--steps", "5"],
                ["check", project],
                ["export", project, *numpy],
                ["sweep", project, "--vary", "l2=0,0.1", "--steps", "2", "--out", variants],
            ][: 5 if gate == "learns" else 4]
            expected += ["", *[wrong] * (4 if gate == "learns" else 3)]
    script = fragile / "commands.py"
    script.write_text(IN_ONE_PROCESS)
    ended = subprocess.run(
        [sys.executable, str(script)],
        input=json.dumps(lines),
        env={**os.environ, "BPSTUDIO_SETTINGS": str(fragile), "PYTHONPATH": str(ROOT)},
        cwd=fragile,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    for words, said, (status, err) in zip(lines, expected, json.loads(ended.stdout), strict=True):
        assert status == (2 if said else 0), (words, err)
        assert said in err and "bug" not in err, (words, err)
        assert err.count("\n") == bool(said), (words, err)
