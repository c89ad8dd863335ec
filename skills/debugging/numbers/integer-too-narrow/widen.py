"""Codes of 8 and 16 bits for integers become codes of 32."""
import ast
import re

from mending import Case, calls, mend
from sources import called, functions, mentions, modules, not_mine, read_diagnosis, replaced

WIDER = str.maketrans("bhBH", "iiII")
CODE = re.compile(r"^[@=<>!]?(\d*|%d)[bhBH]$")
STRUCT = {"pack", "unpack", "pack_into", "unpack_from", "calcsize", "iter_unpack", "Struct"}
CHECK = "{call}"
BOTH = """
self.assertEqual(list(module.{back}({call})), [1, 70_000, 2])
"""
LARGE = [(r"path|file", ["path"]), (r"", ["[1, 70_000, 2]", "70_000"])]
PAIRS = [("encode", "decode"), ("pack", "unpack"), ("dump", "load"), ("write", "read"), ("to_bytes", "from_bytes"), ("save", "load")]


def widened(text):
    """The text of a code, with its quotes, or of an f-string that ends in one; codes inside it too."""
    text = re.sub(r"(['\"][@=<>!]?)([bhBH])(['\"])", lambda found: found[1] + found[2].translate(WIDER) + found[3], text)
    return text[:-2] + text[-2].translate(WIDER) + text[-1]


def codes(module):
    """Texts that say how wide integers are. Places inside an f-string are not known well: it is one text."""
    inside = {id(part) for one in ast.walk(module.tree) if isinstance(one, ast.JoinedStr) for part in ast.walk(one) if part is not one}
    for node in ast.walk(module.tree):
        if called(node).split(".")[-1] not in STRUCT | {"array"} or not node.args or id(node) in inside:
            continue
        first = node.args[0]
        if isinstance(first, ast.BinOp):
            first = first.left
        plain = isinstance(first, ast.Constant) and isinstance(first.value, str) and CODE.match(first.value)
        written = isinstance(first, ast.JoinedStr) and re.search(r"[bhBH]['\"]$", module.source(first))
        if plain or written:
            yield first, widened(module.source(first))


def main():
    if not mentions(read_diagnosis(), r"OverflowError|struct\.error|format requires|integer is (greater|less) than|out of (range|bounds)|byte must be in range"):
        not_mine("no integer was too large for its type here")
    cases = []
    for module in modules():
        changes = list(codes(module))
        if not changes:
            continue
        named = {one.node.name: one for one in functions(module) if one.owner is None}
        for function in functions(module):
            back = [b for a, b in PAIRS if a in function.node.name for b in [function.node.name.replace(a, b)] if b in named]
            check = BOTH.replace("{back}", back[0]) if back else CHECK
            if not any(node.lineno >= function.node.lineno and node.end_lineno <= function.node.end_lineno for node, _ in changes):
                continue
            cases.append(
                Case(
                    f"{module.path}:{changes[0][0].lineno}: what {function.name} packs does not fit its type; it has 32 bits. Files in the narrow form have to be converted.",
                    function,
                    {module.path: replaced(module.text, *changes)},
                    check,
                    [("", call) for call in calls(function, LARGE)],
                )
            )
    mend("large_integers_fit", sorted(cases, key=lambda one: "assertEqual" not in one.check))


main()
