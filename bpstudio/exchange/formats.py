"""The formats that a project can be exported to, each in one line."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bpstudio import plugins
from bpstudio.engine.op import Array
from bpstudio.errors import FileError, StudioError
from bpstudio.exchange import (
    c_header,
    graph_text,
    keras_code,
    numpy_code,
    onnx_model,
    page,
    player,
    report,
    torch_code,
    weights,
)
from bpstudio.exchange.files import Files, put
from bpstudio.exchange.program import program
from bpstudio.exchange.verify import TOLERANCES, Verification, verify_files
from bpstudio.language import N_
from bpstudio.plugins import Plugin
from bpstudio.project.project import Project, complete
from bpstudio.project.raw import reading_raw


@dataclass(frozen=True)
class Format:
    """One format: its name on the command line, what people are told, the usual ending of its
    files, the libraries that writing it needs, and how it is written."""

    name: str
    title: str
    ending: str
    needs: tuple[str, ...]
    write: Callable[[Project], Files]

    @property
    def missing(self) -> tuple[str, ...]:
        """The libraries that are needed and not installed."""
        return tuple(name for name in self.needs if importlib.util.find_spec(name) is None)


def export(project: Project, format: str, path: str | Path) -> list[Path]:
    """Write a project in a format and name the files, the one at `path` first.

    A network that learned normalised rows is written with the gates that normalise them.
    Each file is there whole or not at all. Raises StudioError for an unknown format, a library
    that is not installed, a network that can't be written so, or a place that can't be written to.
    """
    return put(Path(path), made(project, format))


def made(project: Project, format: str) -> Files:
    """What `export` writes, in memory. Raises StudioError as it does."""
    form = format_of(format)
    if form.missing:
        raise FileError(
            N_("{title} needs {libraries}. Install it with: pip install {libraries}"),
            title=form.title,
            libraries=" ".join(form.missing),
        )
    return form.write(_used(project, form.name))


def verify(project: Project, format: str, path: str | Path) -> Verification:
    """Run an exported file in its own runtime, in a fresh process, and compare with the project.

    Weights are read into a fresh net instead. A runtime that is not installed is no failure:
    `skipped` then says why. Raises FileError for a file that can't be read or does not run.
    """
    return verify_many([(project, format, path)])[0]


def tried(project: Project, format: str) -> Verification:
    """Export into a folder that goes again, run that, and compare: `max_difference` says how far
    the numbers are apart. It takes seconds.

    Raises StudioError as `export` and `verify` do.
    """
    with TemporaryDirectory(prefix="bpstudio-") as name:
        path = Path(name) / f"network{format_of(format).ending}"
        return verify(project, format, export(project, format, path)[0])


def verify_many(exports: Sequence[tuple[Project, str, str | Path]]) -> list[Verification]:
    """As `verify`, for (project, format, path) each, in as few processes as there can be."""
    return verify_files(
        [(_used(p, name), format_of(name).name, Path(path)) for p, name, path in exports]
    )


def _used(project: Project, format: str) -> Project:
    """The network for rows as whoever runs it has them; weights alone go to the same network."""
    return reading_raw(project) if format in TOLERANCES else project


def format_of(name: str) -> Format:
    """The format of that name; raises StudioError, naming those that there are."""
    if name not in every():
        raise StudioError(
            N_("There is no format {name}. There are: {names}."),
            name=name,
            names=", ".join(FORMATS),
        )
    return FORMATS[name]


def every() -> Mapping[str, Format]:
    """Every format by its name: ours, and those of plugins, which are looked for when asked."""
    plugins.load(plugins.EXPORTERS, _take)
    return FORMATS


def _take(plugin: Plugin) -> None:
    """Put the exporter of a plugin to ours; what goes wrong in it is said with its name."""
    if plugin.name in FORMATS:
        raise StudioError(
            N_("There is a format called {name} already. One needs another name."),
            name=plugin.name,
        )
    found = plugin.load()
    if not isinstance(found, Format) or found.name != plugin.name:
        raise StudioError(
            N_("{target} is no exporter; an exporter is a Format of the name {name}."),
            target=plugin.target,
            name=plugin.name,
        )

    def write(project: Project) -> Files:
        try:
            return found.write(project)
        except StudioError:
            raise
        except Exception as error:
            raise StudioError(
                N_("The exporter {name} of {package} failed with {kind}: {error}."),
                name=plugin.name,
                package=plugin.package,
                kind=type(error).__name__,
                error=error,
            ) from error

    FORMATS[plugin.name] = replace(found, write=write)


def _arrays(project: Project) -> dict[str, Array]:
    whole = complete(project)
    return {**whole.weights, **whole.statistics}


FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        Format(
            "numpy",
            N_("A Python script with NumPy alone: every gate forward and backward"),
            ".py",
            (),
            lambda project: numpy_code.write(program(project)),
        ),
        Format(
            "pytorch",
            N_("A Python script with a PyTorch module and a training loop"),
            ".py",
            (),
            lambda project: torch_code.write(program(project)),
        ),
        Format(
            "torchrun",
            N_("A PyTorch script that several processes or machines train together"),
            ".py",
            (),
            lambda project: torch_code.write(program(project), together=True),
        ),
        Format(
            "onnx",
            N_("An ONNX model of what the network predicts, in float32"),
            ".onnx",
            ("onnx",),
            lambda project: onnx_model.write(program(project)),
        ),
        Format(
            "npz",
            N_("The weights for NumPy"),
            ".npz",
            (),
            lambda project: Files(weights.to_npz(_arrays(project))),
        ),
        Format(
            "safetensors",
            N_("The weights as safetensors"),
            ".safetensors",
            ("safetensors",),
            lambda project: Files(weights.to_safetensors(_arrays(project))),
        ),
        Format(
            "json",
            N_("The weights as lists in JSON"),
            ".json",
            (),
            lambda project: Files(weights.to_json(_arrays(project))),
        ),
        Format(
            "keras",
            N_("A Keras 3 script of what the network predicts"),
            ".py",
            (),
            lambda project: keras_code.write(program(project)),
        ),
        Format(
            "c",
            N_("A C header with a function that predicts"),
            ".h",
            (),
            lambda project: c_header.write(program(project)),
        ),
        Format(
            "page",
            N_("A page with a slider for each input of the model"),
            ".html",
            (),
            lambda project: page.write(program(project)),
        ),
        Format(
            "player",
            N_("A page that steps through a forward and a backward pass"),
            ".html",
            (),
            player.write,
        ),
        Format("report", N_("A report as a page with pictures"), ".html", (), report.html),
        Format("pdf", N_("A report as PDF"), ".pdf", ("PySide6",), report.pdf),
        Format("markdown", N_("A report as Markdown"), ".md", (), report.markdown),
        Format("losses", N_("The loss of every step as a table"), ".csv", (), report.losses),
        Format("dot", N_("The graph for Graphviz"), ".dot", (), graph_text.dot),
        Format("mermaid", N_("The graph for Mermaid"), ".mmd", (), graph_text.mermaid),
        Format("tikz", N_("The graph for LaTeX"), ".tex", (), graph_text.tikz),
    )
}
"""Our formats by their names; `every` has those of plugins too."""
