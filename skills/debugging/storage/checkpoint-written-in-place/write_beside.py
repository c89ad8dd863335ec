"""Files that a run needs after a crash are written beside their place, synced, and renamed."""
import ast
import re

from mending import Case, calls, mend
from sources import functions, importing, indent_of, modules, name_of, not_mine, read_diagnosis, replaced, with_lines

SAVES = re.compile(r"save|dump|checkpoint|snapshot|persist|store|write", re.I)
PLACE = r"path|file|name|target|destination|where"
SETUP = """folder = tempfile.TemporaryDirectory()
self.addCleanup(folder.cleanup)
path = PATH(Path(folder.name) / "checkpoint")
good = {"step": 1, "weights": [1.0, 2.0]}
bad = {"step": 2, "weights": [3.0] * 10_000, "never": UNWRITABLE}"""
CHECK = """
{call}
before = Path(path).read_bytes()
self.assertTrue(before)
with self.assertRaises(Exception):
    BAD
self.assertEqual(Path(path).read_bytes(), before, "a checkpoint that cannot be written leaves the last one whole")
"""


def opened(statement):
    """The call and its path, of `with open(path, "w") as file:` or `with path.open("w") as file:` and nothing besides."""
    if not isinstance(statement, ast.With) or len(statement.items) != 1:
        return None
    call, name = statement.items[0].context_expr, statement.items[0].optional_vars
    if not isinstance(call, ast.Call) or name_of(call) != "open" or not isinstance(name, ast.Name):
        return None
    of_path = isinstance(call.func, ast.Attribute)
    if of_path and name_of(call.func.value) in ("io", "os", "gzip", "codecs"):
        return None
    mode = call.args[0 if of_path else 1 :][:1] or [one.value for one in call.keywords if one.arg == "mode"]
    if not mode or not isinstance(mode[0], ast.Constant) or mode[0].value not in ("w", "wb", "wt", "w+", "wb+"):
        return None
    return (call.func.value if of_path else call.args[0]), of_path, name.id


def written_beside(module, node, place, of_path, name):
    path = module.source(place)
    beside = f'{path}.with_name(f"{{{path}.name}}.partial")' if of_path else f'f"{{{path}}}.partial"'
    inner, outer = indent_of(module.text, node.body[0]), indent_of(module.text, node)
    end = node.end_lineno
    after = [f"{inner}{name}.flush()", f"{inner}os.fsync({name}.fileno())", f"{outer}os.replace({beside}, {path})"]
    return importing(replaced(with_lines(module.text, (end, end, after)), (place, beside)), "os")


def main():
    diagnosis = read_diagnosis()
    if diagnosis["cause"] not in ("checkpoint-corrupt", "disk-full", "oom-host", "preempted", "exception"):
        not_mine("no file was found damaged here")
    cases = []
    for module in modules():
        for function in functions(module):
            if not SAVES.search(function.node.name) or "replace(" in module.source(function.node):
                continue
            for node in ast.walk(function.node):
                found = opened(node)
                if found is None or node.body[0].lineno == node.lineno:
                    continue
                files = {module.path: written_beside(module, node, *found)}
                title = f"{module.path}:{node.lineno}: {function.name} writes over the last checkpoint; a crash leaves half of one."
                for kind in ("str", ""):
                    for unwritable in ("object()", "lambda: None"):
                        setup = SETUP.replace("UNWRITABLE", unwritable).replace("PATH", kind)
                        for call in calls(function, [(PLACE, ["path"]), (r"", ["good"])])[:2]:
                            check = CHECK.replace("BAD", re.sub(r"\bgood\b(?!=)", "bad", call))
                            cases.append(Case(title, function, files, check, [(setup, call)]))
    mend("last_checkpoint_stays_whole", cases)


main()
