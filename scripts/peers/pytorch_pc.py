#!/usr/bin/env python3
"""PyTorch's side of `npm run bench -- --peer`: times minibatches on request, so that rounds can be interleaved.

Speaks JSON lines, one answer a request:
  {"about": true}                                      -> {"torch": ..., "blas": ..., "capability": ..., "threads": ...}
  {"setup": {"id": "a", "variant": "manual", "width": 256, "depth": 8, "batch": 64, "steps": 256, "rate": 0.1,
             "updateEvery": 256}}                      -> {"ready": true} or {"unavailable": "why"}
  {"run": {"id": "a", "count": 3}}                     -> {"milliseconds": [266.1, 265.8, 267.0]}
  {"drop": {"id": "a"}}                                -> {"dropped": true}
A request that makes no sense, and one that fails, is answered by {"error": "why"}. It ends with its standard input.

  echo '{"about": true}' | OPENBLAS_CORETYPE=SkylakeX python3 scripts/peers/pytorch_pc.py --threads 1
"""
import argparse
import json
import sys
import time
from dataclasses import dataclass

import torch

import backprop
import network
import predictive
import published


@dataclass
class Problem:
    width: int
    depth: int
    batch: int
    steps: int
    rate: float
    update_every: int


def manual_fast(problem):
    model = predictive.fastest_manual(problem)
    require_close(predictive.difference_from_manual(model, problem), 1e-5)
    return model


def bp_fast(problem):
    require_close(backprop.difference_from_autograd(problem), 1e-4)
    return backprop.fastest_backprop(problem)


def require_close(difference, tolerance):
    if not difference <= tolerance:
        raise RuntimeError(f"the fast baseline computes something else: it differs by {difference}")


def compiled(problem):
    if not hasattr(torch, "compile"):
        raise published.Unavailable("needs PyTorch 2")
    return predictive.Compiled(problem)


VARIANTS = {
    "autograd": predictive.Autograd,
    "manual": predictive.Manual,
    "manual_fast": manual_fast,
    "compile": compiled,
    "bp": backprop.Backprop,
    "bp_fast": bp_fast,
    "torch2pc": published.Torch2PC,
    "pctrainer": published.PCTrainer,
}


def blas():
    """The BLAS in this process: the name of a fast one, `reference`, or what PyTorch says of its build."""
    torch.mm(torch.ones(2, 2), torch.ones(2, 2))
    try:
        with open("/proc/self/maps") as maps:
            mapped = maps.read().lower()
    except OSError:
        mapped = ""
    for name in ("openblas", "mkl_", "blis", "atlas"):
        if name in mapped:
            return name.rstrip("_")
    if "blas_info=mkl" in torch.__config__.show().lower():
        return "mkl"
    return "reference" if "libblas.so" in mapped else "unknown"


def capability():
    lines = (line.strip() for line in torch.__config__.show().splitlines())
    found = [line.split(": ")[1] for line in lines if "CPU capability usage: " in line]
    return found[0] if found else "unknown"


def synchronise():
    """A GPU works on after a call has returned."""
    if network.device != "cpu":
        torch.cuda.synchronize()


class Peer:
    def __init__(self):
        self.models = {}

    def about(self, _):
        return {
            "torch": torch.__version__,
            "blas": blas(),
            "capability": capability(),
            "threads": torch.get_num_threads(),
        }

    def setup(self, wanted):
        problem = Problem(
            wanted["width"], wanted["depth"], wanted["batch"], wanted["steps"], wanted["rate"], wanted["updateEvery"]
        )
        try:
            model = VARIANTS[wanted["variant"]](problem)
            model.minibatch()
            synchronise()
        except published.Unavailable as reason:
            return {"unavailable": str(reason)}
        self.models[wanted["id"]] = model
        return {"ready": True}

    def run(self, wanted):
        model, milliseconds = self.models[wanted["id"]], []
        for _ in range(wanted["count"]):
            began = time.perf_counter()
            model.minibatch()
            synchronise()
            milliseconds.append((time.perf_counter() - began) * 1e3)
        return {"milliseconds": milliseconds}

    def drop(self, wanted):
        del self.models[wanted["id"]]
        return {"dropped": True}

    def answer(self, line):
        try:
            ((verb, wanted),) = json.loads(line).items()
            if verb not in ("about", "setup", "run", "drop"):
                return {"error": f"there is no request '{verb}'"}
            return getattr(self, verb)(wanted)
        except Exception as error:  # The process goes on with the next request; the caller learns of the failure.
            return {"error": f"{type(error).__name__}: {error}"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    network.device = arguments.device
    peer = Peer()
    for line in sys.stdin:
        print(json.dumps(peer.answer(line)), flush=True)


main()
