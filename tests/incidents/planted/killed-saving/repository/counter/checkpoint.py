"""What a run needs to go on where it was."""
import json
import os


def save(state, path):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(state, file)


def load(path):
    if not os.path.exists(path):
        return {"step": 0, "counts": {}}
    with open(path, encoding="utf-8") as file:
        state = json.load(file)
    return state
