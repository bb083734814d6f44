"""Files that somebody made to do harm, or that were damaged on the way.

Opening any of them gives a project or one sentence, at once, and never runs anything.
"""

from __future__ import annotations

import io
import json
import math
import os
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.engine.op import Array
from bpstudio.errors import FileError, StudioError
from bpstudio.project import build, file
from bpstudio.project.container import MIMETYPE, npy, pack, unpack
from bpstudio.project.document import fingerprint

GOOD = file.to_bytes(build.network(toys.make("spiral", points=30, arms=3), (2, 4, 3)))
PARTS = unpack(GOOD)
DOCUMENT: dict[str, Any] = json.loads(PARTS.document)


def archive(members: list[tuple[Any, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as made:
        for name, content in members:
            made.writestr(name, content)
    return buffer.getvalue()


def members() -> list[tuple[Any, bytes]]:
    arrays = [(f"arrays/{name}.npy", npy(array)) for name, array in PARTS.arrays.items()]
    return [("mimetype", MIMETYPE), ("project.json", PARTS.document), *arrays]


def with_member(name: str | zipfile.ZipInfo, content: bytes = b"") -> bytes:
    return archive([*members(), (name, content)])


def with_text(text: str | bytes) -> bytes:
    """The file with another project.json."""
    return pack(PARTS._replace(document=text if isinstance(text, bytes) else text.encode()))


def changed(edit: Callable[[dict[str, Any]], Any]) -> bytes:
    """The file after an edit of its plain document."""
    document = json.loads(json.dumps(DOCUMENT))
    edit(document)
    return with_text(json.dumps(document))


def node(index: int, **fields: Any) -> bytes:
    """The file with fields of one node changed."""
    return changed(lambda document: document["nodes"][index].update(fields))


def with_array(content: bytes, name: str = "dense1.weight") -> bytes:
    """The file with other bytes for one array."""
    member = f"arrays/{name}.npy"
    return archive([(n, content if n == member else c) for n, c in members()])


def header(text: str, content: bytes = b"") -> bytes:
    """An array file with that header."""
    encoded = text.encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(encoded)) + encoded + content


def symlink() -> bytes:
    info = zipfile.ZipInfo("arrays/link.npy")
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    return with_member(info, b"/etc/passwd")


def duplicate() -> bytes:
    content = archive([*members(), ("arrays/dense1.weighT.npy", npy(np.zeros((2, 4))))])
    return content.replace(b"weighT", b"weight")


def patched(old: bytes, new: bytes, content: bytes = GOOD) -> bytes:
    assert old in content and len(old) == len(new)
    return content.replace(old, new)


def forged_size() -> bytes:
    """An entry that unpacks to more than it claims."""
    content = archive([*members(), ("arrays/bomb.npy", b"\0" * 5_000_000)], zipfile.ZIP_DEFLATED)
    return content.replace(struct.pack("<I", 5_000_000), struct.pack("<I", 5_000))


def claims_too_much() -> bytes:
    content = archive([*members(), ("arrays/bomb.npy", b"\0" * 5_000_000)], zipfile.ZIP_DEFLATED)
    return content.replace(struct.pack("<I", 5_000_000), struct.pack("<I", 2**31))


def encrypted() -> bytes:
    content = bytearray(GOOD)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(signature)
        content[place + offset] |= 1
    return bytes(content)


def deep(count: int) -> str:
    text = json.dumps(DOCUMENT)
    return text[:-1] + ', "deep": ' + "[" * count + "]" * count + "}"


def many_nodes() -> bytes:
    return changed(
        lambda d: d.update(nodes=[{"id": f"n{i}", "op": "constant"} for i in range(20_001)])
    )


def cycle() -> bytes:
    return changed(lambda d: d["nodes"][1].update(sources={"x": ["dense2"]}))


def text_with(value: str) -> bytes:
    """The file with a raw JSON text in the place of the learning rate."""
    return with_text(
        json.dumps(DOCUMENT).replace('"learning_rate": 0.01', f'"learning_rate": {value}')
    )


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    # what stands in a project's place
    "empty": (lambda: b"", "is empty"),
    "garbage": (lambda: os.urandom(1000), "not a project"),
    "text": (lambda: "안녕하세요".encode(), "not a project"),
    "git-lfs pointer": (lambda: b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS"),
    "web page": (lambda: b"\n<!DOCTYPE html><html></html>", "web page"),
    "polyglot": (lambda: b"MZ\x90" + GOOD, "not a project"),
    "json alone": (lambda: PARTS.document, "not a project"),
    # the zip
    "empty zip": (lambda: b"PK\x05\x06" + bytes(18), "not a project"),
    "cut off": (lambda: GOOD[: len(GOOD) // 2], "damaged"),
    "zip of something else": (lambda: archive([("word/document.xml", b"<w/>")]), "belong"),
    "no mimetype": (lambda: archive(members()[1:]), "mimetype: it is not there"),
    "other mimetype": (
        lambda: archive([("mimetype", b"application/epub+zip"), *members()[1:]]),
        "another kind",
    ),
    "no document": (lambda: archive(members()[:1]), "project.json: it is not there"),
    "path that climbs": (lambda: with_member("arrays/../../evil.npy"), "belong"),
    "path that climbs within": (lambda: with_member("arrays/..npy"), "belong"),
    "absolute path": (lambda: with_member("/etc/cron.d/evil"), "belong"),
    "windows path": (lambda: with_member("arrays/C:\\evil.npy"), "belong"),
    "backslash": (lambda: with_member("arrays\\evil.npy"), "belong"),
    "NUL in a name": (
        lambda: patched(b"arrays/dense1.bias.npy", b"thumbnail.png\0bias.npy"),
        "belong",
    ),
    "line break in a name": (lambda: with_member("arrays/a\nb.npy"), "belong"),
    "program": (lambda: with_member("arrays/evil.py", b"import os"), "belong"),
    "pickle": (lambda: with_member("arrays/evil.pkl", b"cos\nsystem\n"), "belong"),
    "folder": (lambda: with_member("arrays/sub/x.npy"), "belong"),
    "symlink": (symlink, "a link or a device"),
    "the same name twice": (duplicate, "stands twice"),
    "too many entries": (
        lambda: archive([*members(), *((f"arrays/{i}.npy", b"") for i in range(4100))]),
        "at most 4096",
    ),
    "forged size": (forged_size, "damaged|header|not an array"),
    "claims too much": (claims_too_much, "at most|damaged"),
    "encrypted": (encrypted, "encrypted"),
    "packed by LZMA": (lambda: archive(members(), zipfile.ZIP_LZMA), "no project is"),
    "packed by bzip2": (lambda: archive(members(), zipfile.ZIP_BZIP2), "no project is"),
    "wrong checksum": (lambda: patched(b'"format_version": 2', b'"format_version": 1'), "damaged"),
    "method nobody knows": (
        lambda: GOOD.replace(
            b"PK\x01\x02\x14\x03\x14\0\0\0\0\0", b"PK\x01\x02\x14\x03\x14\0\0\0\x63\0"
        ),
        "no project is",
    ),
    # the document
    "no json": (lambda: with_text("format_version: 1"), "not JSON"),
    "empty document": (lambda: with_text(""), "not JSON"),
    "a list": (lambda: with_text("[]"), "one object"),
    "utf-16": (lambda: with_text(json.dumps(DOCUMENT).encode("utf-16")), "not JSON|UTF-8"),
    "byte order mark": (lambda: with_text(b"\xef\xbb\xbf" + PARTS.document), "not JSON"),
    "bytes that are no text": (lambda: node_bytes(b"\xff\xfe"), "UTF-8"),
    "100,000 levels": (lambda: with_text(deep(100_000)), "nested deeper"),
    "65 levels": (lambda: with_text(deep(65)), "nested deeper"),
    "NaN": (lambda: text_with("NaN"), "not JSON"),
    "Infinity": (lambda: text_with("-Infinity"), "not JSON"),
    "1e999": (lambda: text_with("1e999"), "not JSON"),
    "5,000 digits": (lambda: text_with("9" * 5000), "not JSON|beyond"),
    "2^53 + 1": (lambda: changed(lambda d: d.update(extra=2**53 + 1)), "beyond"),
    "lone surrogate": (lambda: node(1, title="\ud800"), "not JSON|can't be shown"),
    "low surrogate": (lambda: node(1, title="\udc00"), "not JSON|can't be shown"),
    "control character": (lambda: node(1, title="a\x1b[31m"), "can't be shown"),
    "line break in a title": (lambda: node(1, title="a\nb"), "one line"),
    "control character in a key": (
        lambda: changed(lambda d: d.update({"a\0": 1})),
        "can't be shown",
    ),
    "long name": (lambda: node(1, id="a" * 201), "length <= 200"),
    "long title": (lambda: node(1, title="a" * 201), "length <= 200"),
    "too many nodes": (many_nodes, "20001 nodes"),
    "no version": (lambda: changed(lambda d: d.pop("format_version")), "whole number"),
    "version 0": (lambda: changed(lambda d: d.update(format_version=0)), "whole number"),
    "version true": (lambda: changed(lambda d: d.update(format_version=True)), "whole number"),
    "version 99": (lambda: changed(lambda d: d.update(format_version=99)), "newer version"),
    "nodes are no list": (lambda: changed(lambda d: d.update(nodes=7)), "nodes"),
    "field nobody keeps": (lambda: node(1, colour="red"), "no field called colour"),
    # the network
    "cycle": (cycle, "in a circle"),
    "two nodes of one name": (lambda: node(1, id="data1"), "two nodes are called data1"),
    "no name": (lambda: node(1, id=""), "length >= 1"),
    "name that is code": (
        lambda: node(1, id='x"); import os; os.system("id")#'),
        "can't be called",
    ),
    "wire from nowhere": (lambda: node(1, sources={"x": ["ghost"]}), "does not exist"),
    "wire into nowhere": (lambda: node(1, sources={"ghost": ["data1"]}), "no port called ghost"),
    "two wires into one port": (lambda: node(1, sources={"x": ["data1"] * 2}), "one wire"),
    "setting of another type": (lambda: node(1, settings={"units": "4"}), "units can't be"),
    "setting out of range": (lambda: node(1, settings={"units": -4}), "units is -4"),
    "place that is no place": (lambda: node(1, place=[1]), "place"),
    "value that nobody holds": (
        lambda: changed(lambda d: d["given"].update({"dense1.x": 1.0})),
        "no node of the network holds",
    ),
    "weight of another node": (
        lambda: changed(lambda d: d["weights"].update({"ghost.weight": "dense1.weight"})),
        "no node of the network holds",
    ),
    "array that is not there": (
        lambda: changed(lambda d: d["weights"].update({"dense1.weight": "../../etc/passwd"})),
        "there is no arrays/",
    ),
    "weight of another shape": (
        lambda: with_array(npy(np.zeros((9, 9)))),
        "needs a weight of shape",
    ),
    "frozen ghost": (
        lambda: changed(lambda d: d["training"].update(frozen=["ghost"])),
        "freezes ghost",
    ),
    "optimizer nobody knows": (
        lambda: changed(lambda d: d["training"].update(optimizer="os.system")),
        "no optimizer called",
    ),
    "negative seed": (lambda: changed(lambda d: d["training"].update(seed=-1)), "seed"),
    "port that is a path": (
        lambda: node(1, op="nobody", sources={"../x": ["data1"]}),
        "no name for a port",
    ),
    # the data and the arrays
    "array of objects": (lambda: with_array(_pickled()), "numbers only"),
    "records": (
        lambda: with_array(npy_of(np.zeros(3, dtype=[("a", "f8"), ("b", "i4")]))),
        "numbers only",
    ),
    "header that lies": (
        lambda: with_array(
            header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }\n")
        ),
        "8000000000000 bytes by its header",
    ),
    "header that wraps around": (
        lambda: with_array(
            header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({2**61}, 8), }}\n")
        ),
        "bytes by its header|must say its shape",
    ),
    "axes without end": (
        lambda: with_array(
            header("{'descr': '<f8', 'fortran_order': False, 'shape': (" + "1" * 5000 + "x)}")
        ),
        "header must say its shape",
    ),
    "negative axis": (
        lambda: with_array(header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }\n")),
        "must say its shape",
    ),
    "header that is code": (
        lambda: with_array(header("{'descr': '<f8', 'shape': (__import__('os').getpid(),)}\n")),
        "must say its shape",
    ),
    "header longer than the file": (
        lambda: with_array(b"\x93NUMPY\x01\x00\xff\xffxx"),
        "claims 65535 bytes",
    ),
    "70 axes": (
        lambda: with_array(
            header(
                "{'descr': '<f8', 'fortran_order': False, 'shape': (" + "1," * 70 + "), }\n",
                bytes(8),
            )
        ),
        "can't have 70 axes",
    ),
    "no array": (lambda: with_array(b"1, 2, 3"), "not an array of NumPy"),
    "text for a weight": (lambda: with_array(npy(np.array(["a", "b"]))), "not what belongs here"),
    "type nobody knows": (
        lambda: with_array(
            header("{'descr': '<f7', 'fortran_order': False, 'shape': (), }\n", bytes(7))
        ),
        "no type of number",
    ),
    "class out of range": (
        lambda: with_array(npy(np.full(30, 77)), "data-answers"),
        "none of the 3 classes",
    ),
    "rows that do not fit": (
        lambda: with_array(npy(np.zeros((7, 2))), "data-features"),
        "do not fit",
    ),
    "features of no axes": (lambda: with_array(npy(np.array(1.0)), "data-features"), "do not fit"),
    "split that is no split": (
        lambda: with_array(npy(np.zeros(30)), "data-held_out"),
        "not what belongs here",
    ),
}


def node_bytes(raw: bytes) -> bytes:
    return with_text(PARTS.document.replace(b'"spiral"', b'"' + raw + b'"'))


def npy_of(array: Array) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0))
    return buffer.getvalue()


class Harmful:
    """Would leave a mark if it were unpickled."""

    ran = False

    def __reduce__(self) -> tuple[object, ...]:
        return setattr, (Harmful, "ran", True)


def _pickled() -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.array([Harmful()], dtype=object), version=(1, 0))
    return buffer.getvalue()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_one_sentence(name: str) -> None:
    make, says = HOSTILE[name]
    with pytest.raises(FileError, match=says) as caught:
        file.from_bytes(make(), name="given by somebody.bps")
    sentence = str(caught.value)
    assert sentence.startswith("given by somebody.bps ")
    assert len(sentence) < 1000
    assert "Traceback" not in sentence
    assert sentence.isprintable()
    assert not Harmful.ran


def test_the_file_that_they_are_made_of_is_good() -> None:
    assert file.to_bytes(file.from_bytes(GOOD)) == GOOD
    assert (
        file.from_bytes(archive(members())).weights.keys() == file.from_bytes(GOOD).weights.keys()
    )
    assert file.from_bytes(changed(lambda document: None))
    assert file.from_bytes(text_with("0.01")).training == file.from_bytes(GOOD).training


@pytest.mark.parametrize("number", [b"\x01\x00\xa0\x7f", b"\x00\x00\x80\x7f"])
def test_any_number_of_another_type_is_read(number: bytes) -> None:
    # The first is a NaN that signals: a processor complains when it is made another type.
    shape = PARTS.arrays["dense1.weight"].shape
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    found = file.from_bytes(with_array(header(text, number * math.prod(shape))))
    assert not np.isfinite(found.weights["dense1.weight"]).any()


@pytest.mark.parametrize("kind", ["folder", "nothing", "name with NUL", "device"])
def test_paths_that_are_no_files(kind: str, tmp_path: Path) -> None:
    if kind == "device" and not Path("/dev/zero").exists():
        pytest.skip("this system has no /dev/zero")
    path = {
        "folder": tmp_path,
        "nothing": tmp_path / "nothing.bps",
        "name with NUL": tmp_path / "a\0b.bps",
        "device": Path("/dev/zero"),
    }[kind]
    for read in (file.load, file.thumbnail):
        with pytest.raises(FileError, match="can't be opened"):
            read(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_may_never_end_is_not_read_for_its_fingerprint(tmp_path: Path) -> None:
    # A pipe that nobody reads or writes can't be opened so; the test would not end.
    pipe, long = tmp_path / "pipe.bps", tmp_path / "long.bps"
    os.mkfifo(pipe)
    assert fingerprint(pipe) == ""
    with long.open("wb") as opened:
        opened.truncate(2**40)
    assert fingerprint(long) == f"{2**40} bytes"


def mutate(content: bytes, chance: random.Random) -> bytes:
    """The bytes with a few of them flipped, cut out, repeated or replaced."""
    mutant = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(max(len(mutant), 1))
        match chance.randrange(5):
            case 0 if mutant:
                mutant[place] ^= 1 << chance.randrange(8)
            case 1:
                del mutant[place : place + chance.randint(1, 40)]
            case 2:
                mutant[place:place] = mutant[place : place + chance.randint(1, 40)]
            case 3:
                mutant[place : place + 4] = chance.choice(
                    (b"\xff\xff\xff\xff", bytes(4), b"PK\x01\x02")
                )
            case 4:
                mutant[place : place + 1] = chance.choice(
                    (b'"', b"[", b"}", b"9", b"-", b"e", b"\\")
                )
    return bytes(mutant)


VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    3,
    2.5,
    1e300,
    "",
    "dense1",
    "x",
    [],
    {},
    [1],
    {"x": 1},
    [[]],
    "nan",
)


def mutate_document(document: Any, chance: random.Random) -> None:
    """Some value in the plain document replaced by one of another kind, or removed."""
    place = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = chance.choice(keys)
        inner = place[key]
        if isinstance(inner, dict | list) and inner and chance.random() < 0.8:
            place = inner
            continue
        if chance.random() < 0.2:
            del place[key]
        else:
            place[key] = chance.choice(VALUES)
        return


def opens_or_is_refused(content: bytes) -> bool:
    """Whether it opened; anything but a project or a StudioError fails the test."""
    try:
        project = file.from_bytes(content)
    except StudioError as error:
        assert str(error)
        return False
    assert file.from_bytes(file.to_bytes(project)).graph.nodes == project.graph.nodes
    return True


def test_mutants_of_bytes() -> None:
    chance = random.Random(20)
    opened = sum(opens_or_is_refused(mutate(GOOD, chance)) for _ in range(1_000))
    assert opened < 200


def test_mutants_within_the_zip() -> None:
    """With right checksums, so that what is behind them is reached."""
    chance = random.Random(21)
    weight = npy(PARTS.arrays["dense1.weight"])
    opened = 0
    for _ in range(500):
        opened += opens_or_is_refused(with_text(mutate(PARTS.document, chance)))
        opened += opens_or_is_refused(with_array(mutate(weight, chance)))
    assert 10 < opened < 900


def test_mutants_of_the_document() -> None:
    chance = random.Random(22)
    opened = 0
    for _ in range(1_000):
        document = json.loads(json.dumps(DOCUMENT))
        for _ in range(chance.randint(1, 2)):
            mutate_document(document, chance)
        opened += opens_or_is_refused(with_text(json.dumps(document)))
    assert 50 < opened < 950


@pytest.mark.long
def test_a_great_many_mutants() -> None:
    chance = random.Random(23)
    for _ in range(100_000):
        document = json.loads(json.dumps(DOCUMENT))
        mutate_document(document, chance)
        opens_or_is_refused(with_text(mutate(json.dumps(document).encode(), chance)))
        opens_or_is_refused(mutate(GOOD, chance))
