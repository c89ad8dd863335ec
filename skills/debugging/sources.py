"""A repository's Python as remedies read it: modules with their syntax trees, and edits by the place of a node. Nothing is run here."""
import ast
import json
import os
import re
import sys
from dataclasses import dataclass
from typing import Iterator

MOST_BYTES = 1 << 20
MOST_MODULES = 2000
LEFT_OUT = {"node_modules", "venv", "build", "dist", "site-packages", "__pycache__"}
TEST = re.compile(r"(^|/)(tests?|testing)/|(^|/)(test_[^/]*|[^/]*_test|conftest)\.py$")


@dataclass(frozen=True)
class Module:
    path: str
    text: str
    tree: ast.Module
    # What `import` calls it, and the folder that has to be on the search path for that.
    name: str
    root: str

    def source(self, node: ast.AST) -> str:
        return ast.get_source_segment(self.text, node) or ""


@dataclass(frozen=True)
class Function:
    module: Module
    node: ast.FunctionDef
    owner: ast.ClassDef | None

    @property
    def name(self) -> str:
        return self.node.name if self.owner is None else f"{self.owner.name}.{self.node.name}"

    @property
    def parameters(self) -> list[ast.arg]:
        arguments = self.node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        return every[1:] if self.owner is not None and every and every[0].arg in ("self", "cls") else every


def not_mine(why: str) -> None:
    print(why)
    sys.exit(3)


def read_diagnosis() -> dict:
    return json.load(sys.stdin)


def mentions(diagnosis: dict, pattern: str) -> bool:
    """Whether the lines that show the fault, or the sentence about it, hold it."""
    texts = [diagnosis.get("summary", ""), *(one.get("text", "") for one in diagnosis.get("evidence", []))]
    return any(re.search(pattern, text, re.I) for text in texts)


def paths(ending: str | tuple[str, ...]) -> Iterator[str]:
    for folder, below, names in os.walk("."):
        below[:] = sorted(one for one in below if one not in LEFT_OUT and not one.startswith("."))
        for name in sorted(names):
            path = os.path.join(folder, name)[2:]
            if name.endswith(ending) and not os.path.islink(path) and os.path.getsize(path) <= MOST_BYTES:
                yield path


def modules() -> list[Module]:
    """Every module that can be parsed, tests left out."""
    found = []
    for path in paths(".py"):
        if TEST.search(path) or len(found) >= MOST_MODULES:
            continue
        try:
            with open(path, encoding="utf-8", newline="") as file:
                text = file.read()
            tree = ast.parse(text)
        except (SyntaxError, UnicodeDecodeError, ValueError):
            continue
        parts, root = path[:-3].split("/"), ""
        while len(parts) > 1 and not os.path.exists("/".join([root, parts[0], "__init__.py"]).lstrip("/")):
            root = f"{root}/{parts.pop(0)}".lstrip("/")
        if parts[-1] == "__init__":
            parts.pop()
        if parts and all(part.isidentifier() for part in parts):
            found.append(Module(path, text, tree, ".".join(parts), root))
    return found


def functions(module: Module) -> Iterator[Function]:
    """Of the module and of its classes; those inside others cannot be called from outside."""
    for node in module.tree.body:
        if isinstance(node, ast.FunctionDef):
            yield Function(module, node, None)
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef):
                    yield Function(module, inner, node)


def name_of(node: ast.AST) -> str:
    """The last name of what a node stands for: `std` of `self.std`, of `std` and of `std(x)`."""
    if isinstance(node, ast.Call):
        return name_of(node.func)
    if isinstance(node, ast.Subscript):
        key = node.slice
        return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else name_of(node.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def called(node: ast.AST) -> str:
    """`math.log` of `math.log(x)`; nothing of what is no plain call."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def replaced(text: str, *changes: tuple[ast.AST, str]) -> str:
    """The text with other words at the places of nodes, which do not overlap."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode()))
    data = text.encode()
    for node, new in sorted(changes, key=lambda one: (one[0].lineno, one[0].col_offset), reverse=True):
        first = starts[node.lineno - 1] + node.col_offset
        last = starts[node.end_lineno - 1] + node.end_col_offset
        data = data[:first] + new.encode() + data[last:]
    return data.decode()


def lines_of(text: str, node: ast.stmt) -> tuple[int, int]:
    """Of a statement: index of its first line, and of the one behind it. Decorators are not part of it."""
    return node.lineno - 1, node.end_lineno


def indent_of(text: str, node: ast.stmt) -> str:
    return re.match(r"[ \t]*", text.splitlines()[node.lineno - 1]).group()


def with_lines(text: str, *changes: tuple[int, int, list[str]]) -> str:
    """The text with lines from the first to the one before the last replaced; line ends as the file has them."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += end
    for first, last, new in sorted(changes, reverse=True):
        lines[first:last] = [line + end for line in new]
    return "".join(lines)


def importing(text: str, name: str) -> str:
    """With `import name` among its imports, in the order of the alphabet."""
    body = ast.parse(text).body
    plain = [one for one in body if isinstance(one, ast.Import) and len(one.names) == 1]
    if any(one.names[0].name == name and not one.names[0].asname for one in plain):
        return text
    before = [one for one in plain if one.names[0].name < name]
    if before:
        at = before[-1].end_lineno
    elif plain:
        at = plain[0].lineno - 1
    else:
        at = 0
        for node in body:
            is_doc = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
            if not is_doc and not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
                break
            at = node.end_lineno
        return with_lines(text, (at, at, ["", f"import {name}"] if at else [f"import {name}", "", ""]))
    return with_lines(text, (at, at, [f"import {name}"]))


def settings() -> list[tuple[str, str, float]]:
    """Numbers of the repository's configuration: file, key, value."""
    found: list[tuple[str, str, float]] = []

    def walk(path: str, value: object, key: str) -> None:
        if isinstance(value, dict):
            for name, one in value.items():
                walk(path, one, str(name))
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found.append((path, key, value))

    for path in paths((".json", ".toml", ".yaml", ".yml", ".ini", ".cfg")):
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        try:
            if path.endswith(".json"):
                walk(path, json.loads(text), "")
            elif path.endswith(".toml"):
                import tomllib

                walk(path, tomllib.loads(text), "")
            else:
                for key, value in re.findall(r"^\s*([A-Za-z_][\w-]*)\s*[:=]\s*([-+.\deE]+)\s*(?:[#;].*)?$", text, re.M):
                    walk(path, float(value), key)
        except ValueError:
            continue
    return found
