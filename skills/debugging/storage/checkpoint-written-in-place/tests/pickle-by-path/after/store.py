"""Snapshots of a run."""

import os
import pickle


def write_snapshot(path, model):
    target = path.resolve()
    with target.with_name(f"{target.name}.partial").open("wb") as file:
        pickle.dump(model, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(target.with_name(f"{target.name}.partial"), target)
    return target
