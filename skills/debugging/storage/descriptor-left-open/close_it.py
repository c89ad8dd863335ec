"""A descriptor that is a number is closed when what it is for is done."""
import ast
import re

from mending import Case, calls, mend
from sources import called, functions, importing, indent_of, mentions, modules, not_mine, read_diagnosis, with_lines

SETUP = """folder = tempfile.TemporaryDirectory()
self.addCleanup(folder.cleanup)
path = str(Path(folder.name) / "file")
Path(path).write_text("1 2 3\\n")
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))"""
CHECK = """
try:
    for _ in range(100):
        {call}
finally:
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
"""
GIVEN = [(r"folder|dir(ectory)?$", ["folder.name"]), (r"path|file|name|shard|source", ["path"]), (r"data|content|bytes|payload", ["b'1'", "'1'"])]


def opened(statement):
    """The name of the descriptor that a statement opens."""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    target = statement.targets[0]
    if called(statement.value) == "os.open" and isinstance(target, ast.Name):
        return target.id
    if called(statement.value).split(".")[-1] == "mkstemp" and isinstance(target, ast.Tuple) and isinstance(target.elts[0], ast.Name):
        return target.elts[0].id
    return None


def closed(module, block, at, name):
    """The text with what follows in the block inside try … finally; what does not name the descriptor needs none."""
    rest = block[at + 1 :]
    indent = indent_of(module.text, block[at])
    uses = any(isinstance(node, ast.Name) and node.id == name for one in rest for node in ast.walk(one))
    if not uses:
        return with_lines(module.text, (block[at].end_lineno, block[at].end_lineno, [f"{indent}os.close({name})"]))
    first, last = rest[0].lineno - 1, rest[-1].end_lineno
    inner = [f"    {line}" if line.strip() else line for line in module.text.splitlines()[first:last]]
    return with_lines(module.text, (first, last, [f"{indent}try:", *inner, f"{indent}finally:", f"{indent}    os.close({name})"]))


def main():
    if not mentions(read_diagnosis(), r"Too many open files|Errno 24|EMFILE"):
        not_mine("the table of open files was not full here")
    cases = []
    for module in modules():
        for function in functions(module):
            for node in ast.walk(function.node):
                for block in (getattr(node, field, None) for field in ("body", "orelse", "finalbody")):
                    for at, statement in enumerate(block if isinstance(block, list) else []):
                        name = opened(statement) if isinstance(statement, ast.stmt) else None
                        if name is None or re.search(rf"close\({name}\)|fdopen\({name}\b|return .*\b{name}\b", module.source(function.node)):
                            continue
                        cases.append(
                            Case(
                                f"{module.path}:{statement.lineno}: nobody closes the descriptor that {function.name} opens.",
                                function,
                                {module.path: importing(closed(module, block, at, name), "os")},
                                CHECK,
                                [(SETUP, call) for call in calls(function, GIVEN)[:24]],
                                ("resource",),
                            )
                        )
    mend("descriptors_are_closed", cases)


main()
