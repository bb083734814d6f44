"""What nodes give over the plane of the inputs."""

from __future__ import annotations

import pytest

from bpstudio.data import toys
from bpstudio.errors import GateError
from bpstudio.language import N_
from bpstudio.playback.planes import over, planes
from bpstudio.project import build, edits
from bpstudio.project.gates import gate
from bpstudio.training.probes import Plane, plane_of


@pytest.mark.parametrize("once", [True, False])
def test_what_is_one_number_of_the_whole_batch_has_none_for_each_point(once: bool) -> None:
    project = build.network(toys.make("xor"), (2, 3, 1))
    assert project.data is not None
    plane = plane_of(project.data.features, 8)
    assert isinstance(plane, Plane)
    project = edits.add_node(project, gate("squared_error"), (0.0, 0.0), id="itself")
    for port in ("prediction", "target"):
        project = edits.connect(project, "dense1", "itself", port)
    assert not project.known_shapes["itself"].batched
    found = over(project, plane, ["dense1", "itself"], once=once)
    assert found.keys() == {"dense1"}
    assert found["dense1"].shape == (len(plane.points), 3)


@pytest.mark.parametrize("once", [True, False])
def test_what_needs_a_gate_that_fails_has_no_picture_and_the_rest_has(
    once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = build.network(toys.make("xor"), (2, 7, 3, 1), activation="elu")
    whole = planes(project, cells=9, once=once)

    def fails(*_arguments: object) -> None:
        raise GateError(N_("The gate {op} fails."), op="Sigmoid")

    monkeypatch.setattr(type(project.graph["sigmoid1"].op), "infer", fails)
    # What was compiled for other tests would not ask the gate again.
    shown = planes(project, cells=11, once=once)
    assert "elu1" in shown and "sigmoid1" in whole
    assert shown.keys() == whole.keys() - {"sigmoid1"}
