import json
import os


def save(state, path):
    with open(path + ".new", "w") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)


def report(lines, path):
    with open(path, "w") as file:
        file.write("\n".join(lines))
