"""Runs a performance task's workload at certification, on code of the task's own, and tells what the workload asks of that code.

Arguments: the workload, the number of a call that is left out (none: -1), and of what such a call gives the share of it, from 0 to 1, at
which something is changed (all of it: -1). Every module of the repository ends in a line that hands its
names to `sys.watched`. On standard output stands what the workload prints; the last line of standard error is JSON: for each call of the
workload's into the repository, how many lines were printed before it and a hash of what it was given; and whether something was changed.
"""
import functools
import hashlib
import json
import pickle
import runpy
import sys
import types

workload, left_out, at = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
calls = []
printed = 0
write = sys.stdout.write


def counting(text):
    global printed
    printed += text.count("\n")
    return write(text)


def hash_of(*given):
    try:
        data = pickle.dumps(given)
    except Exception:
        data = repr(given).encode()
    return hashlib.sha256(data).hexdigest()


def changed(value, at):
    """The same with one thing in it changed, as near to that share of it as can be; None where nothing in it can be."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 1.01 + 1
    if isinstance(value, (str, bytes)):
        if len(value) == 0:
            return value + (b"x" if isinstance(value, bytes) else "x")
        place = min(int(at * len(value)), len(value) - 1)
        other = (b"y" if value[place : place + 1] == b"x" else b"x") if isinstance(value, bytes) else "y" if value[place] == "x" else "x"
        return value[:place] + other + value[place + 1 :]
    if type(value) in (list, tuple) and value:
        place = min(int(at * len(value)), len(value) - 1)
        inner = changed(value[place], at)
        return None if inner is None else value[:place] + type(value)([inner]) + value[place + 1 :]
    if type(value) is dict and value:
        key = list(value)[min(int(at * len(value)), len(value) - 1)]
        inner = changed(value[key], at)
        return None if inner is None else {**value, key: inner}
    if type(value) in (set, frozenset) and value:
        return type(value)(list(value)[1:])
    return None


def watched(own):
    @functools.wraps(own)
    def wrapped(*given, **named):
        if sys._getframe(1).f_globals.get("__name__") != "__main__":
            return own(*given, **named)
        calls.append([printed, hash_of(own.__module__, own.__qualname__, given, sorted(named.items()))])
        if len(calls) - 1 != left_out:
            return own(*given, **named)
        if at < 0:
            return None
        found = own(*given, **named)
        other = changed(found, at)
        return found if other is None else changing(other)

    return wrapped


def watch(space):
    for holder in [space, *(own for own in list(space.values()) if isinstance(own, type))]:
        names = holder if isinstance(holder, dict) else vars(holder)
        for name, own in list(names.items()):
            kind = type(own) if isinstance(own, (staticmethod, classmethod)) else None
            inner = own if kind is None else own.__func__
            # One that keeps what it gave is no function by its type.
            runs = isinstance(inner, types.FunctionType) or (callable(inner) and hasattr(inner, "__wrapped__"))
            if not runs or isinstance(inner, type) or inner.__module__ != space["__name__"]:
                continue
            put = watched(inner) if kind is None else kind(watched(inner))
            if holder is space:
                space[name] = put
            else:
                setattr(holder, name, put)


def changing(other):
    global is_changed
    is_changed = True
    return other


is_changed = False
sys.watched = watch
sys.stdout.write = counting
sys.argv = [workload]
try:
    runpy.run_path(workload, run_name="__main__")
finally:
    sys.stdout.flush()
    print("\n" + json.dumps({"calls": calls, "changed": is_changed}), file=sys.stderr)
