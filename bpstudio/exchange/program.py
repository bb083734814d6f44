"""What an export writes down: the gates that the answer and the loss need, and their rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bpstudio.engine import run
from bpstudio.engine.expression import Name
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Kind
from bpstudio.engine.shapes import Shape, argument_shapes
from bpstudio.exchange.rules import UPSTREAM, Rule, rule_of
from bpstudio.project import project as projects
from bpstudio.project.project import Project


@dataclass(frozen=True, eq=False)
class Program:
    """A project as it is exported.

    `project` holds no other nodes than those needed. `answer` is the node that predicts,
    `objective` the one where the backward pass starts: the loss, else the same. `order` has the
    answer's gates first, so that a prediction can stop after the first `predicting` of them.
    """

    project: Project
    answer: str
    objective: str
    order: tuple[str, ...]
    predicting: int
    shapes: Mapping[str, Shape]
    rules: Mapping[str, Rule]

    @property
    def graph(self) -> Graph:
        """The nodes that are needed."""
        return self.project.graph

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes in the order in which they run."""
        return tuple(self.graph[id] for id in self.order)

    @property
    def arrays(self) -> Mapping[str, Array]:
        """Weights and lasting state by key."""
        return {**self.project.weights, **self.project.statistics}

    @property
    def given(self) -> Mapping[str, Array]:
        """Typed values by key."""
        return self.project.given

    def keys(self, *kinds: Kind) -> tuple[str, ...]:
        """The keys of what no wire supplies, in the order in which it is needed."""
        return tuple(f"{n.id}.{p.name}" for n in self.nodes for p in n.owned(*kinds))

    @property
    def scalar(self) -> bool:
        """Whether the backward pass starts at one number."""
        return not self.shapes[self.objective].array(1)

    @property
    def learns(self) -> bool:
        """Whether there is a loss to bring down, and weights to do it with."""
        return self.answer != self.objective and self.scalar and bool(self.project.weights)

    def answers(self, key: str) -> bool:
        """Whether the answer depends on what has this key."""
        return key.partition(".")[0] in self._answering

    @cached_property
    def _answering(self) -> frozenset[str]:
        return frozenset(self.order[: self.predicting])

    @cached_property
    def arguments(self) -> Mapping[str, Array]:
        """Typed values, and the training rows with their targets, by key."""
        return projects.arguments(self.project)

    def passes_on(self, node: Node) -> bool:
        """Whether the node only gives what a person, a weight or the data set supplies."""
        rule = self.rules[node.id]
        return (
            len(node.op.ports) == 1
            and not node.feeding
            and rule.output == Name(node.op.ports[0].name)
            and all(gradient == Name(UPSTREAM) for gradient in rule.gradients.values())
        )

    def label(self, key: str) -> str:
        """The key as scripts have it: the node's id alone, if the node only passes it on."""
        node = self.graph[key.partition(".")[0]]
        return node.id if self.passes_on(node) else key


def program(project: Project) -> Program:
    """The program of a project.

    Raises StudioError for a network that can't run, and for a gate that can't be told.
    """
    objective = projects.loss_node(project) or project.graph.objective
    answer = projects.predicting_node(project)
    first = run.ancestors(project.graph, answer)
    needed = first | run.ancestors(project.graph, objective)
    part = Graph({id: node for id, node in project.graph.nodes.items() if id in needed})
    smaller = projects.complete(replace(project, graph=part))
    shapes = projects.shapes(smaller)
    given = projects.given_shapes(smaller)
    known: dict[object, Rule] = {}
    rules: dict[str, Rule] = {}
    for node in part.ordered:
        arguments = argument_shapes(part, node, shapes, given)
        key = (node.op, tuple(arguments.items()))
        if key not in known:
            known[key] = rule_of(node, arguments)
        rules[node.id] = known[key]
    order = [id for id in part.order if id in first]
    later = [id for id in part.order if id not in first]
    return Program(smaller, answer, objective, (*order, *later), len(order), shapes, rules)


def count(arrays: Mapping[str, Array]) -> int:
    """How many numbers they hold."""
    return int(sum(np.size(array) for array in arrays.values()))
