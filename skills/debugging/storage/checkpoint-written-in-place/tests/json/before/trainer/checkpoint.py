"""What a run needs to go on."""
import json


def save(state, path):
    with open(path, "w") as file:
        json.dump(state, file)


def load(path):
    with open(path) as file:
        return json.load(file)
