"""A project that reads the numbers of its table as they stand there."""

from __future__ import annotations

from dataclasses import replace

from bpstudio.data import columns
from bpstudio.engine import graph as graphs
from bpstudio.engine.graph import Node
from bpstudio.engine.op import Kind, catalog
from bpstudio.engine.ops.source import Parameter
from bpstudio.project import edits
from bpstudio.project.project import Project, complete, frozen


def reading_raw(project: Project) -> Project:
    """The same network for rows that are not normalised yet: it does that itself.

    Whoever uses the network elsewhere has such rows. Behind each node that reads them come two
    gates, for (x − mean) / deviation, whose numbers training leaves alone; the data set then holds
    the numbers of the table. A project whose data were not normalised is returned as it is.
    """
    data = project.data
    if data is None or not columns.is_scaled(data.columns):
        return project
    mean, deviation = columns.scaling(data.columns)
    raw = replace(
        data,
        features=columns.unscaled(data.features, data.columns),
        columns=tuple(replace(each, mean=0.0, deviation=1.0) for each in data.columns),
    )
    for key in project.graph.keys(Kind.FEATURES):
        reader = key.partition(".")[0]
        source = reader
        for op, numbers in (("subtract", mean), ("divide", deviation)):
            kind = Parameter(size=numbers.shape)
            held, done = edits.new_id(project, kind), edits.new_id(project, catalog[op]())
            project = edits.add_node(project, kind, (0.0, 0.0), id=held)
            project = edits.set_value(project, f"{held}.value", frozen(numbers))
            project = _fixed(project, held)
            node = Node(done, catalog[op](), {"a": (source,), "b": (held,)})
            project = replace(project, graph=graphs.add(project.graph, node))
            source = done
        project = _read_behind(project, reader, source)
    return complete(replace(project, data=raw))


def _fixed(project: Project, node: str) -> Project:
    """The project in which training leaves that node as it is."""
    settings = project.training
    return edits.set_training(project, replace(settings, frozen=settings.frozen | {node}))


def _read_behind(project: Project, reader: str, last: str) -> Project:
    """What read the node now reads the last of the gates behind it, but for the first of them."""
    between = set()
    place = last
    while place != reader:
        between.add(place)
        place = project.graph[place].sources["a"][0]
    nodes = {
        id: node
        if id in between
        else replace(
            node,
            sources={
                port: tuple(last if source == reader else source for source in feeding)
                for port, feeding in node.sources.items()
            },
        )
        for id, node in project.graph.nodes.items()
    }
    return replace(project, graph=graphs.Graph(nodes))
