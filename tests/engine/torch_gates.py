"""The gates that PyTorch has a function for, in its own words and with its own order of axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def _functional(name: str) -> Callable[..., Any]:
    import torch

    return getattr(torch.nn.functional, name)  # type: ignore[no-any-return]


def _pictures(rule: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A rule on pictures whose channels come first, for pictures whose channels come last."""
    return lambda x: rule(x.movedim(-1, -3)).movedim(-3, -1)


def _conv2d(s: Mapping[str, Any], x: Any, weight: Any, bias: Any) -> Any:
    import torch

    # Its rule for the weights refuses some orders of axes where one of them has length 1.
    kernels = weight.permute(3, 2, 0, 1).clone(memory_format=torch.contiguous_format)
    named = {"stride": s["stride"], "padding": s["padding"]}
    return _pictures(lambda p: _functional("conv2d")(p, kernels, bias, **named))(x)


def _pool(name: str) -> Callable[..., Any]:
    return lambda s, x: _pictures(lambda p: _functional(name)(p, s["size"], s["stride"]))(x)


def _batch_norm(s: Mapping[str, Any], x: Any, scale: Any, bias: Any, *_: Any) -> Any:
    rows = x.reshape(-1, x.shape[-1])
    named = {"weight": scale, "bias": bias, "training": True, "eps": s["epsilon"]}
    return _functional("batch_norm")(rows, None, None, **named).reshape(x.shape)


def _layer_norm(s: Mapping[str, Any], x: Any, scale: Any, bias: Any) -> Any:
    return _functional("layer_norm")(x, x.shape[-1:], scale, bias, s["epsilon"])


def _cat(s: Mapping[str, Any], *parts: Any) -> Any:
    import torch

    return torch.cat(parts, dim=s["axis"])


def _norm(order: int) -> Callable[..., Any]:
    return lambda s, x: _norm_of(x, order, s["axis"])


def _norm_of(x: Any, order: int, axis: int | None) -> Any:
    import torch

    return torch.linalg.vector_norm(x, order, dim=axis)


def _softplus(s: Mapping[str, Any], x: Any) -> Any:
    import torch

    return torch.logaddexp(x, torch.zeros_like(x))


def _maxout(s: Mapping[str, Any], x: Any) -> Any:
    return x.unflatten(-1, (-1, s["pieces"])).amax(dim=-1)


def _step(s: Mapping[str, Any], x: Any) -> Any:
    return (x > 0).to(x.dtype) + 0 * x


def _multiclass_hinge(s: Mapping[str, Any], prediction: Any, target: Any) -> Any:
    import torch

    right = (prediction * target).sum(dim=-1, keepdim=True)
    return ((1 - target) * torch.relu(prediction - right + s["margin"])).sum(-1).mean()


def _cross_entropy_from_probabilities(s: Mapping[str, Any], prediction: Any, target: Any) -> Any:
    import torch

    surprise = torch.clamp(torch.log(prediction), min=-100.0)
    return -(target * surprise).sum(-1).mean()


IN_TORCH: Mapping[str, Callable[..., Any]] = {
    "softmax": lambda s, x: x.softmax(dim=-1),
    "sum": lambda s, x: x.sum(dim=s["axis"]),
    "mean": lambda s, x: x.mean(dim=s["axis"]),
    "dense": lambda s, x, weight, bias: _functional("linear")(x, weight.T, bias),
    "leaky_relu": lambda s, x: _functional("leaky_relu")(x, s["slope"]),
    "prelu": lambda s, x, slope: _functional("prelu")(x, slope.reshape(1)),
    "elu": lambda s, x: _functional("elu")(x, s["alpha"]),
    # Its own hardsigmoid has 1/6 in float32.
    "hard_sigmoid": lambda s, x: _functional("relu6")(x + 3) / 6,
    "softplus": _softplus,
    "step": _step,
    "maxout": _maxout,
    "clip": lambda s, x: x.clamp(s["low"], s["high"]),
    "where": lambda s, condition, then, other: then.where(condition != 0, other),
    "l1_norm": _norm(1),
    "l2_norm": _norm(2),
    "dot": lambda s, a, b: (a * b).sum(dim=-1),
    "outer": lambda s, a, b: a.unsqueeze(-1) * b.unsqueeze(-2),
    "transpose": lambda s, x: x.mT,
    "reshape": lambda s, x: x.reshape(*x.shape[: s["keep"]], *s["size"]),
    "flatten": lambda s, x: x.reshape(*x.shape[: s["keep"]], -1),
    "concatenate": _cat,
    "slice": lambda s, x: x.narrow(s["axis"], s["start"], s["count"]),
    "dropout": lambda s, x, mask: x * mask,
    "conv2d": _conv2d,
    "max_pool2d": _pool("max_pool2d"),
    "average_pool2d": _pool("avg_pool2d"),
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "huber": lambda s, prediction, target: _functional("huber_loss")(
        prediction, target, delta=s["delta"]
    ),
    "hinge": lambda s, prediction, target: (
        (s["margin"] - (2 * target - 1) * prediction).relu().mean()
    ),
    "multiclass_hinge": _multiclass_hinge,
    "cross_entropy_from_probabilities": _cross_entropy_from_probabilities,
}
"""By name in files: what gives the same from the settings and the arguments."""
