"""What a run needs to go on."""
import json
import os


def save(state, path):
    with open(f"{path}.partial", "w") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(f"{path}.partial", path)


def load(path):
    with open(path) as file:
        return json.load(file)
