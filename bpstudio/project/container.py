"""The container of a project file: a zip of `project.json`, arrays and a small picture.

Reading trusts nothing: names are on a white list, sizes are counted while reading and compared
with what an array's header claims before memory is taken, nothing is ever written to disk, and
what an array may hold is numbers. Writing is deterministic: the same parts give the same bytes,
on every system (so nothing is compressed: compressors differ).
"""

from __future__ import annotations

import hashlib
import io
import math
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.errors import FileError, StudioError
from bpstudio.language import N_

MIMETYPE = b"application/vnd.bpstudio.project+zip"

MOST_MEMBERS = 4096
MOST_ARRAY_BYTES = 2**30
MOST_JSON_BYTES = 64 * 2**20
MOST_THUMBNAIL_BYTES = 4 * 2**20
MOST_BYTES = MOST_ARRAY_BYTES + MOST_JSON_BYTES + MOST_THUMBNAIL_BYTES + 2**20
"""No project file that this program writes or reads is longer."""

_ARRAY_NAME = re.compile(r"arrays/([^/\\:\x00-\x1f\x7f]{1,410})\.npy")
_MOST_HEADER_BYTES = 10_000
_PIECE = 2**20
_BROKEN_ZIP = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
"""What `zipfile` raises for bytes that are not a whole zip, or one it can't read."""


_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How entries may be packed: as they are, or as every zip program packs them. Other compressors
have errors and memory of their own."""


class Parts(NamedTuple):
    """What a project file holds."""

    document: bytes
    """`project.json`, as it lies in the file."""
    arrays: Mapping[str, Array]
    """Arrays by name: the name of `arrays/dense1.weight.npy` is `dense1.weight`."""
    thumbnail: bytes | None = None
    """A PNG picture for file dialogs."""


def refusal(place: str, reason: str, /, **values: object) -> FileError:
    """The error for a place in a file and what is wrong there."""
    return FileError("{place}: {reason}", place=place, reason=_sentence(reason, values))


def _sentence(template: str, values: Mapping[str, object]) -> StudioError:
    return StudioError(template, nodes=(), **values)


def pack(parts: Parts) -> bytes:
    """The bytes of a file with these parts."""
    members = {"mimetype": MIMETYPE, "project.json": parts.document}
    members |= {f"arrays/{name}.npy": npy(parts.arrays[name]) for name in sorted(parts.arrays)}
    if parts.thumbnail is not None:
        members["thumbnail.png"] = parts.thumbnail
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def unpack(content: bytes) -> Parts:
    """The parts of a file; raises FileError, saying where and why, for anything else."""
    _recognise(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = _members(archive)
            if _read(archive, infos["mimetype"], 100) != MIMETYPE:
                raise refusal("mimetype", N_("this is another kind of file, not a project."))
            document = _read(archive, infos["project.json"], MOST_JSON_BYTES)
            arrays = {
                match[1]: array_of(name, _read(archive, info, MOST_ARRAY_BYTES))
                for name, info in infos.items()
                if (match := _ARRAY_NAME.fullmatch(name))
            }
            thumbnail = None
            if "thumbnail.png" in infos:
                thumbnail = _read(archive, infos["thumbnail.png"], MOST_THUMBNAIL_BYTES)
    except _BROKEN_ZIP as error:
        raise refusal(
            "zip",
            N_(
                "the file is damaged ({reason}). Take an older version of it, "
                "or ask for it once more."
            ),
            reason=error,
        ) from None
    return Parts(document, arrays, thumbnail)


def npy(array: Array) -> bytes:
    """An array in NumPy's file format, in C order whatever its order in memory."""
    buffer = io.BytesIO()
    np.lib.format.write_array(
        buffer, np.asarray(array, order="C"), version=(1, 0), allow_pickle=False
    )
    return buffer.getvalue()


def npy_pieces(array: Array) -> tuple[bytes, memoryview]:
    """The same file as its head and its numbers, which are not copied where they lie in order."""
    content = np.ascontiguousarray(array) if array.ndim else array
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, np.lib.format.header_data_from_array_1_0(content))
    numbers = content.reshape(-1).view(np.uint8).data if content.size else memoryview(b"")
    return head.getvalue(), numbers


def content_name(array: Array) -> str:
    """A name that says what an array holds: no other array has it."""
    digest = hashlib.sha256()
    for piece in npy_pieces(array):
        digest.update(piece)
    return digest.hexdigest()


def is_array_name(name: str) -> bool:
    """Whether an array may have this name in a file."""
    return ".." not in name and _ARRAY_NAME.fullmatch(f"arrays/{name}.npy") is not None


def _recognise(content: bytes) -> None:
    """Say what a file is that often stands in a project's place."""
    if len(content) > MOST_BYTES:
        raise refusal(
            "size",
            N_("the file has {count} bytes; a project has at most {most}."),
            count=len(content),
            most=MOST_BYTES,
        )
    start = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not content:
        raise refusal("start", N_("the file is empty. Take an older version of it."))
    if start.startswith(b"version https://git-lfs"):
        raise refusal(
            "start", N_("this is a pointer of Git LFS, not the file itself. Run git lfs pull.")
        )
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise refusal(
            "start", N_("a web page was saved under this name. Download the file itself.")
        )
    if not content.startswith(b"PK\x03\x04"):
        raise refusal("start", N_("this is not a project of Backprop Studio."))


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The members by name, all of them allowed and none too large by what they claim."""
    infos = archive.infolist()
    if len(infos) > MOST_MEMBERS:
        raise refusal(
            "zip",
            N_("it has {count} entries; at most {most} are allowed."),
            count=len(infos),
            most=MOST_MEMBERS,
        )
    members: dict[str, zipfile.ZipInfo] = {}
    total = 0
    for info in infos:
        # zipfile cuts a name at its first NUL; the name as stored must be the name that is used.
        name = info.orig_filename
        place = ascii(name)[1:-1][:120]
        if name == "arrays/" and info.file_size == 0:
            continue
        if not _allowed(name):
            raise refusal(place, N_("an entry of this name does not belong into a project."))
        if name in members:
            raise refusal(place, N_("this name stands twice in the file."))
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise refusal(place, N_("this is a link or a device, not a file."))
        if info.flag_bits & 1:
            raise refusal(place, N_("this is encrypted. Save the project without a password."))
        if info.compress_type not in _PACKINGS:
            raise refusal(
                place, N_("this is packed in a way that no project is. Save the project once more.")
            )
        members[name] = info
        total += info.file_size
    if total > MOST_BYTES:
        raise refusal(
            "zip",
            N_("its entries claim {count} bytes; at most {most} are allowed."),
            count=total,
            most=MOST_BYTES,
        )
    for name in ("mimetype", "project.json"):
        if name not in members:
            raise refusal(name, N_("it is not there, so this is no project."))
    return members


def _allowed(name: str) -> bool:
    if name in ("mimetype", "project.json", "thumbnail.png"):
        return True
    return ".." not in name and _ARRAY_NAME.fullmatch(name) is not None


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """A member's bytes, counted while they are read: what it claims may be forged."""
    pieces, count = [], 0
    with archive.open(info) as member:
        while piece := member.read(_PIECE):
            count += len(piece)
            if count > min(most, info.file_size):
                raise refusal(
                    info.filename,
                    N_("it has more than {most} bytes."),
                    most=min(most, info.file_size),
                )
            pieces.append(piece)
    return b"".join(pieces)


def array_of(place: str, content: bytes) -> Array:
    """The array in a `.npy` file, whose header must agree with the bytes that are there."""
    length = {b"\x93NUMPY\x01\x00": "<H", b"\x93NUMPY\x02\x00": "<I"}.get(content[:8])
    if length is None or len(content) < 8 + struct.calcsize(length):
        raise refusal(place, N_("this is not an array of NumPy (format 1.0 or 2.0)."))
    start = 8 + struct.calcsize(length)
    (size,) = struct.unpack(length, content[8:start])
    if size > _MOST_HEADER_BYTES or start + size > len(content):
        raise refusal(place, N_("the header of the array claims {count} bytes."), count=size)
    dtype, fortran, shape = _header(place, content[start : start + size])
    claimed = math.prod(shape) * dtype.itemsize
    if claimed != len(content) - start - size:
        raise refusal(
            place,
            N_("the array should have {claimed} bytes by its header, but has {count}."),
            claimed=claimed,
            count=len(content) - start - size,
        )
    flat: Array = np.frombuffer(content, dtype, offset=start + size)
    try:
        array = flat.reshape(shape, order="F" if fortran else "C")
    except ValueError:
        raise refusal(place, N_("an array can't have {count} axes."), count=len(shape)) from None
    # A copy of its own: it must lie aligned in memory, and not keep the whole file there.
    array = array.astype(dtype.newbyteorder("="), order="C", copy=True)
    array.flags.writeable = False
    return array


def _header(place: str, text: bytes) -> tuple[np.dtype[np.generic], bool, tuple[int, ...]]:
    """An array's type, order and shape.

    Read by patterns and not as Python, so that only plain numbers and texts of fixed length pass:
    no objects, no records.
    """
    descr = re.search(rb"'descr'\s*:\s*'([<>|=]?)([biufcU])(\d{1,4})'", text)
    fortran = re.search(rb"'fortran_order'\s*:\s*(True|False)", text)
    # No repetition within a repetition: a long row of digits would take for ever to refuse.
    shape = re.search(rb"'shape'\s*:\s*\(([\d,\s]*)\)", text)
    sizes = [] if shape is None else [size.strip() for size in shape[1].split(b",")]
    axes = [size for size in sizes if size.isdigit() and len(size) <= 18]
    # The comma after the last axis is what makes `(3,)` a tuple.
    whole = len(axes) == len(sizes) or (len(axes) == len(sizes) - 1 and not sizes[-1])
    if descr is None or fortran is None or shape is None or not whole:
        raise refusal(
            place, N_("the array may hold numbers only, and its header must say its shape.")
        )
    try:
        dtype: np.dtype[np.generic] = np.dtype(b"".join(descr.groups()).decode())
    except TypeError:
        raise refusal(
            place, N_("there is no type of number called {name}."), name=descr[0].decode()
        ) from None
    return dtype, fortran[1] == b"True", tuple(map(int, axes))
