"""The one family of errors that people read.

An error is a sentence to the person: it names the node by its label, gives the numbers and a way
out. Anything that is not a `StudioError` is a bug of ours.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping

from bpstudio.language import N_, _

_TITLES = ("op", "title")

REASONS: Mapping[int, str] = {
    errno.ENOSPC: N_("no space is left on the disk"),
    errno.EDQUOT: N_("the space that you may use on the disk is used up"),
    errno.EACCES: N_("it is not permitted"),
    errno.EPERM: N_("it is not permitted"),
    errno.EROFS: N_("the disk can only be read"),
    errno.ENOENT: N_("there is no such file or folder"),
    errno.EISDIR: N_("it is a folder"),
    errno.ENOTDIR: N_("what should be a folder is a file"),
    errno.EIO: N_("the disk reports an error"),
    errno.ENAMETOOLONG: N_("the name is too long"),
    errno.EBUSY: N_("another program is using it"),
}
"""What the system refuses with, where it happens to people, by its number. Beside our words, in
their language, the system's own would be in another."""
_HELD_ON_WINDOWS = (32, 33)


class StudioError(Exception):
    """A sentence for the person, kept as a template and its values.

    `template` is an English sentence marked with `N_` and in the syntax of `str.format`, so that
    it can be said in either language when it is shown; `nodes` are the ids of the nodes it speaks
    of, so that a canvas can mark them. The values `op` and `title` are titles of gates,
    optimizers and formats, which are said in the language of the sentence.
    """

    def __init__(self, template: str, /, *, nodes: Iterable[str] = (), **values: object) -> None:
        super().__init__(template)
        self.template = template
        self.values = values
        self.nodes = tuple(nodes)

    def __str__(self) -> str:
        """The sentence in the language that is current now."""
        titles = {name: _(str(self.values[name])) for name in _TITLES if name in self.values}
        return _(self.template).format(**self.values | titles)

    def __reduce__(self) -> tuple[object, ...]:
        """Keyword arguments are lost by the default way from one process to another."""
        return _rebuild, (type(self), self.template, self.nodes, self.values)


def reason_of(error: BaseException) -> object:
    """Why the system refused, for a sentence that names the file: in the language in which it is
    said where we have words for it, else what the system says.
    """
    if not isinstance(error, OSError):
        return error
    number = errno.EBUSY if getattr(error, "winerror", None) in _HELD_ON_WINDOWS else error.errno
    known = REASONS.get(number or 0)
    return StudioError(known) if known else error.strerror or error


def _rebuild(
    kind: type[StudioError], template: str, nodes: tuple[str, ...], values: dict[str, object]
) -> StudioError:
    return kind(template, nodes=nodes, **values)


class GraphError(StudioError):
    """The network is not one: a cycle, an open port, a name that stands twice."""


class ShapeError(StudioError):
    """Two shapes meet that do not fit."""


class GateError(StudioError):
    """The code of a gate that came with a plugin fails, or gives what no gate may."""

    def at(self, node: str) -> GateError:
        """The same at that node, so that it can be marked."""
        return GateError(self.template, nodes=(node,), **self.values)


class NotFinite(StudioError):
    """A value or a gradient became infinite or not a number."""


class FormulaError(StudioError):
    """A typed formula can't be read; `values["position"]` is where, counted from 0."""


class FileError(StudioError):
    """A file can't be read or written; the document in memory is untouched."""
