"""How a PyTorch script trains in several processes: each takes its share of the rows of a batch.

DistributedDataParallel takes the mean of the gradients of all processes. So that this is the
gradient of the whole batch, each loss is weighed by the share of the rows that it is of.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bpstudio.engine import run
from bpstudio.errors import StudioError
from bpstudio.exchange import text, torch_training
from bpstudio.exchange.passages import Piece, indented
from bpstudio.exchange.program import Program
from bpstudio.language import N_
from bpstudio.project import project as projects

USAGE = (
    "Several processes train it together with:",
    "torchrun --nproc_per_node 2 SCRIPT --train",
    "They may be on several machines. The first writes the weights to a file that ends with",
    "_trained.pt. Gates that normalise batches use the means of each process's own rows.",
)
START = (
    "    together = torch.distributed.is_torchelastic_launched()",
    "    if together:",
    '        torch.distributed.init_process_group("gloo")',
    "    place = torch.distributed.get_rank() if together else 0",
    "    processes = torch.distributed.get_world_size() if together else 1",
    "    model = nn.parallel.DistributedDataParallel(network) if together else network",
    "    # Every process draws the same batches, whatever else it draws.",
)
END = (
    "        if epoch % 100 == 0:",
    "            total = loss.detach().clone()",
    "            if together:",
    "                torch.distributed.all_reduce(total)",
    "            if place == 0:",
    '                print("epoch", epoch, "loss", total.item() / processes)',
)
LEAVE = (
    "    if place == 0:",
    '        trained = Path(__file__).with_name(Path(__file__).stem + "_trained.pt")',
    "        torch.save(network.state_dict(), trained)",
    "    if together:",
    "        torch.distributed.destroy_process_group()",
)


def loop(program: Program, taken: Sequence[str], rows: str, batch: int) -> list[Piece]:
    """The lines that train, with everything ready, on what the network takes of the chosen
    `rows`: something that has as many rows as there are."""
    settings = program.project.training
    step = torch_training.step(settings, f"model({text.joined(*taken)}) * share")
    lines: list[Piece] = [
        *START,
        f"    order = torch.Generator().manual_seed({settings.seed})",
        "    for epoch in range(1, epochs + 1):",
        f"        for batch in torch.randperm(len({rows}), generator=order).split({batch}):",
        "            mine = batch[place::processes]",
        "            share = len(mine) * processes / len(batch)",
        "            # Who has no row takes part with one that counts nothing.",
        "            rows = mine if len(mine) else batch[:1]",
    ]
    return [*lines, *(indented(line, " " * 12) for line in step), *END]


def require(program: Program) -> None:
    """Raises StudioError for a network that can't be trained in shares."""
    reached = run.ancestors(program.graph, program.objective)
    learned = [key for key in program.project.weights if key.partition(".")[0] in reached]
    factor = program.project.training.factor
    if not program.learns or not any(factor(key.partition(".")[0]) for key in learned):
        raise StudioError(
            N_(
                "There is nothing to train together: the network needs data, a loss and a weight "
                "that learns. Choose the script with a PyTorch module instead."
            )
        )
    if not _is_mean(program):
        raise StudioError(
            N_(
                "{node} is not the mean of what each row costs, so processes can't share its "
                "rows. Choose the script with a PyTorch module instead."
            ),
            node=program.graph[program.objective].label,
        )


def _is_mean(program: Program) -> bool:
    """Whether the loss of rows is the mean of what it is for each."""
    data = program.project.data
    count = 0 if data is None else len(data)
    chosen = np.arange(count) if count > 1 else np.zeros(2, np.intp)
    whole, first, rest = (_loss(program, rows) for rows in (chosen, chosen[:1], chosen[1:]))
    left = len(chosen) - 1
    shared = (first + left * rest) / len(chosen)
    return bool(np.isclose(whole, shared, rtol=1e-9, atol=0.0))


def _loss(program: Program, rows: np.ndarray[tuple[int, ...], np.dtype[np.intp]]) -> float:
    project = program.project
    given = projects.arguments(project, rows)
    steps = run.forward(program.graph, given, project.weights, statistics=project.statistics)
    return float(next(step.output for step in steps if step.node == program.objective))
