"""One plain cell that runs many networks of all variants of the LSTM at once.

Shapes: V = 9 variants, S seeds, K = V·S networks, those of one variant side by side; T, B, H as everywhere.
Time steps come first and sequences last, so that each gate of a network is one stretch of memory; rows of
weights stand in the order i, f, o, g, so that the three gates are one stretch, too.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from lstm_core.experiments.ablation.variants import (
    COUPLED,
    NO_F,
    NO_G,
    NO_H,
    NO_I,
    NO_O,
    PEEPHOLES,
    RECURRENCE,
)

OPEN = 100.0  # the pre-activation of a gate that is always 1: σ(100) is 1 exactly


class _Run(torch.autograd.Function):
    """See `run`. The way back is written out: autograd would take more than twice as long."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias: Tensor,
        peephole: Tensor,
        recurrence: Tensor,
    ) -> Tensor:
        steps, networks, width, batch = x.shape
        width, hidden = width + 1, weight_hh.shape[2]
        of = [slice(k, k + len(peephole)) for k in range(0, networks, len(peephole))]
        three = 3 * hidden

        # i, f, o, g are σ of one product; what differs before σ is settled in its rows, once for all steps
        weight = torch.cat([weight_ih, bias.unsqueeze(2), weight_hh], 2)
        for variant, gate in ((NO_I, 0), (NO_F, 1), (NO_O, 2)):
            rows = weight[of[variant], gate * hidden : (gate + 1) * hidden]
            rows.zero_()[:, :, width - 1] = OPEN
        weight[of[COUPLED], hidden : 2 * hidden] = -weight[of[COUPLED], :hidden]  # 1 − σ(x) = σ(−x)
        doubled = weight.clone()
        doubled[:, three:] *= 2  # tanh(x) = 2 σ(2x) − 1, and σ is several times faster

        reads = x.new_empty(steps + 1, networks, width + hidden, batch)  # x, 1 and h of the step before
        reads[:-1, :, : width - 1] = x
        reads[:, :, width - 1] = 1
        reads[0, :, width:] = 0
        gates = x.new_empty(steps, networks, 4 * hidden, batch)  # i, f, o, g
        cells = x.new_empty(steps + 1, networks, hidden, batch)  # c, and before it the one to begin with
        cells[0] = 0
        shown = x.new_empty(steps, networks, hidden, batch)  # tanh(c)
        minus_one = x.new_tensor(-1.0)
        p_i, p_f, p_o = peephole.chunk(3, 1)
        for t in range(steps):
            before, c, tanh = cells[t], cells[t + 1], shown[t]
            a = torch.bmm(doubled, reads[t], out=gates[t])
            i, f, o, g = a.split(hidden, 1)
            seen = before[of[PEEPHOLES]]
            i[of[PEEPHOLES]].addcmul_(p_i, seen)
            f[of[PEEPHOLES]].addcmul_(p_f, seen)
            if t:
                a[of[RECURRENCE], :three].baddbmm_(recurrence, gates[t - 1, of[RECURRENCE], :three])
            late, free = o[of[PEEPHOLES]].clone(), g[of[NO_G]] / 2
            a.sigmoid_()
            torch.add(minus_one, g, alpha=2, out=g)
            g[of[NO_G]] = free
            torch.mul(f, before, out=c).addcmul_(i, g)
            o[of[PEEPHOLES]] = late.addcmul_(p_o, c[of[PEEPHOLES]]).sigmoid_()
            torch.mul(c, 2, out=tanh).sigmoid_()
            torch.add(minus_one, tanh, alpha=2, out=tanh)
            tanh[of[NO_H]] = c[of[NO_H]]
            torch.mul(o, tanh, out=reads[t + 1, :, width:])
        ctx.save_for_backward(reads, gates, cells, shown, weight, peephole, recurrence)
        return reads[1:, :, width:].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dh: Tensor) -> tuple[Tensor, ...]:
        reads, gates, cells, shown, weight, peephole, recurrence = ctx.saved_tensors
        steps, networks, hidden, batch = shown.shape
        width, three = reads.shape[2] - hidden, 3 * hidden
        of = [slice(k, k + len(peephole)) for k in range(0, networks, len(peephole))]
        p_i, p_f, p_o = peephole.chunk(3, 1)
        back, back_gates = weight.transpose(1, 2).contiguous(), recurrence.transpose(1, 2)

        dweight = torch.zeros_like(weight)
        dreads = torch.empty_like(reads[1:])
        dc = torch.zeros_like(shown[0])
        carried = torch.zeros_like(dc)  # dL/dh that came from the step after
        late = gates.new_zeros(len(peephole), three, batch)  # dL/d(i, f, o) likewise
        da = torch.empty_like(gates[0])  # of the pre-activations
        di, df, do, dg = da.split(hidden, 1)
        dgates = da[of[RECURRENCE], :three]
        # these two variants have parameters of their own
        own = slice(of[PEEPHOLES].start, of[RECURRENCE].stop)
        kept = gates.new_empty(steps, 2 * len(peephole), three, batch)
        slope, square = torch.empty_like(da[:, :three]), torch.empty_like(dc)
        for t in reversed(range(steps)):
            i, f, o, g = gates[t].split(hidden, 1)
            ifo, h = gates[t, :, :three], reads[t + 1, :, width:]
            torch.addcmul(ifo, ifo, ifo, value=-1, out=slope)  # σ′ = σ − σ²
            carried += dh[t]
            torch.mul(carried, shown[t], out=do)
            dc.addcmul_(carried, o).addcmul_(do, h, value=-1)  # tanh′ = 1 − tanh²
            dc[of[NO_H]].addcmul_(do[of[NO_H]], h[of[NO_H]])
            do[of[RECURRENCE]] += late[:, 2 * hidden :]
            do *= slope[:, 2 * hidden :]
            dc[of[PEEPHOLES]].addcmul_(do[of[PEEPHOLES]], p_o)
            torch.mul(dc, g, out=di)
            torch.mul(dc, cells[t], out=df)
            dgates[:, : 2 * hidden] += late[:, : 2 * hidden]
            da[:, : 2 * hidden] *= slope[:, : 2 * hidden]
            torch.mul(dc, i, out=dg)
            dg.addcmul_(dg, torch.mul(g, g, out=square), value=-1)
            torch.mul(dc[of[NO_G]], i[of[NO_G]], out=dg[of[NO_G]])
            dc *= f
            dc[of[PEEPHOLES]].addcmul_(di[of[PEEPHOLES]], p_i).addcmul_(df[of[PEEPHOLES]], p_f)
            dweight.baddbmm_(da, reads[t].transpose(1, 2))
            carried = torch.bmm(back, da, out=dreads[t])[:, width:]
            torch.bmm(back_gates, dgates, out=late)
            kept[t] = da[own, :three]

        coupled = dweight[of[COUPLED]]
        coupled[:, :hidden] -= coupled[:, hidden : 2 * hidden]
        coupled[:, hidden : 2 * hidden] = 0
        through, after = kept.chunk(2, 1)
        dif, do = through.split([2 * hidden, hidden], 2)
        c = cells[:, of[PEEPHOLES]]
        dpeephole = [(dif * c[:-1].repeat(1, 1, 2, 1)).sum((0, 3)), (do * c[1:]).sum((0, 3))]
        pairs = after[1:], gates[:-1, of[RECURRENCE], :three]
        after, before = (tensor.permute(1, 2, 0, 3).flatten(2) for tensor in pairs)
        return (
            dreads[:, :, : width - 1],
            dweight[:, :, : width - 1],
            dweight[:, :, width:],
            dweight[:, :, width - 1],
            torch.cat(dpeephole, 1).unsqueeze(2),
            torch.bmm(after, before.transpose(1, 2)),
        )


def run(
    x: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias: Tensor, peephole: Tensor, recurrence: Tensor
) -> Tensor:
    """Hidden states (T, K, H, B) of the K networks, from h = c = 0; differentiable once.

    x: (T, K, I, B). weight_ih, weight_hh, bias: (K, 4H, I), (K, 4H, H), (K, 4H), in the order i, f, o, g.
    peephole: (S, 3H, 1). recurrence: (S, 3H, 3H), for i, f, o of the step before.
    """
    return _Run.apply(x, weight_ih, weight_hh, bias, peephole, recurrence)
