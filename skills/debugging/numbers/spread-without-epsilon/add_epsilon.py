"""What is divided by a spread that can be zero is divided by a little more."""
import ast
import re

from mending import Case, calls, mend
from sources import functions, mentions, modules, name_of, not_mine, read_diagnosis, replaced

SPREAD = re.compile(r"(^|_)(std|stdev|pstdev|stddev|std_dev|sigma|deviation|spread|var|variance|pvariance|norm|scale)$", re.I)
GUARDED = re.compile(r"eps|1e-|max\(|clamp|clip|\bor\b", re.I)
CHECK = """
for value in numbers({call}):
    self.assertTrue(math.isfinite(value), "equal values have a finite result")
"""
EQUAL = [(r"", ["[1.0, 1.0, 1.0]", "[0.0, 0.0, 0.0]", "[[1.0, 1.0], [1.0, 1.0]]"])]


def main():
    diagnosis = read_diagnosis()
    shows = mentions(diagnosis, r"ZeroDivisionError|division by zero|divide by zero|invalid value|\bnan\b|\binf\b")
    if not shows and diagnosis["cause"] != "nan-or-inf":
        not_mine("nothing was divided by zero here")
    cases = []
    for module in modules():
        for function in functions(module):
            for node in ast.walk(function.node):
                if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Div):
                    continue
                under = module.source(node.right)
                if not SPREAD.search(name_of(node.right)) or GUARDED.search(under):
                    continue
                cases.append(
                    Case(
                        f"{module.path}:{node.lineno}: {under} can be zero, and {function.name} divides by it.",
                        function,
                        {module.path: replaced(module.text, (node.right, f"({under} + 1e-8)"))},
                        CHECK,
                        [("", call) for call in calls(function, EQUAL) + calls(function)],
                    )
                )
    mend("equal_values_are_finite", cases)


main()
