"""`weight + rate * gradient` becomes `weight - rate * gradient`, where one step shows that it goes up."""
import ast
import re

from mending import Case, calls, mend
from sources import functions, mentions, modules, name_of, not_mine, read_diagnosis, replaced

GRADIENT = re.compile(r"(^|_)(g|gs|grads?|gradients?|dw|db|slopes?)\d*$")
RATE = re.compile(r"(^|_)(lr|rate|learning_rate|step_size|alpha|eta)$")
UP = re.compile(r"ascen|maximi[sz]e|climb|uphill")
WEIGHTS = r"^(w|ws|weights?|params?|parameters|theta|values?|x)$"

TRIALS = [
    ("weights = [1.0, 1.0]", "weights", "[2.0, 2.0]"),
    ("weights = 1.0", "weights", "2.0"),
    ("weights = {'w': 1.0}", "weights", "{'w': 2.0}"),
    ("weights = [[1.0, 1.0], [1.0, 1.0]]", "weights", "[[2.0, 2.0], [2.0, 2.0]]"),
]
CHECK = """
result = {call}
moved = numbers(weights) if result is None else numbers(result)
self.assertTrue(moved)
for weight in moved[: len(numbers(weights))]:
    self.assertLess(weight, 1.0, "a positive gradient makes a weight smaller")
"""


def is_step(value):
    """rate * gradient, in either order."""
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Mult):
        return False
    names = [name_of(value.left), name_of(value.right)]
    return any(RATE.search(a) and GRADIENT.search(b) for a, b in (names, names[::-1]))


def main():
    diagnosis = read_diagnosis()
    if diagnosis["cause"] not in ("nan-or-inf", "loss-spike", "gradient-explosion", "kl-blow-up", "exception"):
        not_mine("numbers do not grow here")
    if diagnosis["cause"] == "exception" and not mentions(diagnosis, r"overflow|diverg|not finite|infinite"):
        not_mine("the error is not one of numbers that grow")
    cases = []
    for module in modules():
        for function in functions(module):
            if UP.search(function.name.lower()) or UP.search((ast.get_docstring(function.node) or "").lower()):
                continue
            for node in ast.walk(function.node):
                if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) and is_step(node.value):
                    new = f"{module.source(node.target)} -= {module.source(node.value)}"
                elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and is_step(node.right):
                    new = f"{module.source(node.left)} - {module.source(node.right)}"
                else:
                    continue
                trials = [
                    (setup, call)
                    for setup, weights, gradient in TRIALS
                    for call in calls(function, [(GRADIENT.pattern, [gradient]), (WEIGHTS, [weights]), (RATE.pattern, ["0.1"])])[:8]
                ]
                cases.append(
                    Case(
                        f"{module.path}:{node.lineno}: {function.name} goes up the gradient; a step goes down.",
                        function,
                        {module.path: replaced(module.text, (node, new))},
                        CHECK,
                        trials,
                    )
                )
    mend("step_goes_down", cases)


main()
