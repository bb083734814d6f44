"""Whole projects made at once: layers for a data set, and the gates of a formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.data.dataset import Dataset
from bpstudio.data.toys import TOYS
from bpstudio.engine import graph as graphs
from bpstudio.engine.formula import Formula
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Op, catalog
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.project import gates
from bpstudio.project.arrange import arrange
from bpstudio.project.limits import checked_name, checked_settings
from bpstudio.project.project import TYPED, Project, complete, frozen
from bpstudio.training.settings import Settings

LINEAR = ("linear", "none", "identity")
"""Names for leaving an activation out."""
LOSSES: Mapping[str, str] = {
    "bce": "binary_cross_entropy",
    "ce": "cross_entropy",
    "mse": "squared_error",
    "mean_squared_error": "squared_error",
    "mae": "absolute_error",
    "bce_logits": "binary_cross_entropy_with_logits",
    "ce_prob": "cross_entropy_from_probabilities",
    "svm": "hinge",
}
"""Short names of losses; every loss is also known by its name in files."""
OF_SCORES: Mapping[str, str | None] = {
    "cross_entropy": "softmax",
    "binary_cross_entropy_with_logits": "sigmoid",
    "hinge": None,
    "multiclass_hinge": None,
}
"""The losses that take scores, and what makes probabilities of these, if anything does."""
OF_PROBABILITIES: Mapping[str, tuple[str, ...]] = {
    "binary_cross_entropy": ("sigmoid", "softmax"),
    "cross_entropy_from_probabilities": ("softmax",),
}
"""The losses that take probabilities, and the outputs that give them."""
COMPARING = ("cross_entropy", "multiclass_hinge", "cross_entropy_from_probabilities")
"""The losses that compare classes, so that there must be two of them at least."""
HALVING = ("relu", "leaky_relu", "prelu", "elu", "gelu", "silu", "softplus")
"""Activations that stop about half of what comes in, so that weights start twice as wide."""

MOST_UNITS = 10_000


def network(
    data: Dataset,
    layers: Sequence[int],
    *,
    activation: str = "tanh",
    output: str | None = None,
    loss: str | None = None,
    optimizer: str | None = None,
    learning_rate: float | None = None,
    batch: int | None = None,
    seed: int = 1,
    title: str = "",
) -> Project:
    """A network of fully connected layers that learns a data set.

    `layers` are the sizes from input to output, such as (2, 4, 1): the first must be the number of
    features and the last must fit the answers. `activation` stands after every layer but the last,
    `output` after the last one; without them, and without a loss, they are what suits the answers.
    A softmax or sigmoid for a loss that takes scores stands beside the loss, not before it. `hinge`
    is the loss for as many classes as there are outputs. The rest is as
    in `settings_for`. Raises StudioError with a way out for names and sizes that do not fit.
    """
    usual_output, usual_loss = _usual(data, layers)
    judge = _loss(loss or usual_loss, layers[-1] if layers else 1)
    after_last = _activation(output or _output_for(judge, usual_output))
    between = _activation(activation)
    _check_sizes(data, layers)
    _check_pair(judge, after_last, layers[-1])

    chain: list[Op] = [catalog["data"]()]
    for units in layers[1:-1]:
        wide = between is not None and between.name in HALVING
        chain.append(gates.gate("dense", {"units": units, "initial": "he" if wide else "xavier"}))
        chain += [between] if between is not None else []
    chain.append(gates.gate("dense", {"units": layers[-1]}))
    graph = Graph()
    last = ""
    for op in chain:
        last, graph = _appended(graph, op, last)
    beside = after_last is not None and OF_SCORES.get(judge.name) == after_last.name
    answer = last
    if after_last is not None:
        answer, graph = _appended(graph, after_last, last)
    _, graph = _appended(graph, judge, last if beside else answer)
    return _placed(
        Project(
            graph=graph,
            data=data,
            training=settings_for(data, optimizer, learning_rate, batch, seed),
            title=checked_name(title or data.name),
        )
    )


def from_formula(formula: Formula, title: str = "") -> Project:
    """The gates of a formula as a project, with its values; a name without a value starts as 1."""
    ones = {key: 1.0 for key in formula.graph.keys(*TYPED) if key not in formula.given}
    given = {**formula.given, **{key: frozen(value) for key, value in ones.items()}}
    return _placed(Project(graph=formula.graph, given=given, title=title))


def settings_for(
    data: Dataset,
    optimizer: str | None = None,
    learning_rate: float | None = None,
    batch: int | None = None,
    seed: int = 1,
) -> Settings:
    """How such data is trained at first.

    A truth table is learned by plain gradient descent with rate 0.5 over all of its rows, anything
    larger by Adam with rate 0.01 over batches of 32. A `batch` of 0 means all rows.
    """
    toy = TOYS.get(str(data.recipe.get("name", "")))
    table = toy is not None and not toy.points
    name = (optimizer or ("sgd" if table else "adam")).lower()
    rate = {"sgd": 0.5, "adam": 0.01}.get(name) if learning_rate is None else learning_rate
    rule = gates.optimizer(name, {} if rate is None else {"learning_rate": rate})
    rows = (0 if table else 32) if batch is None else batch
    return checked_settings(Settings(optimizer=rule, batch=rows or None, seed=seed))


def _usual(data: Dataset, layers: Sequence[int]) -> tuple[str, str]:
    """The output and the loss that suit the answers."""
    if not data.classification:
        return "linear", "squared_error"
    if len(layers) > 0 and layers[-1] == 1:
        return "sigmoid", "binary_cross_entropy"
    return "softmax", "cross_entropy"


def _output_for(judge: Op, usual: str) -> str:
    """The output that suits a loss: what it needs, else what suits the answers."""
    if judge.name in OF_SCORES:
        return OF_SCORES[judge.name] or LINEAR[0]
    fitting = OF_PROBABILITIES.get(judge.name, (usual,))
    return usual if usual in fitting else fitting[0]


def _activation(name: str) -> Op | None:
    """The gate of that name, or None for a name that means none."""
    plain = name.lower().replace("-", "_")
    if plain in LINEAR:
        return None
    op = catalog.get(plain)
    if op is None or op.category != "activation":
        raise StudioError(
            N_("There is no activation called {name}. There are: {names}."),
            name=name,
            names=", ".join((LINEAR[0], *_names("activation"))),
        )
    return op()


def _loss(name: str, width: int) -> Op:
    """The loss of that name for that many outputs."""
    plain = name.lower().replace("-", "_")
    known = LOSSES.get(plain, plain)
    op = catalog.get("multiclass_hinge" if known == "hinge" and width > 1 else known)
    if op is None or op.category != "loss":
        raise StudioError(
            N_("There is no loss called {name}. There are: {names}."),
            name=name,
            names=", ".join((*LOSSES, *_names("loss"))),
        )
    return op()


def _names(category: str) -> list[str]:
    return sorted(name for name, op in catalog.items() if op.category == category)


def _check_sizes(data: Dataset, layers: Sequence[int]) -> None:
    sizes = ",".join(map(str, layers))
    if len(layers) < 2 or not all(1 <= size <= MOST_UNITS for size in layers):
        raise StudioError(
            N_(
                "Layers are given as the sizes from input to output, such as 2,4,1, "
                "each from 1 to {most}; {sizes} is not that."
            ),
            sizes=sizes or "-",
            most=MOST_UNITS,
        )
    features = data.features.shape[1]
    if layers[0] != features:
        raise StudioError(
            N_(
                "The layers {sizes} take {have} numbers per row, but {data} has {features} "
                "features. Begin with {features}."
            ),
            sizes=sizes,
            have=layers[0],
            data=data.name,
            features=features,
        )
    fitting = _fitting(data)
    if layers[-1] not in fitting:
        raise StudioError(
            N_(
                "The layers {sizes} end with {have} numbers per row, but the answers of {data} "
                "need {wanted}. End with {wanted}."
            ),
            sizes=sizes,
            have=layers[-1],
            data=data.name,
            wanted=" / ".join(map(str, fitting)),
        )


def _fitting(data: Dataset) -> tuple[int, ...]:
    """The widths of output that fit the answers; see `Dataset.targets`."""
    if not data.classification:
        return (data.answers.shape[1],)
    return (1, 2) if len(data.classes) == 2 else (len(data.classes),)


def _check_pair(judge: Op, output: Op | None, width: int) -> None:
    """Refuse a loss that can't judge such an output."""
    given = LINEAR[0] if output is None else output.name
    fitting = OF_PROBABILITIES.get(judge.name, (given,))
    if given not in fitting:
        raise StudioError(
            N_(
                "{loss} needs probabilities between 0 and 1, which {output} does not give. "
                "Choose the output {wanted}, or another loss."
            ),
            loss=judge.title,
            output=LINEAR[0] if output is None else output.title,
            wanted=fitting[0],
        )
    squeezed = output is not None and output.name in ("sigmoid", "softmax")
    if judge.name in OF_SCORES and squeezed and given != OF_SCORES[judge.name]:
        raise StudioError(
            N_(
                "{loss} needs scores of any size, which {output} does not give. "
                "Choose the output linear, or another loss."
            ),
            loss=judge.title,
            output=output.title if output is not None else LINEAR[0],
        )
    compares = judge.name in COMPARING
    if width == 1 and (compares or given == "softmax"):
        raise StudioError(
            N_(
                "One output can't be compared with itself: a softmax needs at least 2. "
                "Choose the output sigmoid with the loss bce, or end with 2."
            )
        )


def _appended(graph: Graph, op: Op, source: str) -> tuple[str, Graph]:
    """The graph with one more gate, fed by `source`, and the gate's id."""
    id = graphs.new_id(graph, "loss" if op.category == "loss" else op.name)
    sources = {op.ports[0].name: (source,)} if source else {}
    return id, graphs.add(graph, Node(id, op, sources))


def _placed(project: Project) -> Project:
    return complete(replace(project, places=arrange(project.graph, None)))
