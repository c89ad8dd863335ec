"""Reads functions of the standard library and runs them on generated inputs, inside the sandbox.

Standard input: {"mode": "functions", ...} or {"mode": "compositions", ...}; standard output: one JSON document. Everything depends
only on the request: it runs twice, with different hash seeds, and functions whose two results differ are flaky.
Argument: the hash seed to run under.
"""
import os
import sys

if os.environ.get("PYTHONHASHSEED") != sys.argv[1]:
    os.environ["PYTHONHASHSEED"] = sys.argv[1]
    os.execv(sys.executable, [sys.executable, "-s", "-P", "-S", "-B", __file__, sys.argv[1]])

import builtins
import importlib
import inspect
import itertools
import json
import platform
import random
import re

TRIALS = 16
POOL = 90
MAX_TEXT = 60
MAX_ITEMS = 40
MAX_DIGITS = 15
MAX_JSON = 900


class Unusable(Exception):
    """A result that no task can expect."""


# Values as they cross to the grader


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


# Inputs by kind

WORDS = "apple river stone Cloud GREEN seven north paper Tiger lemon WINTER round echo maple Sugar quiet".split()
ODD = ["", " ", "\t", " \n ", "42", "007", "3.14", "x1", "snake_case", "Title Case", "MIXED case Words", "tab\there",
       "line one\nline two", "naïve café", "hello!", "a-b-c", "UPPER", "lower", "-17", "1,2,3", "one two  three", "  padded  ",
       "  left", "right  ", "Ünïcode", "½", "²", "_private", "A", "z", "Hello World", "a\tb\tc", "end\n"]


def text(rng):
    choice = rng.random()
    if choice < 0.35:
        return rng.choice(ODD)
    if choice < 0.6:
        return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 3)))
    if choice < 0.75:
        return rng.choice([str.upper, str.lower, str.title, str.capitalize])(rng.choice(WORDS))
    if choice < 0.9:
        return rng.choice(["", " ", "  ", "\t"]) + rng.choice(WORDS) + rng.choice(["", " ", "   ", "\n"])
    return str(rng.randint(0, 99999))


def number_list(rng, draw):
    pool = [draw(rng) for _ in range(rng.randint(3, 6))]
    return [rng.choice(pool) for _ in range(rng.randint(3, 7))]


def quarter(rng, low, high):
    """Multiples of 1/4: sums of them are exact in every order."""
    return rng.randint(low * 4, high * 4) / 4


def whole(rng):
    return rng.choice([0, 1, -1, 2, 10]) if rng.random() < 0.15 else rng.randint(-50, 50)


def part(rng, earlier):
    """Something that may occur in the first argument."""
    first = earlier[0] if earlier else None
    if isinstance(first, str) and first and rng.random() < 0.85:
        start = rng.choice([0, 0, rng.randrange(len(first))])
        end = rng.choice([start + 1, start + 2, len(first)])
        piece = first[start:end]
        return piece if rng.random() < 0.7 else first[-rng.randint(1, min(3, len(first))) :]
    if isinstance(first, str):
        return rng.choice(["a", "e", "on", " ", "x"])
    if isinstance(first, list):
        if first and rng.random() < 0.75:
            return rng.choice(first)
        return like(rng, [first])[0]
    if isinstance(first, (int, float)):
        return first if rng.random() < 0.5 else first + rng.choice([1, -1, 2])
    raise Unusable("no first argument")


def like(rng, earlier):
    """Another value of the first argument's type; a list of the same length."""
    first = earlier[0] if earlier else None
    if isinstance(first, list) and first:
        sample = first[0]
        make = {bool: lambda: rng.random() < 0.5, int: lambda: whole(rng), float: lambda: quarter(rng, -10, 10)}.get(
            type(sample), lambda: rng.choice(WORDS)
        )
        return [make() for _ in first]
    raise Unusable("no list to be like")


def position(rng, earlier):
    first = earlier[0] if earlier else None
    if isinstance(first, (list, str)) and first:
        return rng.randrange(-1, len(first))
    raise Unusable("no sequence to index")


# In the order of preference where several fit equally well.
KINDS = {
    "int": lambda rng, _: whole(rng),
    "float": lambda rng, _: quarter(rng, -20, 20),
    "ints": lambda rng, _: number_list(rng, lambda r: r.randint(-9, 30)),
    "floats": lambda rng, _: number_list(rng, lambda r: quarter(r, -10, 30)),
    "part": part,
    "strs": lambda rng, _: [rng.choice(WORDS) for _ in range(rng.randint(2, 5))],
    "str": lambda rng, _: text(rng),
    "char": lambda rng, _: rng.choice("abcxyzABCXYZ0189 !,-+é"),
    "like": like,
    "small": lambda rng, _: rng.randint(1, 3),
    "natural": lambda rng, _: rng.randint(0, 12),
    "positive": lambda rng, _: rng.randint(1, 60),
    "position": position,
    "ufloat": lambda rng, _: quarter(rng, 0, 25) + 0.25,
    "unit": lambda rng, _: rng.randint(-15, 15) / 16,
    "bools": lambda rng, _: [rng.random() < rng.choice([0.2, 0.5, 0.9]) for _ in range(rng.randint(1, 5))],
    "ufloats": lambda rng, _: number_list(rng, lambda r: quarter(r, 0, 30) + 0.25),
    "numeral": lambda rng, _: rng.choice(["", "-", "+", " "]) + str(rng.randint(0, 999)),
    "decimal": lambda rng, _: str(quarter(rng, -50, 50)),
    "code": lambda rng, _: rng.randint(33, 126),
    "special": lambda rng, _: rng.choice([float("nan"), float("inf"), float("-inf"), quarter(rng, -5, 5), 0.0]),
}

ORDER = {kind: rank for rank, kind in enumerate(KINDS)}


def inputs(kinds, rng):
    arguments = []
    for kind in kinds:
        arguments.append(KINDS[kind](rng, arguments))
    return arguments


# Calling the real function


def resolve(family):
    module, name = family.split(".", 1)
    if module == "builtins":
        return getattr(builtins, name)
    if module in ("str", "list"):
        return getattr(getattr(builtins, module), name)
    return getattr(importlib.import_module(module), name)


def call(function, arguments, form):
    """`form`: plain, list (the result is an iterator and is listed) or copy (the first argument is changed and is the result)."""
    arguments = [list(a) if isinstance(a, list) else a for a in arguments]
    result = function(*arguments)
    if form == "copy":
        return arguments[0]
    if form == "list":
        return list(itertools.islice(result, MAX_ITEMS + 1))
    return result


def form_of(family, function, arguments):
    arguments = [list(a) if isinstance(a, list) else a for a in arguments]
    before = [list(a) if isinstance(a, list) else a for a in arguments]
    result = function(*arguments)
    if result is None and arguments != before:
        return "copy"
    if hasattr(result, "__next__") or type(result) is range:
        return "list"
    return "plain"


def sample(function, form, kinds, rng):
    """One input with its result, or None."""
    try:
        arguments = inputs(kinds, rng)
        given = [encode(a) for a in arguments]
        expected = encode(call(function, arguments, form))
    except (RecursionError, MemoryError):
        raise
    except Exception as error:
        return None, error
    if len(key(given)) + len(key(expected)) > MAX_JSON:
        return None, Unusable("a case is huge")
    return {"args": given, "expected": expected}, None


def spread(cases):
    """How much the results tell: their variety, and for truth values their balance."""
    outputs = [key(c["expected"]) for c in cases]
    if all(c["expected"]["t"] == "bool" for c in cases):
        share = sum(c["expected"]["v"] for c in cases) / len(cases)
        return 4 * share * (1 - share)
    return len(set(outputs)) / len(outputs)


def is_identity(case):
    return bool(case["args"]) and loose(case["expected"]) == loose(case["args"][0])


def unprintable(case):
    value = case["expected"]
    return value["t"] == "str" and not value["v"].isprintable()


def choose_kinds(family, function, arity, seed):
    """The kinds of arguments that the real function accepts and that tell most about it."""
    best, reason = None, "no kind of argument is accepted"
    for kinds in itertools.product(KINDS, repeat=arity):
        rng = random.Random(f"{seed}/{family}/kinds/{'/'.join(kinds)}")
        found, form = [], None
        for trial in range(TRIALS):
            try:
                form = form or form_of(family, function, inputs(kinds, rng))
            except Exception as error:
                # Four refusals in a row say that the kind does not fit.
                if trial >= 3 and not found:
                    break
                continue
            case, error = sample(function, form, kinds, rng)
            if case:
                found.append(case)
            elif isinstance(error, Unusable):
                reason = str(error)
        if len(found) < 0.75 * TRIALS:
            continue
        types = {c["expected"]["t"] for c in found}
        # Shares saturate: above them more variety tells nothing, and the simpler kind is the better one.
        score = (
            2 * min(1, 3 * spread(found))
            + min(1, 2 * sum(not is_identity(c) for c in found) / len(found))
            - 1.5 * (types >= {"int", "float"})
            - max(0, sum(unprintable(c) for c in found) / len(found) - 0.3)
            - 0.03 * sum(ORDER[k] for k in kinds)
        )
        if best is None or score > best[0] + 1e-9:
            best = (score, kinds, form)
    return (best[1], best[2]) if best else (None, reason)


def pool(function, form, kinds, seed, family):
    rng = random.Random(f"{seed}/{family}/pool")
    found = {}
    for _ in range(POOL):
        case, _ = sample(function, form, kinds, rng)
        # Zero from many floats is where two correct ways of computing may differ by rounding.
        if case and not (family.startswith("statistics.") and case["expected"] == {"t": "float", "v": "0.0"}):
            found.setdefault(key(case["args"]), case)
    return list(found.values())


def odd(value):
    """Correct, but a poor first example."""
    return value["t"] in ("str", "list") and not value["v"] or value["t"] == "str" and not value["v"].strip().isprintable()


def choose_cases(cases, count, rng):
    """Hidden cases and two visible examples with results as different as possible; or a reason why there are none."""
    cases = list(cases)
    rng.shuffle(cases)
    cases.sort(key=is_identity)
    buckets = {}
    for case in cases:
        buckets.setdefault(key(case["expected"]), []).append(case)
    ordered = []
    while any(buckets.values()):
        ordered += [bucket.pop(0) for bucket in buckets.values() if bucket]
    if len(ordered) < count + 2:
        return None, "too few inputs that give a plain result"
    # Examples come from the later ones, so that the most telling cases stay hidden; neither the shortest nor the longest.
    rest = sorted(ordered[count:], key=lambda c: len(key(c)))
    good = [c for c in rest if not is_identity(c) and not any(map(odd, c["args"]))]
    good = good[len(good) // 3 :] if len(good) > 3 else rest
    second = next((c for c in good[1:] if c["expected"] != good[0]["expected"]), good[1])
    hidden = ordered[:count]
    outputs = [key(c["expected"]) for c in hidden]
    most = max(outputs.count(o) for o in outputs)
    if all(c["expected"]["t"] == "bool" for c in hidden):
        if len(set(outputs)) < 2 or most > count - 1:
            return None, "the result hardly ever changes"
    elif len(set(outputs)) < 3:
        return None, "fewer than 3 different results"
    if sum(map(is_identity, hidden)) > count // 2:
        return None, "the result is mostly the first argument"
    return {"cases": hidden, "examples": [good[0], second]}, None


# Documentation


def documentation(function):
    """The first paragraph of the real docstring, without signature lines, on one line."""
    lines = (inspect.getdoc(function) or "").split("\n")
    while lines:
        signature = re.match(r"^[\w.]+\(.*?\)\s*(?:-+>\s*(.*))?$", lines[0].strip())
        if signature and signature[1] and len(signature[1].split()) > 3:
            # "f(x) -> what it does" rather than "f(x) -> type".
            lines[0] = signature[1][0].upper() + signature[1][1:]
        elif signature or not lines[0].strip():
            lines.pop(0)
            continue
        break
    paragraph = " ".join(itertools.takewhile(str.strip, lines))
    paragraph = re.sub(r"\s+", " ", paragraph).strip().rstrip(":")
    return paragraph if len(paragraph) <= 300 else paragraph[:300].rsplit(". ", 1)[0] + "."


# The two modes


def families(module):
    if module in ("str", "list", "builtins"):
        holder = builtins if module == "builtins" else getattr(builtins, module)
        names = [n for n in dir(holder) if not n.startswith("_") and not n[0].isupper()]
    else:
        holder = importlib.import_module(module)
        names = [n for n in getattr(holder, "__all__", dir(holder)) if not n.startswith("_")]
    return [f"{module}.{n}" for n in sorted(set(names)) if callable(getattr(holder, n))]


def probe(family, request):
    never = request["never"].get(family)
    if never:
        return None, never
    function = resolve(family)
    if inspect.isclass(function) and family.split(".")[0] not in ("builtins", "itertools"):
        return None, "a class, not a function"
    doc = documentation(function)
    if not doc:
        return None, "it has no docstring"
    if family.startswith("operator.i") and "Same as a " in doc and "=" in doc and doc.split("a ")[1][1:2] in "=/*<>":
        return None, "an in-place form of another operator"
    described = request["described"].get(family)
    if not described:
        return None, "no plain description of it in the catalogue"
    kinds, form = choose_kinds(family, function, len(described), request["seed"])
    if kinds is None:
        return None, form
    cases = pool(function, form, kinds, request["seed"], family)
    chosen, reason = choose_cases(cases, request["cases"], random.Random(f"{request['seed']}/{family}/cases"))
    if chosen is None:
        return None, reason
    return {"family": family, "doc": doc, "kinds": kinds, "form": form, **chosen}, None


def agrees(family, form, cases):
    """On 95% of the cases; for truth values of the true and of the false ones, for a rare value says little."""
    function = resolve(family)
    groups = {}
    for number, case in enumerate(cases):
        if number == 10 and sum(map(sum, groups.values())) < 7:
            return False
        try:
            answer = encode(call(function, [decode(a) for a in case["args"]], form))
            same = loose(answer) == loose(case["expected"])
        except Exception:
            same = False
        group = key(case["expected"]) if case["expected"]["t"] == "bool" else "all"
        groups.setdefault(group, []).append(same)
    return all(sum(group) >= 0.95 * len(group) for group in groups.values())


def kin(functions, seed):
    """Pairs where one does what the other does: a function under two names must not meet itself in another split."""
    pairs = []
    for f in functions:
        cases = pool(resolve(f["family"]), f["form"], f["kinds"], seed, f["family"])
        for g in functions:
            if f is not g and len(f["kinds"]) == len(g["kinds"]) and agrees(g["family"], g["form"], cases):
                pairs.append([f["family"], g["family"]])
    return pairs


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


def compose(inner, outer, request):
    f, g = resolve(inner["family"]), resolve(outer["family"])
    family = f"{inner['family']}+{outer['family']}"

    def both(x):
        return call(g, [call(f, [x], inner["form"])], outer["form"])

    cases = pool(both, "plain", inner["kinds"], request["seed"], family)
    chosen, reason = choose_cases(cases, request["cases"], random.Random(f"{request['seed']}/{family}/cases"))
    if chosen is None:
        return None, reason
    for name, function, form in (("first", f, inner["form"]), ("second", g, outer["form"])):
        differing = 0
        for case in chosen["cases"]:
            try:
                alone = encode(call(function, [decode(case["args"][0])], form))
            except Exception:
                alone = {"t": "error"}
            differing += alone["t"] == "error" or loose(alone) != loose(case["expected"])
        if differing < 2:
            return None, f"the {name} function alone gives the same results"
    return {"family": family, **chosen}, None


def main():
    request = json.loads(sys.stdin.buffer.read())
    found, dropped = [], []
    if request["mode"] == "functions":
        wanted = [f for module in request["modules"] for f in families(module)]
        if request["only"] is not None:
            wanted = [f for f in wanted if f in request["only"]]
        for family in wanted:
            if family in request["exclude"]:
                continue
            item, reason = probe(family, request)
            (found if item else dropped).append(item or {"family": family, "reason": reason})
        pairs = kin(found, request["seed"])
    else:
        pairs = []
        for pair in request["pairs"]:
            item, reason = compose(pair["inner"], pair["outer"], request)
            family = f"{pair['inner']['family']}+{pair['outer']['family']}"
            (found if item else dropped).append(item or {"family": family, "reason": reason})
    version = f"{platform.python_implementation()} {platform.python_version()}"
    print(json.dumps({"python": version, "found": found, "dropped": dropped, "kin": pairs}))


main()
