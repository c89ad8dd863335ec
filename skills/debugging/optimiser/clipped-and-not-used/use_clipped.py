"""What a clipping function gives back is what the step uses."""
import ast
import re

from mending import Case, calls, mend
from sources import functions, indent_of, modules, name_of, not_mine, read_diagnosis, replaced, settings, with_lines

CLIP = re.compile(r"(^|_)clip(ped|s)?(_|$)|clip_(grad|by)", re.I)
GRADIENT = r"(^|_)(g|gs|grads?|gradients?)\d*$"
STEP = re.compile(r"(^|_)(step|update|apply)(_|$)", re.I)
BOUND = re.compile(r"^(max_?(grad(ient)?_?)?norm|(grad(ient)?_?)?clip(_?(norm|value|at))?|limit|bound)$", re.I)
SETUPS = [("weights = [0.0, 0.0]", "[3e9, 4e9]"), ("weights = 0.0", "4e9"), ("weights = {'w': 0.0}", "{'w': 4e9}")]
CHECK = """
result = {call}
moved = numbers(weights) if result is None else numbers(result)
self.assertTrue(moved)
for weight in moved[: len(numbers(weights))]:
    self.assertLess(abs(weight), 1e6, "an enormous gradient makes no enormous step")
"""
WEIGHTS = r"^(w|ws|weights?|params?|parameters|theta|x)$"


def main():
    if read_diagnosis()["cause"] not in ("gradient-explosion", "nan-or-inf", "loss-spike"):
        not_mine("no gradient exploded here")
    found = modules()
    clips = [one for module in found for one in functions(module) if one.owner is None and CLIP.search(one.node.name)]
    used = {name_of(node) for module in found for node in ast.walk(module.tree) if isinstance(node, ast.Call)}
    bounds = [value for _, key, value in settings() if BOUND.search(key.replace("-", "_")) and value > 0]
    cases = []
    for module in found:
        for function in functions(module):
            for node in ast.walk(function.node):
                if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call) or not node.value.args:
                    continue
                first = node.value.args[0]
                if CLIP.search(name_of(node.value)) and isinstance(first, (ast.Name, ast.Attribute)) and not name_of(node.value).endswith("_"):
                    text = replaced(module.text, (node, f"{module.source(first)} = {module.source(node)}"))
                    cases += place(module, function, node, text, f"what {name_of(node.value)} gives back is dropped; it is used.")
            clip = next((one for one in clips if one.node.name not in used and one.module is module), None)
            gradient = next((one.arg for one in function.parameters if re.search(GRADIENT, one.arg)), None)
            if clip is None or gradient is None or function.node is clip.node or not STEP.search(function.node.name):
                continue
            constant = next(
                (node.targets[0].id for node in module.tree.body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and BOUND.search(node.targets[0].id)),
                None,
            )
            required = len(clip.parameters) - len(clip.node.args.defaults)
            if required > 2 or required == 2 and constant is None and not bounds:
                continue
            given = "" if required < 2 else f", {constant or f'{bounds[0]:g}'}"
            body = [one for one in function.node.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
            at = body[0].lineno - 1
            line = f"{indent_of(module.text, body[0])}{gradient} = {clip.node.name}({gradient}{given})"
            text = with_lines(module.text, (at, at, [line]))
            cases += place(module, function, body[0], text, f"{clip.node.name} is never called; {function.name} clips first.")
    mend("enormous_gradients_are_clipped", cases)


def place(module, function, node, text, why):
    trials = [
        (setup, call)
        for setup, gradient in SETUPS
        for call in calls(function, [(GRADIENT, [gradient]), (WEIGHTS, ["weights"]), (r"(^|_)(lr|rate|learning_rate|alpha|eta)$", ["1.0"])])[:8]
    ]
    return [Case(f"{module.path}:{node.lineno}: {why}", function, {module.path: text}, CHECK, trials)]


main()
