"""One backpropagation step with Adam in PyTorch: as users write it, and the fastest by hand."""
import time

import torch

from network import Adam, draw_minibatch, draw_weights, fastest

RATE = 1e-3


class Backprop:
    """Autograd and torch.optim.Adam."""

    def __init__(self, problem, **adam):
        self.batch = problem.batch
        self.weights = [w.requires_grad_() for w in draw_weights(problem.width, problem.depth)]
        self.adam = torch.optim.Adam(self.weights, lr=RATE, **adam)
        self.x, self.y = draw_minibatch(problem.batch)

    def gradients(self):
        x = self.x
        for w in self.weights[:-1]:
            x = torch.tanh(x @ w.t())
        self.adam.zero_grad()
        (0.5 * ((self.y - x @ self.weights[-1].t()) ** 2).sum() / self.batch).backward()
        return [w.grad for w in self.weights]

    def minibatch(self):
        self.gradients()
        self.adam.step()


class ByHand:
    """Without autograd, in buffers allocated once. `flat`: Adam over one tensor that holds every layer."""

    def __init__(self, problem, flat):
        self.batch = problem.batch
        weights = draw_weights(problem.width, problem.depth)
        self.x, self.y = draw_minibatch(problem.batch)
        self.activities, self.deltas = ([torch.empty(problem.batch, len(w)) for w in weights] for _ in range(2))
        self.squares = [torch.empty_like(a) for a in self.activities]
        if flat:
            whole, gradient = torch.cat([w.flatten() for w in weights]), torch.empty(sum(w.numel() for w in weights))
            self.weights, self.into = views(whole, weights), views(gradient, weights)
            self.parameters, self.updates = [whole], [gradient]
        else:
            self.weights, self.into = weights, [torch.empty_like(w) for w in weights]
            self.parameters, self.updates = self.weights, self.into
        self.adam = Adam(self.parameters, RATE)

    @torch.no_grad()
    def gradients(self):
        last, x = len(self.weights) - 1, self.x
        for l, w in enumerate(self.weights):
            x = torch.mm(x, w.t(), out=self.activities[l])
            if l < last:
                x.tanh_()
        torch.sub(x, self.y, out=self.deltas[last]).div_(self.batch)
        for l in range(last, -1, -1):
            below = self.activities[l - 1] if l > 0 else self.x
            torch.mm(self.deltas[l].t(), below, out=self.into[l])
            if l > 0:
                delta = torch.mm(self.deltas[l], self.weights[l], out=self.deltas[l - 1])
                delta.addcmul_(delta, torch.mul(below, below, out=self.squares[l - 1]), value=-1)
        return self.into

    @torch.no_grad()
    def minibatch(self):
        self.gradients()
        self.adam.step(self.updates)


def views(flat, like):
    parts, at = [], 0
    for tensor in like:
        parts.append(flat[at : at + tensor.numel()].view_as(tensor))
        at += tensor.numel()
    return parts


def fastest_backprop(problem):
    """The fastest of torch.optim's Adams and of the ways by hand, by thirty steps each."""
    candidates = [Backprop(problem), ByHand(problem, flat=False), ByHand(problem, flat=True)]
    if hasattr(torch, "_foreach_add_"):
        candidates.append(Backprop(problem, foreach=True))
    return fastest(candidates, step_of, rounds=30)


def step_of(model):
    began = time.perf_counter()
    model.minibatch()
    return time.perf_counter() - began


def difference_from_autograd(problem):
    """The largest error of a gradient by hand, relative to that layer's largest gradient."""
    pairs = zip(Backprop(problem).gradients(), ByHand(problem, flat=True).gradients())
    return max(((a - b).abs().max() / a.abs().max()).item() for a, b in pairs)
