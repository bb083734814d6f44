"""The opened gates of a project: what holds for them in a file, and under other ids."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from bpstudio.engine.graph import Node
from bpstudio.engine.inside import Held
from bpstudio.engine.op import Kind
from bpstudio.engine.unfold import Group
from bpstudio.language import N_
from bpstudio.project.container import refusal


def check_groups(groups: Mapping[str, Group], nodes: Mapping[str, Node]) -> None:
    """Raise FileError unless every group is made of nodes and groups that there are, lies in one
    other at most, and speaks of its own members, their ports and their weights alone."""
    around: dict[str, str] = {}
    for id, group in groups.items():
        inner = {m: nodes[m] if m in nodes else groups[m].node for m in _members(groups, nodes, id)}
        for member in inner:
            if member in around:
                raise _wrong(id, N_("{member} lies in two opened gates."), member=member)
            around[member] = id
        if group.output not in inner:
            raise _wrong(id, N_("its output {member} is no member."), member=group.output)
        own = {port.name: port.kind for port in group.node.op.ports}
        for port, readings in group.inputs.items():
            for member, reading in readings:
                if port not in own or member not in inner or reading not in _ports(inner[member]):
                    raise _wrong(id, N_("{key} is no port of it."), key=f"{member}.{reading}")
        for port, held in group.held.items():
            for key in held.keys:
                member, _, name = key.partition(".")
                if member not in inner or _ports(inner[member]).get(name) is not Kind.WEIGHT:
                    raise _wrong(id, N_("{key} is no weight of it."), key=key)
            if own.get(port) is not Kind.WEIGHT or not _in_pieces(held):
                raise _wrong(id, N_("its weight {port} is not in these pieces."), port=port)
    for id in groups:
        seen = set()
        while id in around:
            if id in seen:
                raise _wrong(id, N_("it lies in itself."))
            seen.add(id)
            id = around[id]


def renamed(group: Group, names: Mapping[str, str]) -> Group:
    """The group with nodes and groups under other ids; itself where nothing differs."""
    if names.keys().isdisjoint((*group.members, *group.node.feeding)):
        own = names.get(group.node.id, group.node.id)
        return group if own == group.node.id else replace(group, node=replace(group.node, id=own))

    def key(text: str) -> str:
        id, _, port = text.partition(".")
        return f"{names.get(id, id)}.{port}"

    node = group.node
    return replace(
        group,
        node=replace(node, id=names.get(node.id, node.id)),
        members=tuple(names.get(id, id) for id in group.members),
        output=names.get(group.output, group.output),
        inputs={
            port: tuple((names.get(id, id), reading) for id, reading in readings)
            for port, readings in group.inputs.items()
        },
        held={
            port: held._replace(keys=tuple(map(key, held.keys)))
            for port, held in group.held.items()
        },
    )


def _members(groups: Mapping[str, Group], nodes: Mapping[str, Node], id: str) -> tuple[str, ...]:
    members = groups[id].members
    unknown = [member for member in members if member not in nodes and member not in groups]
    if unknown or not members:
        raise _wrong(id, N_("its member {member} does not exist."), member=", ".join(unknown))
    if len(set(members)) < len(members):
        raise _wrong(id, N_("a member stands twice."))
    return members


def _ports(node: Node) -> dict[str, Kind]:
    return {port.name: port.kind for port in node.op.ports}


def _in_pieces(held: Held) -> bool:
    """Whether pieces of that shape make up the whole."""
    if held.piece == ():
        return len(held.keys) == math.prod(held.shape)
    width = held.piece[-1] * len(held.keys)
    return (*held.piece[:-1], width) == held.shape


def _wrong(id: str, reason: str, **values: object) -> Exception:
    return refusal(f"project.json.groups.{id}"[:300], reason, **values)
