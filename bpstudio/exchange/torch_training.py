"""How a PyTorch script trains: the optimizer, penalties, gradients cut short, the schedule, and
gates that do something else while training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bpstudio.engine.op import Op
from bpstudio.exchange import text
from bpstudio.exchange.passages import Passage, Piece
from bpstudio.playback.timeline import BACKWARD, CLEAR, UPDATE
from bpstudio.training.settings import Settings

OPTIMIZERS: Mapping[str, str] = {
    "sgd": "torch.optim.SGD({weights}, lr={learning_rate})",
    "momentum": "torch.optim.SGD({weights}, lr={learning_rate}, momentum={momentum})",
    "nesterov": (
        "torch.optim.SGD({weights}, lr={learning_rate}, momentum={momentum}, nesterov=True)"
    ),
    "adagrad": "torch.optim.Adagrad({weights}, lr={learning_rate}, eps={epsilon})",
    "rmsprop": "torch.optim.RMSprop({weights}, lr={learning_rate}, alpha={decay}, eps={epsilon})",
    "adam": (
        "torch.optim.Adam({weights}, lr={learning_rate}, betas=({beta1}, {beta2}), eps={epsilon})"
    ),
    "adamw": (
        "torch.optim.AdamW({weights}, lr={learning_rate}, betas=({beta1}, {beta2}), eps={epsilon},"
        " weight_decay={decay})"
    ),
}

FACTORS: Mapping[str, str] = {
    "step": "{shrink} ** (step // {every})",
    "cosine": "{floor} + {share} * (1 + math.cos(math.pi * min(step, {steps}) / {steps})) / 2",
}
"""What the learning rate is multiplied by at a step."""


def optimizer(settings: Settings) -> list[str]:
    """The lines that make the optimizer, and the schedule if there is one."""
    known = OPTIMIZERS.get(settings.optimizer.name, OPTIMIZERS["sgd"])
    lines = [f"    optimizer = {known.format(weights='weights', **settings.optimizer.settings)}"]
    if rule := FACTORS.get(settings.schedule.name):
        values = settings.schedule.settings
        share = 1.0 - float(values.get("floor", 0.0))
        factor = rule.format(**values, share=share)
        made = f"torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: {factor})"
        lines.append(f"    schedule = {made}")
    return lines


def penalised_by_hand(settings: Settings) -> bool:
    """Whether penalties are terms of the script's own; else the optimizer's `weight_decay` is one.

    A gradient is cut short with its penalties in it, and AdamW's decay is another thing.
    """
    cut = settings.clip_norm is not None or settings.clip_value is not None
    return bool(settings.l1) or bool(settings.l2 and (cut or settings.optimizer.name == "adamw"))


def shrinking(settings: Settings, weights: Sequence[str]) -> list[str]:
    """The line that names the weights which penalties pull."""
    return [f"    shrinking = [{text.joined(*weights)}]"] if penalised_by_hand(settings) else []


def step(settings: Settings, loss: str) -> list[Piece]:
    """The lines of one step, with the term that is the loss."""
    lines: list[Piece] = [Passage("optimizer.zero_grad()", CLEAR), f"loss = {loss}"]
    if penalised_by_hand(settings):
        terms = [f"{settings.l2 / 2} * (w**2).sum()"] if settings.l2 else []
        terms += [f"{settings.l1} * w.abs().sum()"] if settings.l1 else []
        lines.append(f"penalty = sum({' + '.join(terms)} for w in shrinking)")
        lines.append(Passage("(loss + penalty).backward()", BACKWARD))
    else:
        lines.append(Passage("loss.backward()", BACKWARD))
    free = "[w for w in network.parameters() if w.requires_grad]"
    for bound, name in ((settings.clip_value, "value"), (settings.clip_norm, "norm")):
        if bound is not None:
            lines.append(f"nn.utils.clip_grad_{name}_({free}, {bound})")
    lines.append(Passage("optimizer.step()", UPDATE))
    return [*lines, "schedule.step()"] if settings.schedule.name in FACTORS else lines


def _dropout(op: Op, of: Mapping[str, str], axes: int) -> str:
    return f"nn.functional.dropout({of['x']}, {op.settings['rate']}, self.training)"


def _batch_norm(op: Op, of: Mapping[str, str], axes: int) -> str:
    x = of["x"] if axes == 2 else f"{of['x']}.movedim(-1, 1)"
    rest = (of[name] for name in ("mean", "variance", "scale", "bias"))
    numbers = f"{op.settings['momentum']}, {op.settings['epsilon']}"
    called = f"nn.functional.batch_norm({text.joined(x, *rest)}, self.training, {numbers})"
    return called if axes == 2 else f"{called}.movedim(1, -1)"


IN_TRAINING: Mapping[str, Callable[[Op, Mapping[str, str], int], str]] = {
    "dropout": _dropout,
    "batch_norm": _batch_norm,
}
"""Gates that do something else while training: what they are called with, from the arguments and
how many axes they have."""
