"""What every baseline shares: the network 784 - W x depth - 10 and a minibatch, drawn from seeds.

mu_l = f(theta_l x_{l-1}) with f = tanh, a linear output and no bias; theta_l is [N_l x N_{l-1}], uniform in
+-1/sqrt(fan-in). The minibatch is [B x 784] normal inputs and one-hot targets [B x 10].
"""
import torch

INPUTS, OUTPUTS = 784, 10
# What everything is computed on; drawn on the CPU first, so that it is the same everywhere.
device = "cpu"


def draw_weights(width, depth):
    generator = torch.Generator().manual_seed(0)
    sizes = [INPUTS] + [width] * depth + [OUTPUTS]
    drawn = [(torch.rand(o, i, generator=generator) * 2 - 1) / i**0.5 for i, o in zip(sizes, sizes[1:])]
    return [weights.to(device) for weights in drawn]


def draw_minibatch(batch):
    inputs = torch.randn(batch, INPUTS, generator=torch.Generator().manual_seed(1))
    return inputs.to(device), torch.eye(OUTPUTS)[torch.arange(batch) % OUTPUTS].to(device)


def forward(weights, x):
    """The hidden activities of a forward pass, with the input: [x_0, x_1, ..., x_{L-1}], each [B x N_l]."""
    activities = [x]
    for w in weights[:-1]:
        activities.append(torch.tanh(activities[-1] @ w.t()))
    return activities


def fastest(candidates, seconds_of, rounds=7):
    """The candidate with the shortest turn; they take turns, so that a busy machine's noise meets all alike."""
    shortest = [float("inf")] * len(candidates)
    for _ in range(rounds):
        for index, candidate in enumerate(candidates):
            shortest[index] = min(shortest[index], seconds_of(candidate))
    return candidates[shortest.index(min(shortest))]


class Adam:
    """Adam (0.9, 0.999, 1e-8) by hand, in place: fewer passes over memory than torch.optim's.

    The bias corrections are folded into the step and into epsilon, which gives the same update.
    """

    def __init__(self, weights, rate):
        self.weights, self.rate, self.updates = weights, rate, 0
        self.first = [torch.zeros_like(w) for w in weights]
        self.second = [torch.zeros_like(w) for w in weights]
        self.scale = [torch.empty_like(w) for w in weights]

    def step(self, gradients):
        self.updates += 1
        first, second = 1 - 0.9**self.updates, (1 - 0.999**self.updates) ** 0.5
        for w, g, m, v, scale in zip(self.weights, gradients, self.first, self.second, self.scale):
            m.lerp_(g, 0.1)
            v.mul_(0.999).addcmul_(g, g, value=0.001)
            torch.sqrt(v, out=scale)
            w.addcdiv_(m, scale.add_(1e-8 * second), value=-self.rate * second / first)
