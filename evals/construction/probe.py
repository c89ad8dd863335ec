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

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import builtins
import importlib
import inspect
import itertools
import json
import platform
import random
import re

from probe_cases import call, choose_cases, choose_kinds, pool
from probe_limits import bounded, resolve
from probe_values import decode, encode, key, loose

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
    cases, too_large = pool(function, form, kinds, request["seed"], family)
    chosen, reason = choose_cases(cases, too_large, request["cases"], random.Random(f"{request['seed']}/{family}/cases"))
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


def kin(f, functions, seed):
    """Those that do what `f` does: a function under two names must not meet itself in another split."""
    cases, _ = pool(resolve(f["family"]), f["form"], f["kinds"], seed, f["family"])
    return [
        g["family"]
        for g in functions
        if f is not g and len(f["kinds"]) == len(g["kinds"]) and agrees(g["family"], g["form"], cases)
    ]


def compose(inner, outer, request):
    f, g = resolve(inner["family"]), resolve(outer["family"])
    family = f"{inner['family']}+{outer['family']}"

    def both(x):
        return call(g, [call(f, [x], inner["form"])], outer["form"])

    cases, too_large = pool(both, "plain", inner["kinds"], request["seed"], family)
    chosen, reason = choose_cases(cases, too_large, request["cases"], random.Random(f"{request['seed']}/{family}/cases"))
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
    seconds = request["seconds"]
    found, dropped, pairs = [], [], []

    def take(family, work):
        item, reason = bounded(family, seconds, work)
        (found if item else dropped).append(item or {"family": family, "reason": reason})

    if request["mode"] == "functions":
        wanted = [f for module in request["modules"] for f in families(module)]
        if request["only"] is not None:
            wanted = [f for f in wanted if f in request["only"]]
        for family in wanted:
            if family not in request["exclude"]:
                take(family, lambda: probe(family, request))
        for f in list(found):
            names, reason = bounded(f"{f['family']} against the others", seconds, lambda: (kin(f, found, request["seed"]), None))
            pairs += [[f["family"], name] for name in names or []]
            if reason:
                found.remove(f)
                dropped.append({"family": f["family"], "reason": reason})
    else:
        for pair in request["pairs"]:
            take(f"{pair['inner']['family']}+{pair['outer']['family']}", lambda: compose(pair["inner"], pair["outer"], request))
    version = f"{platform.python_implementation()} {platform.python_version()}"
    print(json.dumps({"python": version, "found": found, "dropped": dropped, "kin": pairs}))


main()
