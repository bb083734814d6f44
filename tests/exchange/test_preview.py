"""What an export would write is shown as it would be written, in part."""

from __future__ import annotations

from pathlib import Path

import pytest

from bpstudio.data import toys
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.ops.missing import missing
from bpstudio.errors import StudioError
from bpstudio.exchange import formats, preview
from bpstudio.project import build
from bpstudio.project.project import Project

XOR = build.network(toys.make("xor"), (2, 4, 1))
LARGE = build.network(toys.make("digits"), (64, 80, 80, 10))
TEXTS = [name for name, each in formats.FORMATS.items() if each.ending not in preview.PAGES]
TEXTS = [name for name in TEXTS if name not in ("onnx", "npz", "safetensors")]


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_shown_as_it_is_written(name: str, tmp_path: Path) -> None:
    found = preview.preview(XOR, name)
    path = formats.export(XOR, name, tmp_path / "x")[0]
    assert path.read_text("utf-8").splitlines()[: preview.MOST_LINES] == list(found.lines)
    assert found.count >= len(found.lines) > 0 and found.size == path.stat().st_size
    assert f"{found.count} line" in found.summary()


def test_a_long_text_is_cut_and_a_second_file_is_told() -> None:
    found = preview.preview(LARGE, "json")
    assert max(map(len, found.lines)) <= preview.MOST_SIGNS + 2
    script = preview.preview(LARGE, "numpy")
    assert 0 < script.arrays < script.size
    assert "in a second file" in script.summary()
    header = preview.preview(LARGE, "c")
    assert len(header.lines) == preview.MOST_LINES < header.count


@pytest.mark.parametrize("name", ["npz", "safetensors", "onnx"])
def test_numbers_are_told_by_name_and_shape(name: str) -> None:
    if formats.FORMATS[name].missing:
        pytest.skip("not installed")
    head, *rows = preview.preview(XOR, name).rows
    assert head == ("name", "what", "shape", "size")
    told = {row[0].replace("_", "."): row for row in rows}
    assert told["dense1.weight"][2] == "2 × 4" and told["dense1.weight"][3].endswith(" B")
    if name == "onnx":
        assert [row[1] for row in rows][:2] == ["input", "output"]
        assert ("Gemm", "operator", "× 2", "") in rows


def test_of_very_many_arrays_the_first_are_told() -> None:
    deep = build.network(toys.make("xor"), (2, *([2] * 120), 1))
    rows = preview.preview(deep, "npz").rows
    assert len(rows) == preview.MOST_ROWS + 2
    assert rows[-1][1] == "and 42 more"


def test_what_can_not_be_written_can_not_be_shown() -> None:
    with pytest.raises(StudioError, match="There is no format theano"):
        preview.preview(XOR, "theano")
    graph = Graph({"a": Node("a", missing("strange", {}, ()))})
    with pytest.raises(StudioError, match="strange"):
        preview.preview(Project(graph=graph), "numpy")


def test_amounts() -> None:
    assert [preview.amount(size) for size in (3, 86_000, 1_440_000)] == ["1 KB", "86 KB", "1.4 MB"]
