"""The table of formats: written whole, verified by running, honest about what was not run."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.data import toys
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Gradients, Op, catalog
from bpstudio.engine.ops.missing import missing
from bpstudio.errors import FileError, StudioError
from bpstudio.exchange import formats, fresh
from bpstudio.exchange.verify import difference
from bpstudio.project import build
from bpstudio.project.project import Project, complete


@pytest.fixture
def xor() -> Project:
    return build.network(toys.make("xor"), (2, 4, 1))


def test_the_formats_of_the_command_line() -> None:
    first = ["numpy", "pytorch", "torchrun", "onnx", "npz", "safetensors", "json"]
    rest = ["keras", "c", "page", "player", "report", "pdf", "markdown", "losses"]
    rest += ["dot", "mermaid", "tikz"]
    assert list(formats.FORMATS) == [*first, *rest]
    for name, form in formats.FORMATS.items():
        assert form.name == name
        assert form.ending.startswith(".")
        assert form.title


def test_an_unknown_format_is_a_sentence(xor: Project, tmp_path: Path) -> None:
    with pytest.raises(StudioError, match=r"There is no format theano\. There are: numpy"):
        formats.export(xor, "theano", tmp_path / "x")


def test_a_library_that_is_not_there_is_named(
    xor: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert formats.FORMATS["onnx"].missing == ("onnx",)
    with pytest.raises(FileError, match="pip install onnx"):
        formats.export(xor, "onnx", tmp_path / "x.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_can_not_be_written_to_is_named(xor: Project, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="can't be written"):
        formats.export(xor, "numpy", tmp_path / "nowhere" / "net.py")


def test_what_can_not_be_exported_leaves_the_old_file(tmp_path: Path, xor: Project) -> None:
    path = tmp_path / "net.py"
    formats.export(xor, "numpy", path)
    before = path.read_bytes()
    graph = Graph({"a": Node("a", missing("strange", {}, ()))})
    with pytest.raises(StudioError, match="strange"):
        formats.export(Project(graph=graph), "numpy", path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_an_export_over_an_older_one_leaves_nothing_else(xor: Project, tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    formats.export(xor, "numpy", path)
    formats.export(build.network(toys.make("xor"), (2, 2, 1)), "numpy", path)
    assert list(tmp_path.iterdir()) == [path]


def test_folders_may_have_any_name(xor: Project, tmp_path: Path) -> None:
    folder = tmp_path / '내 그림 é\'s "x"'
    folder.mkdir()
    for format in ("numpy", "onnx"):
        if formats.FORMATS[format].missing:
            continue
        path = folder / f"신경망 {format}"
        formats.export(build.network(toys.make("moons"), (2, 4, 1)), format, path)
        project = build.network(toys.make("moons"), (2, 4, 1))
        assert formats.verify(project, format, path).passed


def test_a_format_is_tried_without_leaving_a_file(xor: Project) -> None:
    found = formats.tried(xor, "numpy")
    assert found.passed and found.max_difference is not None and found.max_difference < 1e-12
    assert formats.tried(xor, "markdown").skipped
    with pytest.raises(StudioError, match="There is no format theano"):
        formats.tried(xor, "theano")


def test_verification_sees_another_weight(xor: Project, tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    formats.export(xor, "numpy", path)
    weight = repr(float(xor.weights["dense1.weight"][0, 0]))
    text = path.read_text("utf-8")
    assert weight in text
    path.write_text(text.replace(weight, weight + "1e-6"), "utf-8")
    found = formats.verify(xor, "numpy", path)
    assert not found.passed
    assert found.max_difference is not None and found.max_difference > 1e-12


def test_verification_sees_a_wrong_gradient(xor: Project, tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    formats.export(xor, "numpy", path)
    text = path.read_text("utf-8")
    assert "1 - self.y ** 2" in text
    path.write_text(text.replace("1 - self.y ** 2", "1 + self.y ** 2"), "utf-8")
    found = formats.verify(xor, "numpy", path)
    assert found.max_difference == 0.0
    assert found.gradient_difference is not None and found.gradient_difference > 1e-6
    assert not found.passed


def test_an_export_that_does_not_run_is_a_sentence(xor: Project, tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    formats.export(xor, "numpy", path)
    path.write_text(path.read_text("utf-8").replace("np.tanh", "np.tan_h"), "utf-8")
    with pytest.raises(FileError, match=r"net\.py was written, but it does not run: AttributeErr"):
        formats.verify(xor, "numpy", path)


def test_a_script_is_run_without_the_studio_in_reach(xor: Project, tmp_path: Path) -> None:
    """It runs in an empty folder: no module of ours lies beside the runner."""
    path = tmp_path / "net.py"
    formats.export(xor, "numpy", path)
    text = path.read_text("utf-8").replace("import numpy", "import verify, numpy", 1)
    path.write_text(text.replace("import verify, numpy as np", "import verify\nimport numpy as np"))
    assert formats.verify(xor, "numpy", path).skipped.startswith("verify is not installed")


def test_without_pytorch_the_reason_is_given(
    xor: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net.py"
    formats.export(xor, "pytorch", path)
    monkeypatch.delenv(fresh.TORCH_PYTHON, raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    found = formats.verify(xor, "pytorch", path)
    assert (found.max_difference, found.passed) == (None, True)
    assert found.skipped.startswith("PyTorch is not installed here. BPSTUDIO_TORCH may name")
    monkeypatch.setenv(fresh.TORCH_PYTHON, str(tmp_path / "python"))
    found = formats.verify(xor, "pytorch", path)
    assert found.skipped.startswith(f"BPSTUDIO_TORCH names {tmp_path / 'python'}, which is not")


@pytest.mark.torch
def test_the_python_for_pytorch_can_be_named(
    xor: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net.py"
    formats.export(xor, "pytorch", path)
    monkeypatch.setenv(fresh.TORCH_PYTHON, sys.executable)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    found = formats.verify(xor, "pytorch", path)
    assert found.passed and not found.skipped
    assert "torch" in found.runtime


def test_differences() -> None:
    nan, inf = np.nan, np.inf
    assert difference(np.array([1.0, nan, inf]), np.array([1.5, nan, inf])) == 0.5
    assert difference(np.array([nan]), np.array([1.0])) == inf
    assert difference(np.array([inf]), np.array([-inf])) == inf
    assert difference(np.zeros(2), np.zeros((2, 1))) == inf
    assert difference(np.zeros(0), np.zeros(0)) == 0.0


class Cubed(Op, hidden=True):
    """A gate that nobody told the exporters about; its texts are enough."""

    strength: float = 2.0

    formula = "y = strength · x ^ 3 if x > 0 else sum(x · x, -1)"

    def forward(self, x: Array) -> Array:
        return np.where(x > 0, self.strength * x**3, np.sum(x * x, axis=-1, keepdims=True))

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {}


class Misread(Op, hidden=True):
    """A gate whose formula is wrong: what it computes is told instead."""

    formula = "y = x + 1"
    gradients = {"x": "g"}

    def forward(self, x: Array) -> Array:
        return np.tanh(x) * 3.0

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": g * (3.0 - y * y / 3.0)}


class Halved(Op, hidden=True):
    """A gate whose formula is wrong left of 0 only."""

    formula = "y = abs(x)"
    gradients = {"x": "g"}

    def forward(self, x: Array) -> Array:
        return np.where(x > 0, x, -2.0 * x)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": np.where(x > 0, g, -2.0 * g)}


class Secretive(Op, hidden=True):
    """A gate that calls what no exporter knows, and tells nothing."""

    def forward(self, x: Array) -> Array:
        return np.sort(x)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": g}


class Counting(Op, hidden=True):
    """A gate that turns the number of rows into a bare number while it runs."""

    def forward(self, x: Array) -> Array:
        return x * (2.0 / len(x))

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": g * (2.0 / len(g))}


def with_gate(op: Op) -> Project:
    nodes = [Node("data1", catalog["data"]()), Node("gate1", op, {"x": ("data1",)})]
    return complete(Project(graph=Graph({n.id: n for n in nodes}), data=toys.make("moons")))


@pytest.mark.parametrize(
    "op", [Cubed(strength=0.5), Misread(), Halved()], ids=["cubed", "misread", "halved"]
)
@pytest.mark.parametrize(
    "format", ["numpy", pytest.param("pytorch", marks=pytest.mark.torch), "onnx"]
)
def test_a_new_gate_exports_with_nothing_else_touched(op: Op, format: str, tmp_path: Path) -> None:
    if formats.FORMATS[format].missing:
        pytest.skip("not installed")
    project = with_gate(op)
    formats.export(project, format, tmp_path / "net")
    found = formats.verify(project, format, tmp_path / "net")
    assert found.passed and not found.skipped, found


@pytest.mark.parametrize("op", [Secretive(), Counting()], ids=["secretive", "counting"])
def test_a_gate_that_can_not_be_told_is_refused_by_name(op: Op, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"gate1 \(\w+\) can't be written as code") as raised:
        formats.export(with_gate(op), "numpy", tmp_path / "net.py")
    assert raised.value.nodes == ("gate1",)
