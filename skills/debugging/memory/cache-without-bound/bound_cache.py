"""A cache that keeps everything keeps the newest entries."""
import ast
import re

from mending import Case, calls, mend
from sources import functions, indent_of, modules, not_mine, read_diagnosis, replaced, with_lines

KEPT = 1024
CACHE = re.compile(r"(^|_)(cache[ds]?|memo|memoized|seen|lookup)($|_)", re.I)
LETS_GO = r"\b{0}\.(pop|popitem|clear)\(|\bdel {0}\[|\bmaxlen\b"
EACH = [
    (r"", ["each", "str(each)", "[each, each + 1]", "float(each)", "(each, 1)"]),
]
TABLE = """
for each in range(3 * KEPT):
    {call}
self.assertLessEqual(len(NAME), KEPT, "a cache has a bound")
self.assertGreater(len(NAME), 1)
"""
WRAPPED = """
for each in range(3 * KEPT):
    {call}
self.assertLessEqual(NAME.cache_info().currsize, KEPT, "a cache has a bound")
self.assertGreater(NAME.cache_info().currsize, 1)
"""


def stores(function):
    """`cache[key] = value`, with the statement that it is."""
    for node in ast.walk(function.node):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Subscript):
            table = node.targets[0].value
            name = ast.unparse(table)
            if isinstance(table, (ast.Name, ast.Attribute)) and CACHE.search(name.split(".")[-1]):
                yield node, name


def main():
    if read_diagnosis()["cause"] not in ("oom-host", "exception", "throughput-drop"):
        not_mine("no memory ran out here")
    cases = []
    for module in modules():
        tables = {
            target.id
            for node in module.tree.body
            if isinstance(node, (ast.Assign, ast.AnnAssign))
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }
        for function in functions(module):
            for node, name in stores(function):
                if re.search(LETS_GO.format(re.escape(name)), module.text):
                    continue
                own = name.startswith("self.")
                if not own and name not in tables:
                    continue
                indent = indent_of(module.text, node)
                bound = [f"{indent}while len({name}) > {KEPT}:", f"{indent}    del {name}[next(iter({name}))]"]
                check = TABLE.replace("KEPT", str(KEPT))
                trials = [("", one) for one in calls(function, EACH, [])]
                if own:
                    made = [one.split(f").{function.node.name}(", 1) for _, one in trials]
                    trials = [(f"subject = {a})", f"subject.{function.node.name}({b}") for a, b in (one for one in made if len(one) == 2)]
                cases.append(
                    Case(
                        f"{module.path}:{node.lineno}: {name} takes every new key and never lets one go; it keeps the newest {KEPT}.",
                        function,
                        {module.path: with_lines(module.text, (node.end_lineno, node.end_lineno, bound))},
                        check.replace("NAME", f"subject.{name[5:]}" if own else f"module.{name}"),
                        trials,
                    )
                )
            for one in function.node.decorator_list:
                text = ast.unparse(one)
                endless = re.fullmatch(r"((functools\.)?)(cache|lru_cache\((maxsize=)?None\))", text)
                if endless is None or function.owner is not None:
                    continue
                prefix = endless.group(1)
                new = f"{prefix}lru_cache(maxsize={KEPT})"
                changed = replaced(module.text, (one, new))
                if not prefix and endless.group(3) == "cache":
                    changed = re.sub(r"from functools import (.*)\bcache\b", r"from functools import \1lru_cache", changed)
                cases.append(
                    Case(
                        f"{module.path}:{one.lineno}: what {function.name} has answered is kept for ever; it keeps the newest {KEPT}.",
                        function,
                        {module.path: changed},
                        WRAPPED.replace("KEPT", str(KEPT)).replace("NAME", f"module.{function.name}"),
                        [("", call) for call in calls(function, EACH)],
                    )
                )
    mend("cache_has_a_bound", cases)


main()
