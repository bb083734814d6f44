"""What is no file is not opened, whoever reads it: a pipe or a device may never end."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bpstudio.cli import main
from bpstudio.contents import content_of
from bpstudio.data import tables
from bpstudio.errors import StudioError
from bpstudio.exchange.importing import import_model
from bpstudio.lessons import reading
from bpstudio.project import build, file
from bpstudio.project.project import Project

NO_FILE = "is a folder or a device, not a file"


def too_long(count: int) -> StudioError:
    return StudioError("{count} bytes.", count=count)


@pytest.fixture(scope="module")
def network() -> Project:
    from bpstudio.data import toys

    return build.network(toys.make("xor"), (2, 4, 1))


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The begin of a name under which lies something that says at once that it can't be opened.

    It stands for a pipe or a device, on which a test would wait for ever.
    """
    if not hasattr(socket, "AF_UNIX"):
        pytest.skip("this system has no files that are sockets")
    monkeypatch.chdir(tmp_path)  # a socket's name may not be long
    opened = []
    for ending in (".bps", ".csv", ".onnx", ".npz", ".json", ".md"):
        each = socket.socket(socket.AF_UNIX)
        each.bind(f"s{ending}")
        opened.append(each)
    yield "s"
    for each in opened:
        each.close()


def test_all_of_it_is_read_or_it_is_too_long(tmp_path: Path) -> None:
    path = tmp_path / "네 글자.bin"
    path.write_bytes(b"four")
    assert content_of(path, 4, too_long) == b"four"
    with pytest.raises(StudioError, match="4 bytes"):
        content_of(path, 3, too_long)
    with pytest.raises(FileNotFoundError):
        content_of(tmp_path / "none", 4, too_long)


def test_no_reader_opens_what_is_no_file(nothing: str, network: Project) -> None:
    readers: dict[str, Callable[[Path], object]] = {
        ".bps": file.load,
        ".csv": tables.read,
        ".onnx": import_model,
        ".npz": lambda path: import_model(path, into=network),
        ".json": lambda path: import_model(path, into=network),
        ".md": reading.read,
    }
    for ending, read in readers.items():
        with pytest.raises(StudioError, match=NO_FILE):
            read(Path(f"{nothing}{ending}"))


def test_no_command_opens_what_is_no_file(
    nothing: str, network: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    file.save(network, "a.bps")
    for words in (
        ("new", "--data", f"{nothing}.csv", "--layers", "2,1", "--out", "b.bps"),
        ("predict", "a.bps", "--input", f"{nothing}.csv"),
        ("import", f"{nothing}.onnx", "--out", "b.bps"),
        ("train", f"{nothing}.bps", "--steps", "1", "--out", "b.bps"),
    ):
        assert main([*words, "--lang", "en"]) == 2, words
        assert NO_FILE in capsys.readouterr().err, words
    assert not Path("b.bps").exists()
