"""What an export would write, to be looked at before: made in memory, shown in part.

Of a text there are the first lines, of a file of numbers its names, shapes and sizes, and of a page
a picture, which is drawn from the same values as the page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bpstudio.engine.op import Array
from bpstudio.exchange import formats, weights
from bpstudio.exchange.files import Files
from bpstudio.language import N_, _, ngettext
from bpstudio.project.project import Project

MOST_LINES, MOST_SIGNS, MOST_ROWS = 400, 240, 200
PAGES = (".html", ".pdf")
"""What is looked at as a picture."""
Row = tuple[str, str, str, str]


@dataclass(frozen=True)
class Preview:
    """What would be written.

    `size` is all of it in bytes, and `arrays` the part that lies in a second file. `lines` are the
    first of `count` lines, `rows` what a file of numbers holds, below their head.
    """

    size: int
    arrays: int = 0
    lines: tuple[str, ...] = ()
    count: int = 0
    rows: tuple[Row, ...] = ()

    def summary(self) -> str:
        """How much it is, in words."""
        said = [amount(self.size)]
        if self.count:
            said.append(ngettext("{count} line", "{count} lines", self.count))
        if self.arrays:
            said.append(_("of it {size} of numbers in a second file"))
        return ", ".join(said).format(count=self.count, size=amount(self.arrays))


def preview(project: Project, format: str) -> Preview:
    """What exporting would write. Raises StudioError as it would."""
    ending = formats.format_of(format).ending
    files = formats.made(project, format)
    size = len(files.main) + len(files.arrays)
    if ending in PAGES:
        return Preview(size)
    if ending == ".onnx":
        return Preview(size, rows=_table(_of_onnx(files.main)))
    if ending in (".npz", ".safetensors"):
        arrays = weights.READERS[ending](files.main)
        if ending == ".safetensors":  # which has them in an order of its own
            arrays = dict(sorted(arrays.items()))
        return Preview(size, rows=_table(_of_arrays(arrays)))
    return _of_text(files, size)


def amount(size: int) -> str:
    """How large a file is: `86 KB`, `1.4 MB`."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} KB"


def _of_text(files: Files, size: int) -> Preview:
    lines = files.main.decode().split("\n")
    if not lines[-1]:
        lines.pop()
    shown = tuple(
        line if len(line) <= MOST_SIGNS else line[:MOST_SIGNS] + " …" for line in lines[:MOST_LINES]
    )
    return Preview(size, len(files.arrays), shown, len(lines))


def _table(rows: Iterator[Row]) -> tuple[Row, ...]:
    """The rows below their head; of very many the first."""
    found = list(rows)
    more = len(found) - MOST_ROWS
    if more > 0:
        said = ngettext("and {count} more", "and {count} more", more).format(count=more)
        found[MOST_ROWS:] = [("…", said, "", "")]
    return ((_("name"), _("what"), _("shape"), _("size")), *found)


def _of_arrays(arrays: Mapping[str, Array]) -> Iterator[Row]:
    for name, array in arrays.items():
        yield name, str(array.dtype), _shape(array.shape), f"{array.nbytes:,} B"


def _of_onnx(content: bytes) -> Iterator[Row]:
    import onnx

    model = onnx.ModelProto.FromString(content)
    graph: Any = model.graph
    for infos, what in ((graph.input, N_("input")), (graph.output, N_("output"))):
        for info in infos:
            axes = [d.dim_param or d.dim_value for d in info.type.tensor_type.shape.dim]
            yield info.name, _(what), _shape(axes), ""
    for kind, count in Counter(node.op_type for node in graph.node).items():
        yield kind, _("operator"), f"× {count}", ""
    for each in graph.initializer:
        numbers = onnx.numpy_helper.to_array(each)
        what = f"{_('constant')}, {numbers.dtype}"
        yield each.name, what, _shape(each.dims), f"{numbers.nbytes:,} B"


def _shape(axes: Any) -> str:
    return " × ".join(map(str, axes)) or "1"
