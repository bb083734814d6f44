"""What a careful person writes by hand for these workloads: flat NumPy into buffers made before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.engine.optimizers import Adam
from tests.bench.rivals.works import Rival, Work


@dataclass
class Memory:
    """What plans by hand have in common: vectors, slabs of weights over biases, batches."""

    work: Work

    def __post_init__(self) -> None:
        work, weights, data = self.work, self.work.weights(), self.work.data()
        pairs = list(zip(work.sizes, work.sizes[1:], strict=False))
        self.size = sum((m + 1) * n for m, n in pairs)
        self.w, self.g = np.zeros(self.size), np.zeros(self.size)
        self.m, self.v, self.tmp = (np.zeros(self.size) for _ in range(3))
        self.slabs, self.gradients = [], []
        start = 0
        for place, (m, n) in enumerate(pairs, start=1):
            where = slice(start, start + (m + 1) * n)
            slab = self.w[where].reshape(m + 1, n)
            slab[:m], slab[m] = weights[f"dense{place}.weight"], weights[f"dense{place}.bias"]
            self.slabs.append(slab)
            self.gradients.append(self.g[where].reshape(m + 1, n))
            start = where.stop
        self.inputs = np.ones((work.batches, work.sizes[0] + 1, work.rows))
        self.answers = np.ones((work.batches, work.sizes[-1], work.rows))
        shape = (work.batches, work.rows, -1)
        self.inputs[:, :-1] = np.moveaxis(data["data1.rows"].reshape(shape), 1, -1)
        self.answers[:] = np.moveaxis(data["loss1.target"].reshape(shape), 1, -1)
        self.loss = np.zeros(())


def w1_by_hand(work: Work) -> Rival:
    """tanh, then sigmoid and the mean squared error; plain gradient descent."""
    memory = Memory(work)
    w, g, tmp, loss = memory.w, memory.g, memory.tmp, memory.loss
    (slab1, slab2), (slab1_g, slab2_g) = memory.slabs, memory.gradients
    hidden, rows = work.sizes[1], work.rows
    forward1, forward2 = slab1.T.dot, slab2.T.dot
    back2 = slab2[:-1].dot
    h_one = np.ones((hidden + 1, rows))
    h, h_t = h_one[:-1], h_one.dot
    a, p, e, q, d = (np.empty((hidden, rows)), *(np.empty((1, rows)) for _ in range(4)))
    s, dh, d_t = np.empty((hidden, rows)), np.empty((hidden, rows)), d.T
    p_out, d_flat = p, e.reshape(-1)
    square_sum = d_flat.dot
    tanh, negative, exp, add, reciprocal = np.tanh, np.negative, np.exp, np.add, np.reciprocal
    multiply, subtract, divide = np.multiply, np.subtract, np.divide
    one, count, factor = np.ones(()), np.array(float(rows)), np.array(2 / rows)
    rate_now = np.zeros(())
    total = np.zeros(())
    dh_t = dh.T

    def bind(x: Array, y: Array) -> Callable[[float], None]:
        x_t = x.dot

        def step(rate: float) -> None:
            forward1(x, a)
            tanh(a, h)
            forward2(h_one, q)
            negative(q, q)
            exp(q, q)
            add(q, one, q)
            reciprocal(q, p_out)
            subtract(p, y, e)
            square_sum(d_flat, total)
            divide(total, count, loss)
            subtract(one, p, q)
            multiply(q, p, d)
            multiply(e, factor, q)
            multiply(q, d, e)
            h_t(e_t, slab2_g)
            back2(e, a)
            multiply(h, h, s)
            subtract(one, s, s)
            multiply(a, s, dh)
            x_t(dh_t, slab1_g)
            rate_now[()] = rate
            multiply(g, rate_now, tmp)
            subtract(w, tmp, w)

        return step

    e_t = e.T
    del d_t
    steps = [bind(memory.inputs[i], memory.answers[i]) for i in range(work.batches)]
    rate = work.rate
    return Rival(lambda batch, t: steps[batch](rate), lambda: float(loss))


def w2p_by_hand(work: Work) -> Rival:
    """Two layers of tanh and the mean squared error; plain gradient descent."""
    memory = Memory(work)
    w, g, tmp, loss = memory.w, memory.g, memory.tmp, memory.loss
    (slab1, slab2, slab3), (slab1_g, slab2_g, slab3_g) = memory.slabs, memory.gradients
    rows, (_, first, second, _) = work.rows, work.sizes
    forward1, forward2, forward3 = slab1.T.dot, slab2.T.dot, slab3.T.dot
    back2, back3 = slab2[:-1].dot, slab3[:-1].dot
    h1_one, h2_one = np.ones((first + 1, rows)), np.ones((second + 1, rows))
    h1, h2, h1_t, h2_t = h1_one[:-1], h2_one[:-1], h1_one.dot, h2_one.dot
    a1, s1, d1 = (np.empty((first, rows)) for _ in range(3))
    a2, s2, d2 = (np.empty((second, rows)) for _ in range(3))
    p, e, q = (np.empty((1, rows)) for _ in range(3))
    flat = e.reshape(-1)
    square_sum, q_t, d1_t, d2_t = flat.dot, q.T, d1.T, d2.T
    tanh, multiply, subtract, divide = np.tanh, np.multiply, np.subtract, np.divide
    one, count, factor = np.ones(()), np.array(float(rows)), np.array(2 / rows)
    rate_now, total = np.zeros(()), np.zeros(())

    def bind(x: Array, y: Array) -> Callable[[float], None]:
        x_t = x.dot

        def step(rate: float) -> None:
            forward1(x, a1)
            tanh(a1, h1)
            forward2(h1_one, a2)
            tanh(a2, h2)
            forward3(h2_one, p)
            subtract(p, y, e)
            square_sum(flat, total)
            divide(total, count, loss)
            multiply(e, factor, q)
            h2_t(q_t, slab3_g)
            back3(q, a2)
            multiply(h2, h2, s2)
            subtract(one, s2, s2)
            multiply(a2, s2, d2)
            h1_t(d2_t, slab2_g)
            back2(d2, a1)
            multiply(h1, h1, s1)
            subtract(one, s1, s1)
            multiply(a1, s1, d1)
            x_t(d1_t, slab1_g)
            rate_now[()] = rate
            multiply(g, rate_now, tmp)
            subtract(w, tmp, w)

        return step

    steps = [bind(memory.inputs[i], memory.answers[i]) for i in range(work.batches)]
    rate = work.rate
    return Rival(lambda batch, t: steps[batch](rate), lambda: float(loss))


def adam_by_hand(memory: Memory, settings: Adam) -> Callable[[float, float], None]:
    """Ten calls over the whole vectors; the factors 1 − β are moved into the two numbers."""
    w, g, m, v, tmp = memory.w, memory.g, memory.m, memory.v, memory.tmp
    other = np.empty_like(w)
    beta1, beta2, epsilon = settings.beta1, settings.beta2, settings.epsilon
    beta1_now, beta2_now = np.array(beta1), np.array(beta2)
    scale, shift = np.zeros(()), np.zeros(())
    multiply, add, sqrt, divide, subtract = np.multiply, np.add, np.sqrt, np.divide, np.subtract

    def update(rate: float, t: float) -> None:
        correction = ((1.0 - beta2**t) / (1.0 - beta2)) ** 0.5
        scale[()] = rate * correction * (1.0 - beta1) / (1.0 - beta1**t)
        shift[()] = epsilon * correction
        multiply(m, beta1_now, m)
        add(m, g, m)
        multiply(g, g, tmp)
        multiply(v, beta2_now, v)
        add(v, tmp, v)
        sqrt(v, tmp)
        add(tmp, shift, tmp)
        divide(m, tmp, other)
        multiply(other, scale, tmp)
        subtract(w, tmp, w)

    return update


def w2_by_hand(work: Work) -> Rival:
    """Two layers of tanh and the cross-entropy of two classes; Adam."""
    memory = Memory(work)
    (slab1, slab2, slab3), (slab1_g, slab2_g, slab3_g) = memory.slabs, memory.gradients
    rows, (_, first, second, _), loss = work.rows, work.sizes, memory.loss
    forward1, forward2, forward3 = slab1.T.dot, slab2.T.dot, slab3.T.dot
    back2, back3 = slab2[:-1].dot, slab3[:-1].dot
    h1_one, h2_one = np.ones((first + 1, rows)), np.ones((second + 1, rows))
    h1, h2, h1_t, h2_t = h1_one[:-1], h2_one[:-1], h1_one.dot, h2_one.dot
    a1, s1, d1 = (np.empty((first, rows)) for _ in range(3))
    a2, s2, d2 = (np.empty((second, rows)) for _ in range(3))
    z, u, r, q = (np.empty((2, rows)) for _ in range(4))
    top, total = np.empty(rows), np.empty(rows)
    (z0, z1), (u0, u1), (r0, r1), (q0, q1) = z, u, r, q
    u_flat, ones = u.reshape(-1), np.ones(rows)
    q_t, d1_t, d2_t = q.T, d1.T, d2.T
    tanh, multiply, subtract, divide = np.tanh, np.multiply, np.subtract, np.divide
    maximum, exp, log, add = np.maximum, np.exp, np.log, np.add
    sum_logs, one, share = ones.dot, np.ones(()), np.array(1 / rows)
    logs = np.empty(rows)
    logs_sum, hit = np.zeros(()), np.zeros(())
    update = adam_by_hand(memory, work.optimizer)  # type: ignore[arg-type]

    def bind(x: Array, y: Array) -> Callable[[float, float], None]:
        x_t, hits = x.dot, y.reshape(-1).dot

        def step(rate: float, t: float) -> None:
            forward1(x, a1)
            tanh(a1, h1)
            forward2(h1_one, a2)
            tanh(a2, h2)
            forward3(h2_one, z)
            maximum(z0, z1, out=top)
            subtract(z0, top, u0)
            subtract(z1, top, u1)
            exp(u, r)
            add(r0, r1, total)
            log(total, logs)
            sum_logs(logs, logs_sum)
            hits(u_flat, hit)
            subtract(logs_sum, hit, hit)
            multiply(hit, share, loss)
            divide(r0, total, q0)
            divide(r1, total, q1)
            subtract(q, y, r)
            multiply(r, share, q)
            h2_t(q_t, slab3_g)
            back3(q, a2)
            multiply(h2, h2, s2)
            subtract(one, s2, s2)
            multiply(a2, s2, d2)
            h1_t(d2_t, slab2_g)
            back2(d2, a1)
            multiply(h1, h1, s1)
            subtract(one, s1, s1)
            multiply(a1, s1, d1)
            x_t(d1_t, slab1_g)
            update(rate, t)

        return step

    steps = [bind(memory.inputs[i], memory.answers[i]) for i in range(work.batches)]
    rate = work.rate
    return Rival(lambda batch, t: steps[batch](rate, float(t)), lambda: float(loss))


def w4_by_hand(work: Work) -> Rival:
    """Two layers of ReLU and the cross-entropy of several classes; Adam."""
    memory = Memory(work)
    (slab1, slab2, slab3), (slab1_g, slab2_g, slab3_g) = memory.slabs, memory.gradients
    rows, (_, first, second, classes), loss = work.rows, work.sizes, memory.loss
    forward1, forward2, forward3 = slab1.T.dot, slab2.T.dot, slab3.T.dot
    back2, back3 = slab2[:-1].dot, slab3[:-1].dot
    h1_one, h2_one = np.ones((first + 1, rows)), np.ones((second + 1, rows))
    h1, h2, h1_t, h2_t = h1_one[:-1], h2_one[:-1], h1_one.dot, h2_one.dot
    a1, d1, on1 = np.empty((first, rows)), np.empty((first, rows)), np.empty((first, rows), bool)
    a2, d2, on2 = np.empty((second, rows)), np.empty((second, rows)), np.empty((second, rows), bool)
    z, u, r, q = (np.empty((classes, rows)) for _ in range(4))
    top, total, logs = np.empty(rows), np.empty(rows), np.empty(rows)
    u_flat, ones = u.reshape(-1), np.ones(rows)
    q_t, d1_t, d2_t = q.T, d1.T, d2.T
    multiply, subtract, divide, greater = np.multiply, np.subtract, np.divide, np.greater
    maximum, exp, log = np.maximum, np.exp, np.log
    highest: Any = np.maximum.reduce
    add_up: Any = np.add.reduce
    sum_logs = ones.dot
    zero, share = np.zeros(()), np.array(1 / rows)
    logs_sum, hit = np.zeros(()), np.zeros(())
    update = adam_by_hand(memory, work.optimizer)  # type: ignore[arg-type]

    def bind(x: Array, y: Array) -> Callable[[float, float], None]:
        x_t, hits = x.dot, y.reshape(-1).dot

        def step(rate: float, t: float) -> None:
            forward1(x, a1)
            maximum(a1, zero, out=h1)
            forward2(h1_one, a2)
            maximum(a2, zero, out=h2)
            forward3(h2_one, z)
            highest(z, 0, None, top)
            subtract(z, top, u)
            exp(u, r)
            add_up(r, 0, None, total)
            log(total, logs)
            sum_logs(logs, logs_sum)
            hits(u_flat, hit)
            subtract(logs_sum, hit, hit)
            multiply(hit, share, loss)
            divide(r, total, r)
            subtract(r, y, q)
            multiply(q, share, q)
            h2_t(q_t, slab3_g)
            greater(a2, zero, on2)
            back3(q, a2)
            multiply(a2, on2, d2)
            h1_t(d2_t, slab2_g)
            greater(a1, zero, on1)
            back2(d2, a1)
            multiply(a1, on1, d1)
            x_t(d1_t, slab1_g)
            update(rate, t)

        return step

    steps = [bind(memory.inputs[i], memory.answers[i]) for i in range(work.batches)]
    rate = work.rate
    return Rival(lambda batch, t: steps[batch](rate, float(t)), lambda: float(loss))


BY_HAND: Mapping[str, Callable[[Work], Rival]] = {
    "W1": w1_by_hand,
    "W2": w2_by_hand,
    "W2p": w2p_by_hand,
    "W3": w2_by_hand,
    "W4": w4_by_hand,
    "W5": w4_by_hand,
}
