"""Draws questions from reasoning-gym's own generators, out of its wheel: only the modules that are asked for are loaded, so that what
other generators depend on need not be there. Standard input: {"modules": {dataset: module}, "each": n, "seed": n}; standard output:
{"items": [{"dataset", "question", "answer"}], "dropped": [{"dataset", "why"}]}."""
import importlib
import json
import os
import sys
import types

WHEEL = "/work/reasoning_gym.whl"


def bare(name):
    """A package without what its __init__ would load."""
    module = types.ModuleType(name)
    module.__path__ = [os.path.join(WHEEL, *name.split("."))]
    sys.modules[name] = module


def load(module):
    parts = module.split(".")
    for depth in range(1, len(parts)):
        name = ".".join(parts[:depth])
        if name not in sys.modules:
            bare(name)
    return importlib.import_module(module)


def main():
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    sys.path.insert(0, WHEEL)
    # Read only where settings come from a file, which they do not here.
    sys.modules["yaml"] = types.ModuleType("yaml")
    items, dropped = [], []
    for dataset, module in request["modules"].items():
        try:
            load("reasoning_gym." + module)
            create = importlib.import_module("reasoning_gym.factory").create_dataset
            drawn = create(dataset, size=request["each"], seed=request["seed"])
            for entry in drawn:
                right = entry["answer"]
                # Where nothing in the answer matters, or a wrong one counts, the text alone cannot be compared.
                if drawn.score_answer(right, entry) != 1 or drawn.score_answer(right + "0", entry) == 1:
                    dropped.append({"dataset": dataset, "why": "its own scoring takes another answer for the right one"})
                    break
                items.append({"dataset": dataset, "question": entry["question"], "answer": right})
        except BaseException as error:
            dropped.append({"dataset": dataset, "why": f"{type(error).__name__}: {error}"[:200]})
    answer.write(json.dumps({"items": items, "dropped": dropped}))
    answer.flush()


main()
