"""The one family of errors that people read.

An error is a sentence to the person: it names the node by its label, gives the numbers and a way
out. Anything that is not a `StudioError` is a bug of ours.
"""

from __future__ import annotations

from collections.abc import Iterable

from bpstudio.language import _

_TITLES = ("op", "title")


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


def _rebuild(
    kind: type[StudioError], template: str, nodes: tuple[str, ...], values: dict[str, object]
) -> StudioError:
    return kind(template, nodes=nodes, **values)


class GraphError(StudioError):
    """The network is not one: a cycle, an open port, a name that stands twice."""


class ShapeError(StudioError):
    """Two shapes meet that do not fit."""


class NotFinite(StudioError):
    """A value or a gradient became infinite or not a number."""


class FormulaError(StudioError):
    """A typed formula can't be read; `values["position"]` is where, counted from 0."""


class FileError(StudioError):
    """A file can't be read or written; the document in memory is untouched."""
