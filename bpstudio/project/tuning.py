"""Edits of how a network learns that concern many of its nodes, its weights or its data at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bpstudio.engine.initial import initialisers
from bpstudio.engine.op import catalog
from bpstudio.errors import GraphError
from bpstudio.language import N_, _
from bpstudio.project import edits, gates
from bpstudio.project.build import HALVING
from bpstudio.project.project import Project, judged
from bpstudio.training.settings import Settings

MIXED = "mixed"
"""Stands for settings that differ from node to node."""


def begun_anew(project: Project, settings: Settings) -> Project:
    """Other settings, and training from the start: weights that were spoilt would stay so."""
    return edits.reset(edits.set_training(project, settings))


def initial(project: Project) -> str:
    """The initialiser of the layers: `mixed` where they differ, empty where none has any."""
    names = {project.graph[id].op.settings["initial"] for id in _drawn(project)}
    return names.pop() if len(names) == 1 else (MIXED if names else "")


def set_initial(project: Project, name: str) -> Project:
    """All layers drawn by that initialiser; their weights are drawn anew, so training begins."""
    graph = project.graph
    nodes = {
        id: replace(graph[id], op=gates.changed(graph[id].op, "initial", name))
        for id in _drawn(project)
    }
    return edits.reset(replace(project, graph=replace(graph, nodes={**graph.nodes, **nodes})))


def suiting(project: Project) -> str:
    """The initialiser for the activations that there are."""
    names = {node.op.name for node in project.graph.ordered}
    return "he" if names & set(HALVING) else "xavier"


def title_of(name: str) -> str:
    """What an initialiser is called, in the current language."""
    return _(initialisers[name].title)


def set_activation(project: Project, name: str) -> Project:
    """Another activation after every hidden layer; what suits it draws the weights."""
    for id in _hidden(project):
        project = edits.replace_op(project, id, gates.gate(name))
    return set_initial(project, suiting(project))


def dropout(project: Project) -> float:
    """The rate of all dropout there is; 0 without any, the largest where they differ."""
    return max(
        (float(project.graph[id].op.settings["rate"]) for id in _dropping(project)), default=0.0
    )


def set_dropout(project: Project, rate: float) -> Project:
    """So much dropout after every hidden layer; at 0 it is taken out again.

    Raises GraphError where there is no hidden layer.
    """
    dropping = _dropping(project)
    if dropping and rate > 0:
        for id in dropping:
            project = edits.set_setting(project, id, "rate", rate)
        return project
    for id in dropping:
        project = edits.heal(project, id)
    if rate <= 0:
        return project
    hidden = _hidden(project)
    if not hidden:
        raise GraphError(N_("There is no hidden layer whose units could be dropped. Add one."))
    for id in hidden:
        readers = project.graph.readers[id]
        for target in readers:
            for port, sources in project.graph[target].sources.items():
                if id in sources:
                    here, there = (project.places.get(n, (0.0, 0.0)) for n in (id, target))
                    place = ((here[0] + there[0]) / 2, (here[1] + there[1]) / 2)
                    op = gates.gate("dropout", {"rate": rate})
                    project = edits.insert_node(project, op, place, target, port, sources.index(id))
    return project


def set_factor(project: Project, id: str, factor: float) -> Project:
    """What the learning rate of a node's weights is multiplied by; 1 is as everybody, 0 freezes."""
    settings = project.training
    rates = {node: own for node, own in settings.rates if node != id}
    frozen = settings.frozen | {id} if factor == 0 else settings.frozen - {id}
    if factor not in (0.0, 1.0):
        rates[id] = factor
    changed = replace(settings, rates=tuple(sorted(rates.items())), frozen=frozen)
    return edits.set_training(project, changed)


def standardised(project: Project) -> Project:
    """Each input with mean 0 and standard deviation 1 over the rows to train on."""
    data = project.data
    if data is None:
        return project
    rows = data.features[data.training_rows]
    width = rows.std(axis=0)
    features = (data.features - rows.mean(axis=0)) / np.where(width > 0, width, 1.0)
    return edits.reset(edits.set_data(project, replace(data, features=features, recipe={})))


def balanced(project: Project) -> Project:
    """Rows to train on repeated until each class has as many."""
    data = project.data
    if data is None or not data.classification:
        return project
    train = data.training_rows
    answers = data.answers[train]
    counts = np.bincount(answers, minlength=len(data.classes))
    more = [
        np.resize(train[answers == kind], counts.max() - count)
        for kind, count in enumerate(counts.tolist())
        if 0 < count < counts.max()
    ]
    rows = np.concatenate([np.arange(len(data)), *more]).astype(int)
    held_out = np.concatenate([data.held_out, np.zeros(len(rows) - len(data), dtype=bool)])
    repeated = replace(
        data, features=data.features[rows], answers=data.answers[rows], held_out=held_out, recipe={}
    )
    return edits.set_data(project, repeated)


def _drawn(project: Project) -> tuple[str, ...]:
    return tuple(node.id for node in project.graph.ordered if "initial" in node.op.settings)


def _dropping(project: Project) -> tuple[str, ...]:
    return tuple(n.id for n in project.graph.ordered if n.op.name == "dropout")


def _hidden(project: Project) -> tuple[str, ...]:
    """The activations behind which another layer comes."""
    graph = project.graph
    last = {judged(node) for node in graph.ordered if node.op.category == "loss"}
    return tuple(
        node.id
        for node in graph.ordered
        if node.op.category == "activation"
        and node.op.name in catalog
        and len(node.feeding) == 1
        and node.id not in last
        and graph.readers[node.id]
    )
