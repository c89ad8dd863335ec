"""Constants that repeat what a tokenizer's file says are what it says."""
import ast
import json
import re

from mending import Case, mend
from sources import Function, mentions, modules, not_mine, paths, read_diagnosis, replaced

FILE = re.compile(r"(^|/)[^/]*(tokenizer|vocab|special_tokens)[^/]*\.json$")
SIZE = re.compile(r"^(N_|NUM_)?(VOCAB(ULARY)?(_SIZE)?|TOKENS|EMBEDDINGS)$", re.I)
SPECIAL = re.compile(r"^(EOS|BOS|PAD|UNK|END|SEP|STOP)(_TOKEN)?(_ID)?$", re.I)
SIZE_CHECK = """
with open(PATH, encoding="utf-8") as file:
    told = json.load(file)
vocabulary = told.get("vocab") or told.get("model", {}).get("vocab") or told
ids = [one for one in vocabulary.values() if isinstance(one, int)]
self.assertGreater(module.NAME, max(ids), "every id has its place in the table")
"""
ID_CHECK = """
with open(PATH, encoding="utf-8") as file:
    told = json.load(file)
vocabulary = told.get("vocab") or told.get("model", {}).get("vocab") or told
self.assertEqual(module.NAME, vocabulary[TOKEN], "the tokenizer's own id")
"""


def vocabulary_of(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        try:
            told = json.load(file)
        except ValueError:
            return {}, {}
    if not isinstance(told, dict):
        return {}, {}
    model = told.get("model") if isinstance(told.get("model"), dict) else {}
    found = told.get("vocab") or model.get("vocab") or told
    ids = {name: one for name, one in found.items() if isinstance(one, int)} if isinstance(found, dict) else {}
    special = {}
    for key, name in told.items():
        kind = re.match(r"^(eos|bos|pad|unk|sep)_token$", key)
        if kind and isinstance(name, str) and name in ids:
            special[kind.group(1)] = name
    for name in ids:
        plain = re.match(r"^[<\[|]+/?(eos|bos|pad|unk|sep|s|end_?of_?text)[|\]>]+$", name)
        if plain:
            word = {"s": "eos" if "/" in name else "bos"}.get(plain.group(1), plain.group(1)[:3] if "end" not in plain.group(1) else "eos")
            special.setdefault(word, name)
    return ids, special


def main():
    diagnosis = read_diagnosis()
    if diagnosis["cause"] != "tokenizer-mismatch" and not mentions(diagnosis, r"out of range|out of bounds|token|vocab"):
        not_mine("no token was unknown here")
    files = [(path, *vocabulary_of(path)) for path in paths(".json") if FILE.search(path)]
    files = [one for one in files if one[1]]
    if not files:
        not_mine("no file of a tokenizer is here")
    cases = []
    for module in modules():
        for node in module.tree.body:
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name) or not isinstance(node.value, ast.Constant):
                continue
            name, value = node.targets[0].id, node.value.value
            if not isinstance(value, int) or isinstance(value, bool):
                continue
            for path, ids, special in files:
                # A test lies one or more folders deep; the file is found from the root of the repository.
                place = "next(one / " + json.dumps(path) + " for one in Path(module.__file__).resolve().parents if (one / " + json.dumps(path) + ").exists())"
                if SIZE.match(name) and value <= max(ids.values()):
                    new, check = max(ids.values()) + 1, SIZE_CHECK
                elif (kind := SPECIAL.match(name)) and (token := special.get(kind.group(1).lower())) and ids[token] != value:
                    new, check = ids[token], ID_CHECK.replace("TOKEN", json.dumps(token))
                else:
                    continue
                # Nothing is called: the constant itself is what is looked at.
                constant = ast.FunctionDef(name=name, args=ast.arguments([], [], None, [], [], None, []), body=[])
                cases.append(
                    Case(
                        f"{module.path}:{node.lineno}: {name} is {value}, and {path} says {new}.",
                        Function(module, constant, None),
                        {module.path: replaced(module.text, (node.value, str(new)))},
                        check.replace("PATH", place).replace("NAME", name),
                        [("", "")],
                        ("json",),
                    )
                )
    mend("constant_is_the_tokenizers", cases)


main()
