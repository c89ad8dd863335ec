"""A logarithm is taken of at least 1e-12."""
import ast
import re

from mending import Case, calls, mend
from sources import called, functions, mentions, modules, not_mine, read_diagnosis, replaced

LOG = re.compile(r"^(math|cmath)\.log(2|10)?$")
GUARDED = re.compile(r"eps|1e-|max\(|clamp|clip|\+ ?1\b|\blen\(")
INFINITY = re.compile(r"float\(['\"]-?inf(inity)?['\"]\)|-?math\.inf")
CHECK = """
for value in numbers({call}):
    self.assertTrue(math.isfinite(value), "a probability of zero has a finite logarithm")
"""
ZERO = [
    (r"label|target|index|token|action|choice|^[ijkn]$", ["0", "1", "[0, 1]", "[1.0, 0.0]"]),
    (r"", ["0.0", "[1.0, 0.0]", "[[1.0, 0.0], [0.0, 1.0]]", "{'a': 0.0, 'b': 1.0}", "1.0"]),
]


def main():
    diagnosis = read_diagnosis()
    shows = mentions(diagnosis, r"math domain error|must be a? ?(nonnegative|positive)|divide by zero encountered in log|\bnan\b|\binf")
    if not shows and diagnosis["cause"] != "nan-or-inf":
        not_mine("no logarithm was undefined here")
    cases = []
    for module in modules():
        for function in functions(module):
            for node in ast.walk(function.node):
                logarithm, place = node, node
                if isinstance(node, ast.IfExp) and INFINITY.search(module.source(node.orelse)):
                    logarithm = node.body
                if not LOG.match(called(logarithm)) or len(logarithm.args) != 1:
                    continue
                inner = logarithm.args[0]
                text = module.source(inner)
                if isinstance(inner, ast.Constant) or GUARDED.search(text):
                    continue
                cases.append(
                    Case(
                        f"{module.path}:{node.lineno}: {text} can be zero where {function.name} takes its logarithm.",
                        function,
                        {module.path: replaced(module.text, (place, f"{called(logarithm)}(max({text}, 1e-12))"))},
                        CHECK,
                        [("", call) for call in calls(function, ZERO)],
                    )
                )
    # What gives up quietly comes first: the error of a plain one would have been told.
    mend("zero_has_a_finite_logarithm", cases)


main()
