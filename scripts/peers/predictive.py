"""Predictive coding in PyTorch, from what most users write to the fastest that plain PyTorch gives.

Each class trains one minibatch by `minibatch()`: activities from a forward pass, `steps` simultaneous gradient steps of
1/2 sum eps^2 on them at `rate`, and one Adam update of the weights after every `update_every` of the steps.
"""
import time

import torch

from network import Adam, draw_minibatch, draw_weights, fastest, forward

RATE = 3e-4


class Autograd:
    """The energy summed, .backward() to the activities, torch.optim.SGD on them."""

    def __init__(self, problem):
        self.problem = problem
        self.weights = [w.requires_grad_() for w in draw_weights(problem.width, problem.depth)]
        self.adam = torch.optim.Adam(self.weights, lr=RATE)
        self.x, self.y = draw_minibatch(problem.batch)

    def energy(self, activities):
        total = 0.5 * ((self.y - activities[-1] @ self.weights[-1].t()) ** 2).sum()
        for below, above, w in zip(activities, activities[1:], self.weights):
            total = total + 0.5 * ((above - torch.tanh(below @ w.t())) ** 2).sum()
        return total

    def minibatch(self):
        with torch.no_grad():
            start = forward(self.weights, self.x)
        hidden = [h.detach().requires_grad_() for h in start[1:]]
        optimiser = torch.optim.SGD(hidden, lr=self.problem.rate)
        for step in range(1, self.problem.steps + 1):
            optimiser.zero_grad()
            self.energy([self.x] + hidden).backward()
            optimiser.step()
            if step % self.problem.update_every == 0:
                self.adam.zero_grad()
                (self.energy([self.x] + [h.detach() for h in hidden]) / self.problem.batch).backward()
                self.adam.step()


class Manual:
    """The same by hand and without autograd: the formulas as one would write them down."""

    def __init__(self, problem):
        self.problem = problem
        self.weights = draw_weights(problem.width, problem.depth)
        self.adam = Adam(self.weights, RATE)
        self.x, self.y = draw_minibatch(problem.batch)

    def deltas(self, activities, first):
        """The hidden layers' errors, and f' times the error of every layer; each [B x N_l]."""
        mus = [first] + [torch.tanh(x @ w.t()) for x, w in zip(activities[1:], self.weights[1:-1])]
        errors = [x - mu for x, mu in zip(activities[1:], mus)]
        output = self.y - activities[-1] @ self.weights[-1].t()
        return errors, [e * (1 - mu * mu) for e, mu in zip(errors, mus)] + [output]

    def first_prediction(self):
        # The input is clamped: mu_1 stands still between weight updates.
        return torch.tanh(self.x @ self.weights[0].t())

    def infer(self, activities, steps):
        first = self.first_prediction()
        for _ in range(steps):
            errors, deltas = self.deltas(activities, first)
            for l in range(1, len(activities)):
                change = torch.addmm(-errors[l - 1], deltas[l], self.weights[l])
                activities[l] = activities[l].add(change, alpha=self.problem.rate)
        return activities

    def start(self):
        return forward(self.weights, self.x)

    def gradients(self, activities):
        _, deltas = self.deltas(activities, self.first_prediction())
        return [-(d.t() @ x) / self.problem.batch for d, x in zip(deltas, activities)]

    @torch.no_grad()
    def minibatch(self):
        activities = self.start()
        for _ in range(self.problem.steps // self.problem.update_every):
            activities = self.infer(activities, self.problem.update_every)
            self.adam.step(self.gradients(activities))


class Compiled(Manual):
    """Manual under torch.compile."""

    def __init__(self, problem):
        super().__init__(problem)
        self.infer = torch.compile(self.infer)


class Columns(Manual):
    """Samples in columns ([N_l x B]), every buffer allocated once, all in place.

    Stacked layers share their elementwise operations, which pays while a layer is small.
    """

    stacked = True

    def __init__(self, problem):
        super().__init__(problem)
        shape = (problem.depth, problem.width, problem.batch)
        self.x_stack, self.mu_stack, self.error_stack = (torch.empty(shape) for _ in range(3))
        self.delta_stack = torch.empty(problem.depth - 1, problem.width, problem.batch)
        self.targets = self.y.t().contiguous()
        self.output = torch.empty_like(self.targets)
        self.transposed = [torch.empty_like(w.t(), memory_format=torch.contiguous_format) for w in self.weights[1:]]

    def infer(self, activities, steps):
        x, mu, error, delta = (list(t) for t in (self.x_stack, self.mu_stack, self.error_stack, self.delta_stack))
        for column, row in zip(x, activities[1:]):
            column.copy_(row.t())
        for copy, w in zip(self.transposed, self.weights[1:]):
            copy.copy_(w.t())
        torch.mm(self.weights[0], self.x.t(), out=mu[0]).tanh_()
        for _ in range(steps):
            (self.step_stacked if self.stacked else self.step_by_layer)(x, mu, error, delta)
        return [self.x] + [column.t() for column in x]

    def step_stacked(self, x, mu, error, delta):
        moved, errors = self.mu_stack[1:], self.error_stack[1:]
        for l in range(1, len(x)):
            torch.mm(self.weights[l], x[l - 1], out=mu[l])
        moved.tanh_()
        torch.sub(self.x_stack, self.mu_stack, out=self.error_stack)
        torch.mul(moved, moved, out=self.delta_stack)
        torch.addcmul(errors, errors, self.delta_stack, value=-1, out=self.delta_stack)
        top = torch.addmm(self.targets, self.weights[-1], x[-1], alpha=-1, out=self.output)
        self.x_stack.sub_(self.error_stack, alpha=self.problem.rate)
        for l in range(len(x) - 1):
            x[l].addmm_(self.transposed[l], delta[l], alpha=self.problem.rate)
        x[-1].addmm_(self.transposed[-1], top, alpha=self.problem.rate)

    def step_by_layer(self, x, mu, error, _):
        rate = self.problem.rate
        torch.sub(x[0], mu[0], out=error[0])
        for l in range(1, len(x)):
            d = torch.mm(self.weights[l], x[l - 1], out=mu[l]).tanh_()
            torch.sub(x[l], d, out=error[l])
            torch.addcmul(error[l], error[l], d.mul_(d), value=-1, out=d)
            x[l - 1].sub_(error[l - 1], alpha=rate).addmm_(self.transposed[l - 1], d, alpha=rate)
        torch.addmm(self.targets, self.weights[-1], x[-1], alpha=-1, out=self.output)
        x[-1].sub_(error[-1], alpha=rate).addmm_(self.transposed[-1], self.output, alpha=rate)


class ColumnsByLayer(Columns):
    """Each layer's elementwise work right after its product, which pays once a layer fills the cache."""

    stacked = False


def fastest_manual(problem):
    """The fastest of the ways by hand on this shape, by a few steps of each."""
    candidates = [Manual(problem)]
    if problem.depth > 1:
        candidates += [Columns(problem), ColumnsByLayer(problem)]
    return fastest(candidates, phase_of)


@torch.no_grad()
def phase_of(model):
    start = model.start()
    began = time.perf_counter()
    model.infer(start, 8)
    return time.perf_counter() - began


@torch.no_grad()
def difference_from_manual(model, problem):
    """The largest difference of an activity after a few steps: every way by hand must compute the same thing."""
    plain = Manual(problem)
    expected, found = plain.infer(plain.start(), 4), model.infer(model.start(), 4)
    return max((a - b).abs().max().item() for a, b in zip(expected, found))
