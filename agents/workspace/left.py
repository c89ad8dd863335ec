"""Says what a step left of the files that the workspace was given: one document of what changed, came and went.

Standard input: {"given": {path: SHA-256}, "out": path, "fileBytes": n, "bytes": n, "files": n}. Nothing of the step lives when this runs. No
link is followed; what is no plain file is named, not read.
"""
import base64
import hashlib
import json
import os
import stat
import sys

# What tools leave behind that nobody means to hand in, unless it was given.
JUNK = {
    ".git", ".anneal", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".tox", ".nox",
    ".venv", "venv", "node_modules", ".coverage", ".DS_Store",
}
MAX_DEPTH = 32
MAX_SEEN = 50_000


def main():
    asked = json.load(sys.stdin)
    given, out = asked["given"], asked["out"]
    above = {os.path.dirname(path) for path in given}
    for path in list(above):
        while path:
            path = os.path.dirname(path)
            above.add(path)
    changed, refused, there = {}, [], set()
    left = asked["bytes"]
    waiting, seen = [("", 0)], 0
    while waiting:
        folder, depth = waiting.pop()
        for entry in os.scandir(folder or "."):
            seen += 1
            if seen > MAX_SEEN:
                return write(out, {"too": "many files"})
            try:
                path = f"{folder}/{entry.name}" if folder else entry.name
                path.encode()
            except UnicodeEncodeError:
                refused.append([repr(path)[:200], "its name is no UTF-8"])
                continue
            is_folder = entry.is_dir(follow_symlinks=False)
            junk = entry.name in JUNK or entry.name.endswith((".pyc", ".pyo"))
            if path == out or junk and path not in given and not (is_folder and path in above):
                continue
            if is_folder:
                if depth >= MAX_DEPTH:
                    refused.append([path, "lies too deep"])
                else:
                    waiting.append((path, depth + 1))
                continue
            known = entry.stat(follow_symlinks=False)
            there.add(path)
            if not stat.S_ISREG(known.st_mode):
                refused.append([path, "is a link" if entry.is_symlink() else "is no plain file"])
                continue
            if known.st_nlink != 1:
                refused.append([path, "has a second name"])
                continue
            if known.st_size > asked["fileBytes"] and path not in given:
                refused.append([path, f"has {known.st_size} bytes, more than {asked['fileBytes']}"])
                continue
            try:
                with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
                    data = file.read()
            except OSError as error:
                refused.append([path, f"cannot be opened ({error.strerror})"])
                continue
            if given.get(path) == hashlib.sha256(data).hexdigest():
                continue
            left -= len(data)
            if len(data) > asked["fileBytes"]:
                refused.append([path, f"has {len(data)} bytes, more than {asked['fileBytes']}"])
            elif left < 0 or len(changed) >= asked["files"]:
                return write(out, {"too": "much that changed"})
            else:
                changed[path] = base64.b64encode(data).decode()
    write(out, {"changed": changed, "removed": sorted(set(given) - there), "refused": refused[:100]})


def write(out, said):
    with open(out, "x") as file:
        json.dump(said, file)


main()
