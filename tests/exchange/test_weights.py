"""Weights as files, and back: bit for bit, or one sentence."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.engine.op import Array
from bpstudio.errors import FileError
from bpstudio.exchange import formats, weights
from bpstudio.project import build, edits
from bpstudio.project.project import Project

ENDINGS = ("npz", "safetensors", "json")
WRITERS: dict[str, Callable[[dict[str, Array]], bytes]] = {
    "npz": weights.to_npz,
    "safetensors": weights.to_safetensors,
    "json": weights.to_json,
}


def xor(layers: tuple[int, ...] = (2, 3, 1), seed: int = 1) -> Project:
    return build.network(toys.make("xor"), layers, seed=seed)


@pytest.fixture(params=ENDINGS)
def ending(request: pytest.FixtureRequest) -> str:
    if request.param == "safetensors":
        pytest.importorskip("safetensors")
    return str(request.param)


def test_a_fresh_net_gets_the_same_weights(ending: str, tmp_path: Path) -> None:
    project = xor()
    path = tmp_path / f"무게 é.{ending}"
    assert formats.export(project, ending, path) == [path]
    loaded = weights.with_weights(xor(seed=9), weights.load_weights(path))
    for key, value in project.weights.items():
        np.testing.assert_array_equal(loaded.weights[key], value)
        assert not loaded.weights[key].flags.writeable
    found = formats.verify(project, ending, path)
    assert (found.passed, found.max_difference, found.skipped) == (True, 0.0, "")


def test_verification_sees_another_weight(ending: str, tmp_path: Path) -> None:
    project = xor()
    path = tmp_path / f"w.{ending}"
    formats.export(project, ending, path)
    key = "dense1.weight"
    other = replace(project, weights={**project.weights, key: project.weights[key] + 1e-9})
    found = formats.verify(other, ending, path)
    assert not found.passed
    assert found.max_difference == pytest.approx(1e-9, rel=1e-4)


def test_odd_numbers_and_shapes_come_back(ending: str, tmp_path: Path) -> None:
    arrays = {
        "a.b": np.array([0.1, -0.0, 5e-324, 1.7976931348623157e308, np.pi]),
        "none": np.array([np.nan, np.inf, -np.inf]),
        "one": np.array(3.5),
        "deep": np.arange(24.0).reshape(2, 3, 4)[:, ::-1].T,
    }
    path = tmp_path / f"w.{ending}"
    path.write_bytes(WRITERS[ending](arrays))
    loaded = weights.load_weights(path)
    assert loaded.keys() == arrays.keys()
    for key, value in arrays.items():
        np.testing.assert_array_equal(loaded[key], value)
        np.testing.assert_array_equal(np.signbit(loaded[key]), np.signbit(value))


def test_the_same_weights_give_the_same_bytes(ending: str) -> None:
    arrays = dict(xor().weights)
    assert WRITERS[ending](arrays) == WRITERS[ending]({k: v.copy() for k, v in arrays.items()})


def test_numpy_reads_the_npz(tmp_path: Path) -> None:
    project = xor()
    formats.export(project, "npz", tmp_path / "w.npz")
    with np.load(tmp_path / "w.npz", allow_pickle=False) as loaded:
        assert list(loaded) == list(project.weights)
        np.testing.assert_array_equal(loaded["dense2.bias"], project.weights["dense2.bias"])


def test_weights_of_another_network_are_refused_in_a_sentence() -> None:
    with pytest.raises(FileError, match=r"dense1\.weight has the shape \(2, 3\) in the file, but"):
        weights.with_weights(xor((2, 5, 1)), xor().weights)
    with pytest.raises(FileError, match=r"dense3\.weight, dense3\.bias missing, - unknown"):
        weights.with_weights(xor((2, 3, 3, 1)), xor().weights)
    extra = {**xor().weights, "other.weight": np.zeros(2)}
    with pytest.raises(FileError, match=r"- missing, other\.weight unknown"):
        weights.with_weights(xor(), extra)


def npz_with(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def npy_of(value: object) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(value, dtype=object), allow_pickle=True)
    return buffer.getvalue()


LYING = (
    b"\x93NUMPY\x01\x00v\x00"
    + b"{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999,), }".ljust(117)
    + b"\n"
)

HOSTILE: dict[str, bytes] = {
    "empty.npz": b"",
    "empty.json": b"",
    "empty.safetensors": b"",
    "text.npz": b"<!doctype html><html>not found</html>",
    "text.safetensors": b"<!doctype html><html>not found</html>",
    "cut.npz": weights.to_npz({"a": np.ones(50)})[:200],
    "pickle.npz": npz_with("a.npy", npy_of([{}])),
    "lying.npz": npz_with("a.npy", LYING),
    "names.npz": npz_with("a.npy", b"no array"),
    "bomb.npz": npz_with("a.npy", b"\0" * (64 << 20)),
    "list.json": b"[1, 2]",
    "ragged.json": b'{"a": [[1, 2], [3]]}',
    "words.json": b'{"a": ["one"]}',
    "true.json": b'{"a": [true]}',
    "null.json": b'{"a": null}',
    "nan.json": b'{"a": [NaN]}',
    "deep.json": b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "binary.json": b"\xff\xfe\x00",
    "long.safetensors": b"\xff" * 8 + b"{}",
    "hole.safetensors": (60).to_bytes(8, "little")
    + json.dumps({"a": {"dtype": "F64", "shape": [9], "data_offsets": [0, 72]}}).encode().ljust(60),
    "model.pt": b"PK\x03\x04",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name])
    with pytest.raises(FileError) as raised:
        weights.load_weights(path)
    assert name in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        FileError, match=r"nothing\.npz can't be read as weights: there is no such file"
    ):
        weights.load_weights(tmp_path / "nothing.npz")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_right_file_is_right_where_the_network_can_not_run(ending: str, tmp_path: Path) -> None:
    project = edits.remove_nodes(xor(), ["data1"])
    path = formats.export(project, ending, tmp_path / f"w.{ending}")[0]
    assert formats.verify(project, ending, path).passed
    key = "dense1.weight"
    other = {**project.weights, key: project.weights[key] + 1.0}
    path.write_bytes(WRITERS[ending]({**other, **project.statistics}))
    found = formats.verify(project, ending, path)
    assert not found.passed and found.max_difference == 1.0
