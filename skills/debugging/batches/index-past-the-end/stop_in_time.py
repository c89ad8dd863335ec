"""A range whose last index lies behind the end stops in time."""
import ast

from mending import Case, calls, mend
from sources import called, functions, mentions, modules, not_mine, read_diagnosis, replaced

CHECK = "{call}"
LISTS = [
    (r"width|size|batch|window|context|block", ["2", "1"]),
    (r"", ["[1, 2, 3, 4]", "[1.0, 2.0, 3.0]", "[[1, 2], [3, 4], [5, 6]]", "'abcd'"]),
]


def ends(node):
    """The last argument of range(…), which is where it stops."""
    return node.args[min(1, len(node.args) - 1)] if called(node) == "range" and node.args else None


def ahead(loop, names):
    """How far behind the loop's own index the farthest one lies that is read."""
    farthest = 0
    for node in ast.walk(loop):
        index = node.slice if isinstance(node, ast.Subscript) else None
        if isinstance(index, ast.BinOp) and isinstance(index.op, ast.Add) and isinstance(index.right, ast.Constant):
            if isinstance(index.left, ast.Name) and index.left.id in names and isinstance(index.right.value, int):
                farthest = max(farthest, index.right.value)
    return farthest


def main():
    if not mentions(read_diagnosis(), r"IndexError|out of range|index \d+ is out of bounds"):
        not_mine("no index was out of range here")
    cases = []
    for module in modules():
        for function in functions(module):
            loops = [(node, node.target, node.iter) for node in ast.walk(function.node) if isinstance(node, ast.For)]
            for node in ast.walk(function.node):
                for generator in getattr(node, "generators", []):
                    loops.append((node, generator.target, generator.iter))
            for loop, target, iterated in loops:
                end = ends(iterated)
                if end is None or not isinstance(target, ast.Name):
                    continue
                text = module.source(end)
                is_plus = isinstance(end, ast.BinOp) and isinstance(end.op, ast.Add) and isinstance(end.right, ast.Constant)
                choices = [module.source(end.left)] if is_plus else []
                if beyond := ahead(loop, {target.id}):
                    choices.append(f"{text} - {beyond}")
                for new in choices:
                    cases.append(
                        Case(
                            f"{module.path}:{end.lineno}: {function.name} reads behind the end; its range stops at {new}.",
                            function,
                            {module.path: replaced(module.text, (end, new))},
                            CHECK,
                            [("", call) for call in calls(function, LISTS)],
                        )
                    )
    mend("loop_stops_in_time", cases)


main()
