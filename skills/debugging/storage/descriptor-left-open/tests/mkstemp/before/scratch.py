"""Files that are thrown away."""
import tempfile


def scratch(data):
    fd, name = tempfile.mkstemp()
    with open(name, "w") as file:
        file.write(str(data))
    return name
