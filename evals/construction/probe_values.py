"""Values of the probe as they cross to the grader, and what makes a result unfit to be expected."""
import json

MAX_TEXT = 60
MAX_ITEMS = 40
MAX_DIGITS = 15


class Unusable(Exception):
    """A result that no task can expect."""


def encode(value, depth=0):
    kind = type(value)
    if value is None:
        return {"t": "none"}
    if kind is bool:
        return {"t": "bool", "v": value}
    if kind is int:
        text = str(value) if abs(value) < 10**MAX_DIGITS else ""
        if not text:
            raise Unusable("a result is huge")
        return {"t": "int", "v": text}
    if kind is float:
        # Near zero, two correct ways to compute differ by more than any relative tolerance.
        if 0 < abs(value) < 1e-6:
            raise Unusable("a result is within rounding of zero")
        return {"t": "float", "v": repr(value)}
    if kind is str:
        if len(value) > MAX_TEXT:
            raise Unusable("a result is huge")
        return {"t": "str", "v": value}
    if kind in (list, tuple) and depth < 4:
        if len(value) > MAX_ITEMS:
            raise Unusable("a result is huge")
        return {"t": kind.__name__, "v": [encode(item, depth + 1) for item in value]}
    raise Unusable("a result is no plain value: " + kind.__name__)


def key(value):
    return json.dumps(value, sort_keys=True)


def loose(value):
    """Without the difference between 1 and 1.0, to recognise functions that are the same under two names."""
    if value["t"] in ("int", "float"):
        return repr(float(value["v"]))
    if value["t"] in ("list", "tuple"):
        return [loose(item) for item in value["v"]]
    return value


def decode(value):
    kind = value["t"]
    if kind == "int":
        return int(value["v"])
    if kind == "float":
        return float(value["v"])
    if kind == "list":
        return [decode(item) for item in value["v"]]
    if kind == "tuple":
        return tuple(decode(item) for item in value["v"])
    return value.get("v")
