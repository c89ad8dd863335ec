"""A learning rate that is a power of ten above the configuration's becomes the configuration's."""
import ast
import math
import re

from mending import Case, mend
from sources import functions, modules, name_of, not_mine, read_diagnosis, replaced, settings

RATE = re.compile(r"(^|_)(lr|learning_rate)$", re.I)
SCHEDULE = re.compile(r"schedule|warm|(^|_)(lr|rate)|learning_rate", re.I)
CHECK = """
rates = [max(numbers(one)) for one in ({call})]
self.assertTrue(rates)
self.assertGreater(max(rates), 0)
self.assertLessEqual(max(rates), RATE * 1.0001, "no rate is above the one that CONFIG names")
"""


def is_factor(value, configured):
    if not configured > 0 or not value > configured:
        return False
    power = math.log10(value / configured)
    return power > 0.9 and abs(power - round(power)) < 1e-6


def shown_by(function, names):
    """Trials that ask a schedule for its rates over many steps, with the other parameters as it has them."""
    wanted = function.parameters
    known = {one.arg for one in wanted}
    given = {"total": "1000", "total_steps": "1000", "steps": "1000", "max_steps": "1000", "warmup": "10", "warmup_steps": "10"}
    defaults = len(function.node.args.defaults)
    needed = wanted[: len(wanted) - defaults]
    step = next((one.arg for one in needed if re.search(r"step|epoch|iteration|^[nit]$", one.arg)), None)
    words = [f"{one.arg}=step" if one.arg == step else f"{one.arg}={given.get(one.arg, names.get(one.arg, '1'))}" for one in needed]
    if step is None and needed:
        return []
    return [("", f"[{function.name}({', '.join(words)}) for step in range(0, 1000, 7)]")] if known or not needed else []


def main():
    diagnosis = read_diagnosis()
    if diagnosis["cause"] not in ("nan-or-inf", "loss-spike", "gradient-explosion", "kl-blow-up", "entropy-collapse"):
        not_mine("numbers do not grow here")
    configured = [one for one in settings() if RATE.search(one[1].replace("-", "_"))]
    if not configured:
        not_mine("no configuration here names a learning rate")
    cases = []
    for module in modules():
        schedules = [one for one in functions(module) if one.owner is None and SCHEDULE.search(one.node.name)]
        for path, key, rate in configured:
            places = []
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.value, ast.Constant):
                    places.append((node.targets[0], node.value))
                elif isinstance(node, ast.FunctionDef):
                    plain = [*node.args.posonlyargs, *node.args.args]
                    pairs = zip(plain[len(plain) - len(node.args.defaults) :], node.args.defaults)
                    places += [(ast.Name(one.arg), value) for one, value in pairs if isinstance(value, ast.Constant)]
            changes = [
                (value, f"{rate:g}")
                for name, value in places
                if isinstance(value.value, (int, float)) and RATE.search(name_of(name)) and is_factor(value.value, rate)
            ]
            for node in ast.walk(module.tree):
                if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult):
                    continue
                for rated, factor in ((node.left, node.right), (node.right, node.left)):
                    is_rate = isinstance(rated, (ast.Subscript, ast.Attribute)) and name_of(rated) == key
                    if is_rate and isinstance(factor, ast.Constant) and is_factor(factor.value, 1):
                        changes.append((node, module.source(rated)))
            for node, new in changes:
                for function in schedules:
                    check = CHECK.replace("RATE", f"{rate!r}").replace("CONFIG", path)
                    names = {"config": repr({key: rate}), "settings": repr({key: rate})}
                    cases.append(
                        Case(
                            f"{module.path}:{node.lineno}: the rate is {module.source(node)}, and {path} says {key}: {rate:g}.",
                            function,
                            {module.path: replaced(module.text, (node, new))},
                            check,
                            shown_by(function, names),
                        )
                    )
    mend("rate_is_the_configured_one", cases)


main()
