"""One operation on a file of the workspace. The request is one JSON object on standard input; what is printed is shown to the model."""
import json
import os
import sys


def main():
    asked = json.load(sys.stdin)
    path, do = asked["path"], asked["do"]
    if os.path.isabs(path) or ".." in path.split("/"):
        sys.exit("a path relative to the workspace, without ..")
    if do == "read":
        with open(path, errors="replace") as file:
            lines = file.read().split("\n")
        if lines and lines[-1] == "":
            lines.pop()
        first = asked["from"]
        shown = lines[first - 1 : first - 1 + asked["lines"]]
        for number, line in enumerate(shown, first):
            print(f"{number}\t{line}")
        rest = len(lines) - (first - 1 + len(shown))
        if rest > 0:
            print(f"[{rest} more lines]")
        if not lines:
            print("[empty]")
        return
    if do == "edit":
        with open(path, newline="") as file:
            text = file.read()
        times = text.count(asked["old"])
        if times != 1:
            sys.exit(f"`old` stands there {times} times, and has to exactly once")
        text = text.replace(asked["old"], asked["new"])
    else:
        text = asked["content"]
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "a" if do == "append" else "w", newline="") as file:
        file.write(text)
    print(f"wrote {len(text.encode())} bytes to {path}" if do != "append" else "noted")


try:
    main()
except (OSError, UnicodeError) as error:
    sys.exit(f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}")
