"""Runs a task's own check on its reference solution and notes every call: those are its cases. Standard input: {"prompt", "solution",
"entry", "test", "most"}; standard output: {"cases": [{"args", "expected"}]} or {"why": "..."}."""
import json
import os
import sys

sys.path.insert(0, "/work")
from probe_values import Unusable, encode

answer = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
request = json.load(sys.stdin)
cases = {}


def main():
    space = {"__name__": "solution"}
    exec(request["prompt"] + request["solution"], space)
    real = space[request["entry"]]

    def noted(*args, **named):
        try:
            before = None if named else [encode(value) for value in args]
        except Unusable:
            before = None
        result = real(*args, **named)
        try:
            if before is not None:
                cases.setdefault(json.dumps(before), {"args": before, "expected": encode(result)})
        except Unusable:
            pass
        return result

    exec(request["test"], space)
    space["check"](noted)
    return {"cases": list(cases.values())[: request["most"]]}


try:
    said = main()
except BaseException as error:
    said = {"why": f"{type(error).__name__}: {error}"[:300]}
answer.write(json.dumps(said))
answer.flush()
