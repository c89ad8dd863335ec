"""A masked mean counts what the mask marks."""
import ast
import re

from mending import Case, calls, mend
from sources import functions, mentions, modules, name_of, not_mine, read_diagnosis, replaced

MASK = re.compile(r"(^|_)(mask|m|keep|valid|weight)s?$", re.I)
OTHERWISE = re.compile(r"pad|ignore|drop|exclude|masked_out|invalid", re.I)
CHECK = """
values = numbers({call})
self.assertTrue(values)
for value in values:
    self.assertLess(abs(value), 100, "what the mask leaves out does not count")
self.assertGreater(max(values), 0)
"""
GIVEN = [(r"(^|_)(mask|keep|valid|weight)s?$", ["[1, 1, 0]", "[True, True, False]", "[[1, 1, 0]]"]), (r"", ["[1.0, 3.0, 9000.0]", "[[1.0, 3.0, 9000.0]]"])]


def main():
    diagnosis = read_diagnosis()
    if diagnosis["cause"] not in ("nan-or-inf", "loss-spike", "exception"):
        not_mine("no number went wrong here")
    if diagnosis["cause"] == "exception" and not mentions(diagnosis, r"ZeroDivisionError|division by zero|empty|at least one"):
        not_mine("nothing was averaged over nothing here")
    cases = []
    for module in modules():
        for function in functions(module):
            if OTHERWISE.search(" ".join(one.arg for one in function.parameters)):
                continue
            changes = []
            for node in ast.walk(function.node):
                if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) and MASK.search(name_of(node.operand)):
                    changes.append((node, module.source(node.operand)))
                is_rest = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and isinstance(node.left, ast.Constant) and node.left.value in (1, 1.0)
                if is_rest and MASK.search(name_of(node.right)):
                    changes.append((node, module.source(node.right)))
            if not changes or not any(re.search(r"mask|keep|valid|weight", one.arg) for one in function.parameters):
                continue
            # All of them together: a sum and its count are inverted alike.
            cases.append(
                Case(
                    f"{module.path}:{changes[0][0].lineno}: {function.name} counts what its mask leaves out.",
                    function,
                    {module.path: replaced(module.text, *changes)},
                    CHECK,
                    [("", call) for call in calls(function, GIVEN)],
                )
            )
    mend("mask_marks_what_counts", cases)


main()
