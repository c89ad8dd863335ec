import os


def read(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.read(fd, 100)
    finally:
        os.close(fd)


def handed_on(path):
    fd = os.open(path, os.O_RDONLY)
    return fd
