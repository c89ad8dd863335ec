"""Whoever is given a seed draws by it."""
import ast
import re

from mending import Case, calls, mend
from sources import called, functions, modules, not_mine, read_diagnosis, replaced

SEED = re.compile(r"(^|_)seed$")
DRAWS = {"random", "randint", "randrange", "choice", "choices", "shuffle", "sample", "uniform", "gauss", "normalvariate", "getrandbits", "betavariate", "expovariate"}
CHECK = """
first = repr({call})
self.assertEqual([repr({call}) for _ in range(5)], [first] * 5, "one seed gives the same each time")
"""
GIVEN = [(SEED.pattern, ["7"]), (r"^(n|k|size|count|length|steps?)$", ["8"]), (r"", ["list(range(20))", "8", "'a'"])]


def main():
    if read_diagnosis()["cause"] not in ("collective-desync", "exception", "nccl-timeout", "verifier-failure", "straggler"):
        not_mine("nothing differed here")
    cases = []
    for module in modules():
        for function in functions(module):
            seed = next((one.arg for one in function.parameters if SEED.search(one.arg)), None)
            if seed is None or any(isinstance(node, ast.Name) and node.id == seed for node in ast.walk(function.node)):
                continue
            changes = []
            for node in ast.walk(function.node):
                if called(node) == "random.Random" and not node.args:
                    changes.append((node, f"random.Random({seed})"))
                elif called(node).startswith("random.") and called(node)[7:] in DRAWS:
                    changes.append((node.func, f"generator.{called(node)[7:]}"))
            if not changes:
                continue
            text = replaced(module.text, *changes)
            if any(new.startswith("generator.") for _, new in changes):
                body = [one for one in function.node.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
                lines = text.splitlines(keepends=True)
                indent = re.match(r"\s*", lines[body[0].lineno - 1]).group()
                lines.insert(body[0].lineno - 1, f"{indent}generator = random.Random({seed})\n")
                text = "".join(lines)
            cases.append(
                Case(
                    f"{module.path}:{function.node.lineno}: {function.name} takes {seed} and draws without it.",
                    function,
                    {module.path: text},
                    CHECK,
                    [("", call) for call in calls(function, GIVEN)],
                )
            )
    mend("one_seed_draws_the_same", cases)


main()
