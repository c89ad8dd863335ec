"""Files that are thrown away."""
import os
import tempfile


def scratch(data):
    fd, name = tempfile.mkstemp()
    os.close(fd)
    with open(name, "w") as file:
        file.write(str(data))
    return name
