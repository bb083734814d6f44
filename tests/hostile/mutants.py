"""Thirty files that are good, and what becomes of them when they are damaged or forged.

Whatever is read, the answer is a value or one sentence (a `StudioError`), soon, and never more.
"""

from __future__ import annotations

import importlib.util
import json
import random
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bpstudio import resources
from bpstudio.data import tables, toys
from bpstudio.engine import expression
from bpstudio.errors import StudioError
from bpstudio.exchange import layers_file, onnx_import, onnx_model, playground
from bpstudio.exchange.program import program
from bpstudio.lessons import reading
from bpstudio.project import build, clipboard, file, limits
from bpstudio.project.container import array_of, npy, pack, unpack

LONGEST = 5.0
"""Seconds that reading one file may take."""
TOKENS = (
    *(b"", b"\0", b'"', b"[", b"]", b"{", b"}", b",", b";", b"\t", b"\n", b"\r\n", b"'", b"\\"),
    *(b"-1", b"1e999", b"NaN", b"Infinity", b"9" * 40, b"null", b"true", b"../", b"PK\x05\x06"),
    *(b"\xff\xfe", b"\xef\xbb\xbf", b"\\ud800", b"\xed\xa0\x80", b"\xff\xff\xff\xff", b"```"),
    *(b"---", b"PK\x01\x02", b"|O", b"<f8", b"(", b"^", b"=", b"\xea\xb0\x80", b" " * 100),
)


class Seed(NamedTuple):
    """A good file, and how one of its kind is read."""

    kind: str
    content: bytes
    read: Callable[[bytes], object]


@dataclass
class Found:
    """What came of many mutants."""

    opened: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    sentences: set[str] = field(default_factory=set)


def table_of(content: bytes) -> object:
    """A table from bytes, as `tables.read` reads it from a file."""
    return tables.dataset(content, "table.csv", "table")


def project_of(content: bytes) -> object:
    """A project, which can be written again if it could be read."""
    project = file.from_bytes(content)
    file.to_bytes(project)
    return project


def document_of(content: bytes) -> object:
    """A project whose `project.json` this is, in a whole zip: what is behind the checksums."""
    return project_of(pack(PARTS._replace(document=content)))


def pasted(content: bytes) -> object:
    """The text on a clipboard."""
    return clipboard.read(content.decode("utf-8", "surrogateescape"))


def lesson_of(content: bytes) -> object:
    """A lesson, as it lies in its folder."""
    return reading.parse(content, Path("lesson.en.md"))


def formula_of(content: bytes) -> object:
    """What somebody typed into the field for a formula."""
    text = content.decode("utf-8", "surrogateescape")
    limits.printable(text)
    return expression.parse(text)


def onnx_of(content: bytes) -> object:
    """A model of another tool, which can be saved if it could be read."""
    found = onnx_import.from_onnx(content)
    file.to_bytes(found.project)
    return found


def layers_of(content: bytes) -> object:
    """The layers that another library's model has."""
    return layers_file.from_layers(content)


def address_of(content: bytes) -> object:
    """The address of a TensorFlow Playground."""
    return playground.from_playground(content.decode("utf-8", "surrogateescape"))


def array(content: bytes) -> object:
    """One array of a project."""
    return array_of("array", content)


SPIRAL = build.network(toys.make("spiral", points=12, arms=3), (2, 3, 3))
PARTS = unpack(file.to_bytes(SPIRAL))
TABLES = (
    b"x,y,label\n1,2,a\n3,4,b\n5,6,a\n",
    b"1;2,5;0\n3;4,5;1\n5;6,5;0\n",
    b"\xef\xbb\xbfx\ty\n1\t2\n3\t4\n",
    "값,이름\n1,가\n2,나\n3,가\n".encode("cp949"),
    'a,b\n"1","2"\n"3\n",4\n'.encode("utf-16"),
)
LAYERS = json.dumps(
    {
        "format": layers_file.FORMAT,
        "layers": [
            {"gate": "dense", "weight": [[1.5, 2.0, -1.0], [0.5, 0.25, 3.0]], "bias": [0.0] * 3},
            {"gate": "leaky_relu", "slope": 0.1},
            {"gate": "dense", "weight": [[1.0], [2.0], [-3.0]], "bias": [0.5]},
        ],
    }
).encode()
ADDRESS = (
    b"https://playground.tensorflow.org/#activation=tanh&batchSize=10&dataset=spiral&seed=0.5"
    b"&learningRate=0.03&regularization=L2&networkShape=4,2&percTrainData=50&xSquared=true"
)
ARRAYS = (
    np.arange(6.0).reshape(2, 3),
    np.array(1.5),
    np.array([True, False]),
    np.asfortranarray(np.ones((2, 2), dtype=">i4")),
    np.array(["가", "b"]),
)
FORMULAS = (
    "f = (x + y) * z",
    "1 / (1 + exp(-(w0*x0 + w1*x1 + w2)))",
    "tanh(α·β) ^ 2 if x > 0 else −1",
)


def seeds() -> tuple[Seed, ...]:
    """All of them."""
    found = [
        Seed("project", path.read_bytes(), project_of)
        for path in sorted(resources.path("examples").glob("*.bps"))[:7]
    ]
    compressed = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(file.to_bytes(SPIRAL))) as good,
        zipfile.ZipFile(compressed, "w", zipfile.ZIP_DEFLATED) as again,
    ):
        for name in good.namelist():
            again.writestr(name, good.read(name))
    found.append(Seed("project", compressed.getvalue(), project_of))
    found += [Seed("table", content, table_of) for content in TABLES]
    found += [Seed("array", npy(each), array) for each in ARRAYS]
    found.append(Seed("document", PARTS.document, document_of))
    compact = json.dumps(json.loads(PARTS.document), separators=(",", ":")).encode()
    found.append(Seed("document", compact, document_of))
    copied = clipboard.text_of(SPIRAL, list(SPIRAL.graph.nodes)[:3])
    found.append(Seed("clipboard", copied.encode(), pasted))
    found.append(Seed("layers", LAYERS, layers_of))
    found.append(Seed("address", ADDRESS, address_of))
    if importlib.util.find_spec("onnx"):
        model = onnx_model.model(program(SPIRAL))
        found.append(Seed("onnx", model.SerializeToString(), onnx_of))
    found += [Seed("formula", text.encode(), formula_of) for text in FORMULAS]
    lessons = sorted(resources.path("lessons").rglob("*.md"))[:6]
    found += [Seed("lesson", path.read_bytes(), lesson_of) for path in lessons]
    return tuple(found)


def mutate(content: bytes, chance: random.Random) -> bytes:
    """The bytes with a few of them flipped, cut out, doubled, moved or replaced."""
    mutant = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        place = chance.randrange(len(mutant) + 1)
        length = chance.choice((1, 2, 4, 16, 200))
        match chance.randrange(7):
            case 0 if place < len(mutant):
                mutant[place] ^= 1 << chance.randrange(8)
            case 1:
                del mutant[place : place + length]
            case 2:
                mutant[place:place] = mutant[place : place + length]
            case 3:
                mutant[place : place + length] = chance.randbytes(length)
            case 4:
                mutant[place:place] = chance.choice(TOKENS)
            case 5:
                token = chance.choice(TOKENS)
                mutant[place : place + len(token)] = token
            case 6 if chance.random() < 0.2:
                del mutant[place:]
    return bytes(mutant)


def run(count: int, seed: int) -> Found:
    """Read so many mutants, in turn of each seed; anything but a value or a sentence is raised.

    Raises AssertionError for one that takes too long, or that is refused without a sentence.
    """
    chance, found, good = random.Random(seed), Found(), seeds()
    for number in range(count):
        each = good[number % len(good)]
        mutant = mutate(each.content, chance)
        began = time.thread_time()  # of its own work: a machine is busy with other things too
        try:
            each.read(mutant)
            found.opened[each.kind] += 1
        except StudioError as error:
            sentence = str(error)
            assert sentence.strip(), each.kind
            found.refused[each.kind] += 1
            found.sentences.add(error.template)
        except Exception as error:
            raise AssertionError(f"{each.kind} {number} of seed {seed}: {mutant!r}") from error
        found.slowest = max(found.slowest, time.thread_time() - began)
    assert found.slowest < LONGEST
    return found
