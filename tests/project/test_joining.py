"""Arrays that lie together in a file because there are very many of them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import catalog
from bpstudio.errors import FileError
from bpstudio.project import build, joining
from bpstudio.project.container import MOST_MEMBERS, Parts
from bpstudio.project.file import from_bytes, to_bytes
from bpstudio.project.joining import joined, separated
from bpstudio.project.project import Project, complete, frozen
from bpstudio.project.reading import project_of
from bpstudio.project.records import MOST_NODES
from bpstudio.project.recovery import Recorder, Work, left_behind
from bpstudio.project.writing import parts_of


def inputs(count: int) -> Project:
    """So many inputs, each with numbers of its own; one has none, and one a table."""
    nodes = {f"x{n}": Node(f"x{n}", catalog["input"]()) for n in range(count)}
    given = {f"{id}.value": frozen([n, n + 0.5]) for n, id in enumerate(nodes)}
    given |= {"x0.value": frozen(np.zeros((0, 3))), "x1.value": frozen([[1, 2], [np.nan, 4]])}
    return complete(Project(Graph(nodes), given, places=dict.fromkeys(nodes, (0.0, 0.0))))


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Parts:
    """The parts of a small network whose arrays lie together nevertheless."""
    monkeypatch.setattr(joining, "MOST_ALONE", 2)
    return parts_of(build.network(toys.make("xor"), (2, 3, 1)))


@pytest.mark.parametrize("count", [joining.MOST_ALONE + 1, 5_000])
def test_a_network_of_many_arrays_is_saved_and_opened(count: int) -> None:
    project = inputs(count)
    content = to_bytes(project)
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert len(archive.namelist()) < 10
    opened = from_bytes(content)
    assert opened.graph.nodes == project.graph.nodes
    assert opened.given.keys() == project.given.keys()
    for key, value in project.given.items():
        np.testing.assert_array_equal(opened.given[key], value, strict=True)
        assert not opened.given[key].flags.writeable
    assert to_bytes(opened) == content


def test_whatever_there_are_room_is_enough() -> None:
    """As many arrays as there may be nodes, a few of them too large to be joined."""
    arrays = {f"n{n}.value": np.zeros(n % 5) for n in range(MOST_NODES)}
    large = {f"large{n}": np.zeros(joining.LARGEST_PIECE // 8 + 1) for n in range(3)}
    records, held = joined(arrays | large)
    assert held.keys() - large.keys() == {"joined-f8"}
    assert len(held) < MOST_MEMBERS
    found = separated(held, records)
    assert found.keys() == arrays.keys() | large.keys()
    assert all(np.array_equal(found[name], array) for name, array in arrays.items())


def test_few_arrays_lie_alone() -> None:
    project = build.network(toys.make("xor"), (2, 3, 1))
    parts = parts_of(project)
    assert "dense1.weight" in parts.arrays
    assert "joined" not in json.loads(parts.document)


def test_types_are_kept_and_names_that_are_taken_are_not_taken_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(joining, "MOST_ALONE", 1)
    arrays = {
        "a": np.arange(3),
        "b": np.asarray([True, False]),
        "c": np.zeros(2, np.float32),
        "d": np.asarray(["곱", "하기"]),
        "joined-i8": np.asarray(7),
    }
    records, held = joined(arrays)
    assert sorted(held) == ["joined-U8", "joined-b1", "joined-f4", "joined-i8-"]
    found = separated(held, records)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


Edit = Callable[[list[dict[str, Any]]], object]
WRONG: dict[str, tuple[Edit, str]] = {
    "an array that is not there": (lambda j: j[0].update(array="ghost"), "there is no arrays/"),
    "the same array twice": (lambda j: j.append(j[0]), "there is no arrays/|stands twice"),
    "too many numbers": (lambda j: j[0]["pieces"][0].__setitem__(1, [99]), "numbers together"),
    "too few": (lambda j: j[0]["pieces"].pop(), "numbers together"),
    "a shape below nothing": (lambda j: j[0]["pieces"][0].__setitem__(1, [-1]), ">= 0"),
    "a name twice": (lambda j: j[0]["pieces"].append(["dense1.weight", [0]]), "stands twice"),
    "a path": (lambda j: j[0]["pieces"].append(["../evil", [0]]), "does not belong"),
    "too many axes": (lambda j: j[0]["pieces"].append(["z", [0] * 100]), "axes"),
    "an endless axis": (lambda j: j[0]["pieces"].append(["z", [0, 2**53, 2**53]]), "axes"),
    "something unknown": (lambda j: j[0].update(colour="red"), "no field called colour"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_does_not_fit_is_refused(wrong: str, parts: Parts) -> None:
    edit, sentence = WRONG[wrong]
    document = json.loads(parts.document)
    edit(document["joined"])
    with pytest.raises(FileError, match=sentence):
        project_of(Parts(json.dumps(document).encode(), parts.arrays))


def test_a_table_of_numbers_is_not_joined_ones(parts: Parts) -> None:
    (long,) = {each["array"] for each in json.loads(parts.document)["joined"]} & {"joined-f8"}
    arrays = {**parts.arrays, long: parts.arrays[long].reshape(1, -1)}
    with pytest.raises(FileError, match="numbers together"):
        project_of(Parts(parts.document, arrays))


def test_very_many_arrays_are_kept_for_a_crash_too(tmp_path: Path) -> None:
    project = replace(inputs(5_000), title="many")
    recorder = Recorder(tmp_path)
    recorder.keep(Work(project))
    recorder.close(give_up=False, patience=60)
    (orphan,) = left_behind(tmp_path)
    kept = orphan.work().project
    assert kept.given.keys() == project.given.keys()
    np.testing.assert_array_equal(kept.given["x1.value"], project.given["x1.value"])
    orphan.release()
