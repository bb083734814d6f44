"""The project file: round trips, determinism, what nobody knows, newer and older versions."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.engine import run
from bpstudio.engine.op import Array, Op, Statistic, Weight, catalog, setting
from bpstudio.engine.ops.missing import Missing
from bpstudio.engine.optimizers import Adam
from bpstudio.engine.shapes import Shape
from bpstudio.errors import FileError, StudioError
from bpstudio.project import build, edits, file, migrations
from bpstudio.project.container import MIMETYPE, Parts, pack, unpack
from bpstudio.project.gates import gate
from bpstudio.project.project import Project, arguments, shapes
from bpstudio.training.job import Memory
from bpstudio.training.settings import Settings


def a_project() -> Project:
    """A project with something in every part."""
    project = build.network(toys.make("spiral", points=30, arms=3), (2, 4, 3), title="나선")
    project = edits.rename(project, "dense1", "Hidden · 1")
    project = edits.set_note(project, "first line\nsecond\tline")
    project = edits.set_training(
        project,
        Settings(
            optimizer=Adam(learning_rate=0.025, beta1=0.8, beta2=0.99, epsilon=1e-7),
            batch=8,
            l2=1e-3,
            seed=42,
            frozen=frozenset({"dense2", "dense1"}),
        ),
    )
    weights = {key: weight * 1.1 for key, weight in project.weights.items()}
    weights["dense1.bias"] = np.array([np.nan, np.inf, -np.inf, -0.0])
    layout = tuple((key, weight.shape) for key, weight in weights.items())
    count = sum(weight.size for weight in weights.values())
    memory = Memory(2, layout, {"mean": np.arange(count) / 7, "square": np.ones(count)})
    return edits.land_training(project, weights, {}, np.array([1.0, np.nan, 0.1]), 3, memory)


def document_of(content: bytes) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(unpack(content).document)
    return document


def with_document(content: bytes, **changes: Any) -> bytes:
    """The same file, with fields of the top level of project.json changed."""
    document = {**document_of(content), **changes}
    return pack(unpack(content)._replace(document=json.dumps(document).encode()))


@pytest.fixture
def hologram() -> Iterator[type[Op]]:
    """A gate that a newer version might have, known only while the test lets it be known."""

    class Hologram(Op):
        depth: int = setting(2, low=1, high=9)
        palette: tuple[str, ...] = setting(("red", "green"))

        name = "hologram_of_tests"

        def forward(self, x: Array, weight: Weight, mean: Statistic) -> Array:
            return x * weight - mean

        def weight_shapes(self, x: Shape) -> dict[str, tuple[int, ...]]:
            return {"weight": x.features, "mean": ()}

        def shape(self, x: Shape, weight: Shape, mean: Shape) -> Shape:
            return x

        def initials(self) -> dict[str, str]:
            return {"weight": "normal", "mean": "zeros"}

    yield Hologram
    catalog.pop("hologram_of_tests", None)


@pytest.fixture
def from_the_future(hologram: type[Op]) -> bytes:
    """A file with that gate in it, and the gate no longer known."""
    project = edits.insert_node(
        a_project(), gate("hologram_of_tests", {"depth": 5}), (7, 8), "tanh1", "x"
    )
    content = file.to_bytes(project)
    del catalog["hologram_of_tests"]
    return content


def test_a_file_gives_the_project_back(tmp_path: Path) -> None:
    project = a_project()
    path = tmp_path / "프로젝트 é.bps"
    file.save(project, path, thumbnail=b"\x89PNG pretend")
    opened = file.load(path)
    assert opened.graph.nodes == project.graph.nodes
    assert list(opened.graph.nodes) == list(project.graph.nodes)
    assert opened.training == project.training
    assert opened.places == project.places
    assert (opened.title, opened.note) == (project.title, project.note)
    for key, weight in project.weights.items():
        assert opened.weights[key].tobytes() == weight.tobytes()
        assert not opened.weights[key].flags.writeable
    assert opened.trained.steps == 3
    np.testing.assert_array_equal(opened.trained.losses, [1.0, np.nan, 0.1])
    assert opened.trained.memory.layout == project.trained.memory.layout
    assert opened.trained.memory.since == 2
    for name, vector in project.trained.memory.vectors.items():
        np.testing.assert_array_equal(opened.trained.memory.vectors[name], vector)
    assert opened.data is not None and project.data is not None
    np.testing.assert_array_equal(opened.data.features, project.data.features)
    np.testing.assert_array_equal(opened.data.held_out, project.data.held_out)
    assert opened.data.recipe == project.data.recipe
    assert toys.make(**opened.data.recipe).name == project.data.name
    assert file.thumbnail(path) == b"\x89PNG pretend"
    assert file.to_bytes(opened) == file.to_bytes(project)


def test_an_empty_project_is_a_file_too() -> None:
    content = file.to_bytes(Project())
    assert file.to_bytes(file.from_bytes(content)) == content


def test_numbers_that_json_does_not_have(tmp_path: Path) -> None:
    project = Project()
    for id in ("a", "b", "c", "d"):
        project = edits.add_node(project, catalog["parameter"](), (0, 0), id=id)
    values = {"a.value": np.nan, "b.value": np.inf, "c.value": -np.inf, "d.value": 0.1 + 0.2}
    weights = {key: np.array(value) for key, value in values.items()}
    project = edits.land_training(project, weights, {}, np.zeros(1), 1)
    opened = file.from_bytes(file.to_bytes(project))
    for key, weight in weights.items():
        np.testing.assert_array_equal(opened.weights[key], weight)


def test_the_same_project_gives_the_same_bytes_in_every_process() -> None:
    """Order of sets and hashes, the clock and the umask must not show."""
    program = (
        "import hashlib, sys; sys.path.insert(0, sys.argv[1])\n"
        "from dataclasses import replace\n"
        "from bpstudio.data import toys\n"
        "from bpstudio.project import build, file\n"
        "p = build.network(toys.make('spiral', points=30, arms=3), (2, 4, 3))\n"
        "names = frozenset(f'node{i}' for i in range(20))\n"
        "p = replace(p, training=replace(p.training, frozen=names))\n"
        "print(hashlib.sha256(file.to_bytes(p)).hexdigest())\n"
    )
    root = str(Path(__file__).parents[2])
    found = {
        subprocess.run(
            [sys.executable, "-c", program, root],
            env={"PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": "1", "TZ": zone},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Seoul"))
    }
    assert len(found) == 1


def test_order_of_entries_and_layout_in_memory_do_not_show() -> None:
    project = a_project()
    turned = replace(
        project,
        weights={k: np.asfortranarray(w) for k, w in reversed(list(project.weights.items()))},
        places=dict(reversed(list(project.places.items()))),
    )
    assert file.to_bytes(turned) == file.to_bytes(project)


def test_anybody_with_zip_and_numpy_can_read_it() -> None:
    project = a_project()
    with zipfile.ZipFile(io.BytesIO(file.to_bytes(project))) as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.read("mimetype") == MIMETYPE
        weight = np.load(io.BytesIO(archive.read("arrays/dense1.weight.npy")), allow_pickle=False)
        np.testing.assert_array_equal(weight, project.weights["dense1.weight"])
        document = json.loads(archive.read("project.json"))
    assert document["format_version"] == migrations.CURRENT
    assert document["title"] == "나선"
    assert document["nodes"][1]["settings"]["units"] == 4


def test_a_file_packed_again_by_another_program_opens() -> None:
    project = a_project()
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(file.to_bytes(project))) as archive,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as again,
    ):
        again.mkdir("arrays")
        for name in reversed(archive.namelist()):
            again.writestr(name, archive.read(name))
    assert file.to_bytes(file.from_bytes(buffer.getvalue())) == file.to_bytes(project)


def test_an_unknown_gate_is_shown_inert_and_saved_back_unchanged(from_the_future: bytes) -> None:
    opened = file.from_bytes(from_the_future)
    node = opened.graph["hologram_of_tests1"]
    assert isinstance(node.op, Missing)
    assert (node.op.name, node.op.title) == ("hologram_of_tests", "Hologram of tests")
    assert [(port.name, port.kind.value) for port in node.op.ports] == [
        ("x", "input"),
        ("weight", "weight"),
        ("mean", "statistic"),
    ]
    assert node.op.settings == {"depth": 5, "palette": ["red", "green"]}
    assert file.to_bytes(opened) == from_the_future
    assert "dense1" in opened.known_shapes
    assert "tanh1" not in opened.known_shapes
    assert opened.weights["dense2.weight"].shape == (4, 3)
    sentence = "does not know the gate hologram_of_tests"
    with pytest.raises(StudioError, match=sentence):
        shapes(opened)
    with pytest.raises(StudioError, match=sentence):
        run.record(opened.graph, arguments(opened), opened.weights, statistics=opened.statistics)


def test_an_unknown_gate_lives_through_edits(from_the_future: bytes, hologram: type[Op]) -> None:
    opened = file.from_bytes(from_the_future)
    had = opened.weights["hologram_of_tests1.weight"]
    edited = edits.move(opened, {"hologram_of_tests1": (1, 1)})
    edited = edits.rename(edited, "hologram_of_tests1", "what is this")
    edited = edits.disconnect(edited, "hologram_of_tests1", "x")
    edited = edits.new_weights(edited, 5)
    edited = edits.connect(edited, "dense1", "hologram_of_tests1", "x")
    assert edited.weights["hologram_of_tests1.weight"] is had
    with pytest.raises(StudioError, match=r"no setting|no gate"):
        edits.set_setting(edited, "hologram_of_tests1", "depth", 3)
    content = file.to_bytes(edited)
    catalog["hologram_of_tests"] = hologram
    known = file.from_bytes(content)
    assert isinstance(known.graph["hologram_of_tests1"].op, hologram)
    assert known.graph["hologram_of_tests1"].op.settings["depth"] == 5
    assert known.weights["hologram_of_tests1.weight"].tobytes() == had.tobytes()
    shapes(known)
    removed = edits.remove_nodes(edited, ["hologram_of_tests1"])
    assert not any(key.startswith("hologram") for key in removed.weights)


def test_without_a_declaration_the_ports_in_use_are_shown(from_the_future: bytes) -> None:
    gates = document_of(from_the_future)["gates"]
    del gates["hologram_of_tests"]
    opened = file.from_bytes(with_document(from_the_future, gates=gates))
    ports = {port.name: port.kind.value for port in opened.graph["hologram_of_tests1"].op.ports}
    assert ports == {"x": "input", "weight": "weight", "mean": "statistic"}


def test_all_nodes_of_an_unknown_gate_have_the_same_ports() -> None:
    nodes = [
        {"id": "source", "op": "constant"},
        {"id": "one", "op": "nobody", "sources": {"b": ["source"]}},
        {"id": "two", "op": "nobody", "sources": {"a": ["source", "one"]}},
    ]
    content = with_document(
        file.to_bytes(Project()),
        nodes=nodes,
        weights={"two.w": 1.0},
        given={"one.z": 2.0},
        gates={"nobody": [{"name": "first"}]},
    )
    opened = file.from_bytes(content)
    for id in ("one", "two"):
        ports = opened.graph[id].op.ports
        assert [port.name for port in ports] == ["first", "a", "b", "z", "w"]
        assert [port.name for port in ports if port.variadic] == ["a"]
    again = file.to_bytes(opened)
    assert file.from_bytes(again).graph.nodes == opened.graph.nodes
    assert file.to_bytes(file.from_bytes(again)) == again


def test_a_setting_of_a_newer_version_makes_its_gate_unknown() -> None:
    content = file.to_bytes(a_project())
    nodes = document_of(content)["nodes"]
    nodes[1]["settings"]["sparsity"] = 0.5
    opened = file.from_bytes(with_document(content, nodes=nodes))
    assert isinstance(opened.graph["dense1"].op, Missing)
    assert document_of(file.to_bytes(opened))["nodes"][1]["settings"]["sparsity"] == 0.5
    assert opened.weights.keys() == a_project().weights.keys()


def test_unknown_fields_and_arrays_are_kept() -> None:
    parts = unpack(file.to_bytes(a_project()))
    document = json.loads(parts.document)
    document["lesson"] = {"chapter": 3, "answers": [1.5, None, True, "네"], "array": "lesson-data"}
    kept = np.array([[1, 2], [3, 4]], dtype=">i2")
    parts = Parts(
        json.dumps(document).encode(), {**parts.arrays, "lesson-data": kept}, parts.thumbnail
    )
    opened = file.from_bytes(pack(parts))
    assert opened.unknown == {"lesson": document["lesson"]}
    assert not opened.unknown_arrays["lesson-data"].flags.writeable
    edited = edits.set_title(edits.remove_nodes(opened, ["loss1"]), "Edited")
    again = unpack(file.to_bytes(edited))
    assert json.loads(again.document)["lesson"] == document["lesson"]
    np.testing.assert_array_equal(again.arrays["lesson-data"], kept)


def test_a_newer_format_is_shown_but_never_written(tmp_path: Path) -> None:
    content = file.to_bytes(a_project())
    nodes = document_of(content)["nodes"]
    nodes[0]["colour"] = "blue"
    newer = with_document(content, format_version=99, nodes=nodes, planet="Mars")
    path = tmp_path / "newer.bps"
    path.write_bytes(newer)
    with pytest.raises(file.NewerFormat, match=r"newer\.bps.*format 99.*up to 2") as caught:
        file.load(path)
    assert isinstance(caught.value, FileError)
    assert caught.value.values["version"] == 99
    shown = file.load(path, allow_newer=True)
    assert shown.graph.nodes == a_project().graph.nodes
    with pytest.raises(file.NewerFormat):
        file.save(edits.set_title(shown, "mine"), path)
    assert path.read_bytes() == newer


def test_older_formats_are_lifted(monkeypatch: pytest.MonkeyPatch) -> None:
    def lift(document: dict[str, Any]) -> dict[str, Any]:
        lifted = {**document, "title": document["name"]}
        del lifted["name"]
        return lifted

    monkeypatch.setattr(migrations, "CURRENT", 2)
    monkeypatch.setattr(migrations, "MIGRATIONS", {1: lift})
    content = file.to_bytes(Project())
    document = document_of(content)
    assert document["format_version"] == 2
    del document["title"]
    old = {**document, "format_version": 1, "name": "Old"}
    opened = file.from_bytes(pack(Parts(json.dumps(old).encode(), {})))
    assert opened.title == "Old"
    assert migrations.lifted(old, 1)["format_version"] == 2
    assert opened.unknown == {}


def test_every_older_format_has_its_migration() -> None:
    assert set(migrations.MIGRATIONS) == set(range(1, migrations.CURRENT))


def test_a_weight_that_is_not_in_the_file_is_drawn() -> None:
    content = file.to_bytes(build.network(toys.make("xor"), (2, 4, 1)))
    document = document_of(content)
    del document["weights"]["dense1.weight"]
    opened = file.from_bytes(with_document(content, weights=document["weights"]))
    fresh = build.network(toys.make("xor"), (2, 4, 1))
    np.testing.assert_array_equal(opened.weights["dense1.weight"], fresh.weights["dense1.weight"])


@pytest.mark.parametrize(
    "project",
    [
        Project(title="\ud800"),
        Project(note="\x07"),
        Project(unknown={"deep": [[[[]]]], "huge": 2**60}),
        Project(unknown={"bad": float("nan")}),
        Project(places={}, training=Settings(l2=float("inf"))),
        Project(unknown={"bad": object()}),
    ],
)
def test_what_the_format_can_not_express_is_said(project: Project) -> None:
    with pytest.raises(FileError, match="can't be written"):
        file.to_bytes(project)


def test_the_schema_describes_what_is_written() -> None:
    schema = file.schema()
    described = schema["$defs"]["ProjectRecord"]
    document = document_of(file.to_bytes(a_project()))
    assert document.keys() <= described["properties"].keys()
    assert set(described["required"]) == {"format_version", "training"}
    assert msgspec.json.encode(schema)
