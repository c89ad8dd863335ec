"""Snapshots of a run."""

import pickle


def write_snapshot(path, model):
    target = path.resolve()
    with target.open("wb") as file:
        pickle.dump(model, file)
    return target
