"""Reads what was declared, when nothing of the candidate lives any more. No link is followed on any way to it."""
import os
import stat

from _json import encode_basestring_ascii as quoted
from binascii import b2a_base64

MAX_DEPTH = 32
MAX_PATH = 240
# Divisible by three: the encoded pieces then make one whole.
PIECE = 3 * 2**18
NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@+-")


class Refused(Exception):
    pass


def is_plain(path):
    parts = path.split("/")
    plain = all(part not in ("", ".", "..") and NAME.issuperset(part) for part in parts)
    return plain and len(path) <= MAX_PATH and len(parts) <= MAX_DEPTH


def open_folder(workspace, parts):
    """A descriptor of the folder, with no link followed on the way. FileNotFoundError where there is none."""
    # The workspace itself may have been replaced too; only the place above it is not the candidate's.
    place, name = os.path.split(workspace)
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    for part in (name, *parts):
        above = descriptor
        try:
            descriptor = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise Refused(f"{part} on its way is no folder that can be opened ({error.strerror})")
        finally:
            os.close(above)
    return descriptor


def open_file(workspace, path, most):
    """A descriptor of the file and its size, which nobody is left to change."""
    *parts, name = path.split("/")
    folder = open_folder(workspace, parts)
    try:
        there = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISLNK(there.st_mode):
            raise Refused("is a link")
        if not stat.S_ISREG(there.st_mode):
            raise Refused("is no file")
        if there.st_nlink != 1:
            raise Refused("has a second name")
        if there.st_size > most:
            raise Refused(f"has {there.st_size} bytes, more than {most}")
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Refused(f"cannot be opened ({error.strerror})")
    finally:
        os.close(folder)
    return descriptor, there.st_size


def encoded(descriptor, size):
    """In pieces: a file of the largest size, whole and encoded, would need more memory than a run may have."""
    with os.fdopen(descriptor, "rb") as file:
        while size > 0:
            data = file.read(min(size, PIECE))
            yield b2a_base64(data, newline=False).decode()
            size -= len(data)
            if not data:
                raise OSError("the file ended before its size")


def list_folder(workspace, path, most):
    """Paths of everything below a folder that is no folder, in order. Raises Refused when there are more than `most`."""
    found, waiting = [], [path]
    while waiting:
        here = waiting.pop()
        if not is_plain(here):
            found.append(here)
            continue
        folder = open_folder(workspace, here.split("/"))
        try:
            for entry in os.scandir(folder):
                below = f"{here}/{os.fsencode(entry.name).decode('utf-8', 'replace')}"
                (waiting if entry.is_dir(follow_symlinks=False) else found).append(below)
                if len(found) + len(waiting) > most:
                    raise Refused(f"holds more than {most} files and folders")
        finally:
            os.close(folder)
    return sorted(found)


def collect(workspace, declared, limits, say):
    left = limits["collectedBytes"]
    taken = set()

    def refuse(path, why):
        say(f'{{"refused":{quoted(path[:MAX_PATH])},"why":{quoted(str(why))}}}')

    for one in declared:
        path, paths = one["path"], [one["path"]]
        try:
            if path.endswith("/"):
                path = path.rstrip("/")
                paths = list_folder(workspace, path, limits["files"])
            elif not is_plain(path):
                raise Refused("is no plain relative path")
        except FileNotFoundError:
            continue
        except Refused as why:
            refuse(path, why)
            continue
        for path in paths:
            if path in taken:
                continue
            taken.add(path)
            try:
                if not is_plain(path):
                    raise Refused("is no plain relative path")
                descriptor, size = open_file(workspace, path, min(one["maxBytes"], left))
            except FileNotFoundError:
                continue
            except Refused as why:
                refuse(path, why)
                continue
            left -= size
            say(f'{{"file":{quoted(path)},"data":"', encoded(descriptor, size), '"}')
