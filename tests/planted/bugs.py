"""Mistakes of the kind that people make in such an engine, each of which the tests must see."""

from __future__ import annotations

from typing import NamedTuple


class Bug(NamedTuple):
    """A mistake: what stands in the file of `bpstudio/`, what shall stand there instead.

    `tests` are the files below `tests/`, of which one must fail.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


RUN = ("engine/test_run.py",)
PLAN = ("engine/test_plan.py",)
GATES = ("engine/test_every_op.py",)
TRAINER = ("training/test_trainer.py",)
OPTIMIZERS = ("engine/test_optimizers.py",)

BUGS = (
    Bug(
        "a fork keeps the last gradient",
        "engine/run.py",
        "arrived[source] = arrived[source] + gradient if source in arrived else gradient",
        "arrived[source] = gradient",
        RUN,
    ),
    Bug(
        "a fork keeps the last gradient in plans",
        "engine/backprop.py",
        "tape.elementwise(np.add, arrived[source], gradient)",
        "gradient",
        PLAN,
    ),
    Bug(
        "shared weights keep the gradient of one reader",
        "engine/backprop.py",
        "if source in arrived\n                    else gradient",
        'if source in arrived and graph[source].op.name != "parameter"\n'
        "                    else gradient",
        PLAN,
    ),
    Bug(
        "a layer is fused with the bias of another",
        "engine/rewrite.py",
        "if bias_of.get(weight) == bias and len(tape.values[x].shape) == 2:",
        "if weight in bias_of and len(tape.values[x].shape) == 2:",
        PLAN,
    ),
    Bug(
        "new axes of a broadcast are cut off, not summed",
        "engine/run.py",
        "gradient = gradient.sum(axis=tuple(range(extra)))",
        "gradient = gradient[(0,) * extra]",
        RUN,
    ),
    Bug(
        "axes of length 1 of a broadcast get the mean",
        "engine/run.py",
        "gradient = gradient.sum(axis=tuple(-1 - axis for axis in repeated), keepdims=True)",
        "gradient = gradient.mean(axis=tuple(-1 - axis for axis in repeated), keepdims=True)",
        RUN,
    ),
    Bug(
        "a batch meets features of the same length",
        "engine/shapes.py",
        "if batched and any(s.batched and len(s.features) != len(features) for s in shapes):",
        "if batched and any(s.batched and len(s.features) > len(features) for s in shapes):",
        ("engine/test_shapes.py", *RUN),
    ),
    Bug(
        "noise is the same at every step",
        "engine/run.py",
        "[self.seed, self.step, *words.tolist()]",
        "[self.seed, *words.tolist()]",
        RUN,
    ),
    Bug(
        "noise is the same at every node",
        "engine/run.py",
        "[self.seed, self.step, *words.tolist()]",
        "[self.seed, self.step, len(words)]",
        RUN,
    ),
    Bug(
        "plans draw noise once",
        "engine/plan.py",
        "Randomness(self.seed, self.first + t)",
        "Randomness(self.seed, self.first + 1)",
        PLAN,
    ),
    Bug(
        "memory is given back after the first reader",
        "engine/layout.py",
        "last[root.get(index, index)] = at",
        "last.setdefault(root.get(index, index), at)",
        PLAN,
    ),
    Bug(
        "memory is given back before the last reader",
        "engine/layout.py",
        "if self.last.get(index, -1) <= at:",
        "if self.last.get(index, -1) <= at + 2:",
        PLAN,
    ),
    Bug(
        "a result is written where another is still to be read",
        "engine/layout.py",
        "if last > at or (last == at and not self._only_whole(call, reader)):",
        "if last > at + 1:",
        PLAN,
    ),
    Bug(
        "statistics move when only the gradient is asked for",
        "engine/plan.py",
        "        passes = len(code.lines)\n"
        "        for key, new in self._pending.items():\n"
        "            code.copyto(Thing(self.statistics[key]), Thing(new))\n",
        "        for key, new in self._pending.items():\n"
        "            code.copyto(Thing(self.statistics[key]), Thing(new))\n"
        "        passes = len(code.lines)\n",
        PLAN,
    ),
    Bug(
        "the optimizer's state is not carried on",
        "engine/update.py",
        "        for name, value in changed.items()\n    ]\n    calls = rewrite.live",
        '        for name, value in changed.items() if name == "w"\n'
        "    ]\n    calls = rewrite.live",
        PLAN,
    ),
    Bug(
        "batches ignore the order of the epoch",
        "engine/batches.py",
        "source[:used] if order is None else source[order[:used]]",
        "source[:used]",
        PLAN,
    ),
    Bug(
        "Adam without the bias correction of its mean",
        "engine/optimizers.py",
        "(correction * (1 - self.beta1) / (1 - self.beta1**t))",
        "(correction * (1 - self.beta1))",
        OPTIMIZERS,
    ),
    Bug(
        "W instead of its transpose, in a shape that fits",
        "engine/ops/layer.py",
        '"x": np.matmul(g, np.transpose(weight)),',
        '"x": np.matmul(g, np.reshape(weight, weight.shape[::-1])),',
        GATES,
    ),
    Bug(
        "the wrong sign",
        "engine/ops/arithmetic.py",
        'return {"a": g, "b": -g}',
        'return {"a": g, "b": g}',
        GATES,
    ),
    Bug(
        "a tie in max goes to one side",
        "engine/ops/arithmetic.py",
        "np.where(b > a, g, np.where(a == b, 0.5 * g, 0.0))",
        "np.where(b >= a, g, 0.0)",
        GATES,
    ),
    Bug(
        "ReLU without its mask",
        "engine/ops/activation.py",
        'return {"x": np.where(x > 0, g, 0.0)}',
        'return {"x": g}',
        GATES,
    ),
    Bug(
        "tanh with its input where its output belongs",
        "engine/ops/activation.py",
        'return {"x": g * (1.0 - y * y)}',
        'return {"x": g * (1.0 - x * x)}',
        GATES,
    ),
    Bug(
        "softmax without the shift",
        "engine/ops/activation.py",
        "raised = np.exp(x - np.max(x, axis=-1, keepdims=True))",
        "raised = np.exp(x)",
        (*GATES, "engine/test_gates.py"),
    ),
    Bug(
        "softmax summed along the batch",
        "engine/ops/activation.py",
        "np.sum(g * y, axis=-1, keepdims=True)",
        "np.sum(g * y, axis=0, keepdims=True)",
        (*GATES, *RUN),
    ),
    Bug(
        "1/n missing in the mean",
        "engine/ops/reduction.py",
        'return {"x": g / x.size}',
        'return {"x": g}',
        GATES,
    ),
    Bug(
        "the wrong axis in sum",
        "engine/ops/reduction.py",
        "np.expand_dims(g, self.axis)}\n\n    def shape(self, x: Shape) -> Shape:\n"
        "        return without_axis(self, x, self.axis)\n\n\nclass Mean",
        "np.expand_dims(g, 0)}\n\n    def shape(self, x: Shape) -> Shape:\n"
        "        return without_axis(self, x, self.axis)\n\n\nclass Mean",
        (*GATES, *RUN),
    ),
    Bug(
        "dropout backward without its mask",
        "engine/ops/normalize.py",
        'return {"x": g * mask}',
        'return {"x": g}',
        GATES,
    ),
    Bug(
        "the gradient of the answers has the wrong sign",
        "engine/ops/loss.py",
        "passed = (g * (2.0 / prediction.size)) * (prediction - target)\n"
        '        return {"prediction": passed, "target": -passed}',
        "passed = (g * (2.0 / prediction.size)) * (prediction - target)\n"
        '        return {"prediction": passed, "target": passed}',
        GATES,
    ),
    Bug(
        "L2 on biases",
        "training/settings.py",
        'if key.partition(".")[2] not in UNPENALISED',
        "if key not in UNPENALISED",
        TRAINER,
    ),
    Bug(
        "frozen nodes learn",
        "training/course.py",
        "plan.vectors.view(rates, key)[...] = rate * factor",
        "plan.vectors.view(rates, key)[...] = rate * (factor or 1)",
        TRAINER,
    ),
    Bug(
        "the rows that fill no batch are left out",
        "training/batches.py",
        "return -(-rows // batch_size(rows, batch))",
        "return rows // batch_size(rows, batch)",
        ("training/test_batches.py", *TRAINER),
    ),
    Bug(
        "noise of a run that goes on starts anew",
        "training/course.py",
        "plan.first = since - 1",
        "plan.first = 0",
        TRAINER,
    ),
)
