"""The published libraries, from folders that environment variables name: their code is not part of this project.

PCLAB_TORCH2PC           a checkout of github.com/RobertRosenbaum/Torch2PC (holds TorchSeq2PC.py)
PCLAB_PREDICTIVE_CODING  a checkout of github.com/Bogacz-Group/PredictiveCoding (holds the package predictive_coding)
"""
import contextlib
import importlib
import os
import sys
import types

import torch
from torch import nn

from network import INPUTS, OUTPUTS, draw_minibatch

RATE = 3e-4
# PCTrainer imports these to draw and to show progress, which a benchmark does not do: an empty module serves.
ONLY_FOR_PLOTS = ("tqdm", "pandas", "matplotlib", "matplotlib.pyplot", "seaborn")


class Unavailable(Exception):
    pass


def checkout(variable, file):
    folder = os.environ.get(variable, "")
    if not folder:
        raise Unavailable(f"{variable} names no checkout of it")
    if not os.path.exists(os.path.join(folder, file)):
        raise Unavailable(f"{variable} is {folder}, which holds no {file}")
    return folder


def load(folder, module):
    # Both print as they are imported, and standard output is for answers alone.
    sys.path.insert(0, folder)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return importlib.import_module(module)
    except ImportError as error:
        raise Unavailable(f"its import failed: {error}") from error
    finally:
        sys.path.remove(folder)


def only_whole_phases(problem):
    if problem.update_every != problem.steps:
        raise Unavailable("updates its weights after inference only")


class Torch2PC:
    """PCInfer with ErrType "Strict": predictions follow the activities, as in pc."""

    def __init__(self, problem):
        only_whole_phases(problem)
        self.problem = problem
        self.infer = load(checkout("PCLAB_TORCH2PC", "TorchSeq2PC.py"), "TorchSeq2PC").PCInfer
        *hidden, output = draw_linears(problem)
        self.model = nn.Sequential(*(nn.Sequential(linear, nn.Tanh()) for linear in hidden), output)
        self.adam = torch.optim.Adam(self.model.parameters(), lr=RATE)
        self.x, self.y = draw_minibatch(problem.batch)

    def minibatch(self):
        self.infer(self.model, squared_error, self.x, self.y, "Strict", eta=self.problem.rate, n=self.problem.steps)
        self.adam.step()


class PCTrainer:
    """PCTrainer with SGD on the activities and Adam on the weights at the last step, nothing logged."""

    def __init__(self, problem):
        only_whole_phases(problem)
        folder = checkout("PCLAB_PREDICTIVE_CODING", "predictive_coding/pc_trainer.py")
        for name in ONLY_FOR_PLOTS:
            sys.modules.setdefault(name, types.ModuleType(name))
        library = load(folder, "predictive_coding")
        *hidden, output = draw_linears(problem)
        modules = [module for linear in hidden for module in (linear, nn.Tanh(), library.PCLayer())]
        model = nn.Sequential(*modules, output)
        model.train()
        self.trainer = library.PCTrainer(
            model,
            T=problem.steps,
            optimizer_x_fn=torch.optim.SGD,
            optimizer_x_kwargs={"lr": problem.rate},
            optimizer_p_fn=torch.optim.Adam,
            optimizer_p_kwargs={"lr": RATE},
            update_p_at="last",
        )
        self.x, self.y = draw_minibatch(problem.batch)

    def minibatch(self):
        self.trainer.train_on_batch(
            inputs=self.x,
            loss_fn=squared_error,
            loss_fn_kwargs={"target": self.y},
            is_log_progress=False,
            is_return_results_every_t=False,
            is_checking_after_callback_after_t=False,
        )


def squared_error(output, target):
    return 0.5 * ((output - target) ** 2).sum()


def draw_linears(problem):
    """Linear layers without bias, as the libraries' users make them; their weights are PyTorch's own, from a seed."""
    torch.manual_seed(0)
    sizes = [INPUTS] + [problem.width] * problem.depth + [OUTPUTS]
    return [nn.Linear(i, o, bias=False) for i, o in zip(sizes, sizes[1:])]
