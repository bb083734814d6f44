"""Files of every version that was ever released still open, and give what they gave.

`tests/data/versions` has a file of each format, with what it computed when it was written. They
are never written anew: a new format adds files.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from schema import place, text

from bpstudio.cli import BAD_INPUT, main
from bpstudio.project import file, migrations
from bpstudio.project.container import unpack
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project

VERSIONS = Path(__file__).parents[1] / "data" / "versions"
FILES = sorted(VERSIONS.glob("format-*.bps"))


def computed(project: Project) -> dict[str, list[float]]:
    """The value of every node, and the gradient where there is one."""
    recording = iteration(project)
    assert recording is not None
    values = {id: np.ravel(value).tolist() for id, value in recording.values.items()}
    gradients = {f"d {id}": np.ravel(value).tolist() for id, value in recording.gradients.items()}
    return values | gradients


def test_there_is_a_file_of_every_format() -> None:
    formats = {int(path.name.split("-")[1]) for path in FILES}
    assert formats == set(range(1, migrations.CURRENT + 1))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_opens_and_computes_what_it_computed(path: Path) -> None:
    project = file.load(path)
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    found = computed(project)
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        np.testing.assert_allclose(found[key], values, rtol=1e-12, atol=1e-15, err_msg=key)
    again = file.from_bytes(file.to_bytes(project))
    assert again.graph.nodes == project.graph.nodes
    assert again.unknown == project.unknown


def test_what_a_newer_version_added_is_still_there() -> None:
    (path,) = [path for path in FILES if "unknown" in path.stem]
    project = file.load(path)
    document = json.loads(unpack(file.to_bytes(project)).document)
    assert document["planet"] == "Mars"
    assert [node["op"] for node in document["nodes"]].count("hologram") == 1


def test_the_command_line_refuses_a_newer_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "newer.bps"
    path.write_bytes((VERSIONS / "newer.bps").read_bytes())
    for words in (["check"], ["train", "--out", str(tmp_path / "out.bps")], ["predict"]):
        extra = ["--input", str(path)] if words == ["predict"] else []
        assert main([words[0], str(path), *words[1:], *extra]) == BAD_INPUT
        assert "newer version of Backprop Studio (format 99" in capsys.readouterr().err
    assert not (tmp_path / "out.bps").exists()


def test_the_published_schema_is_current() -> None:
    assert place().read_text(encoding="utf-8") == text(), "run packaging/schema.py"
