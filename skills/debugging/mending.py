"""How a remedy of this folder shows that it is right before it proposes anything: a test that calls the repository's own code fails as the
files are, and passes when they are changed. Where no call can be found for which that holds, the files stay as they are."""
import contextlib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import dataclass, field
from typing import Iterator

from sources import Function, not_mine

MOST_CALLS = 160
CALL_SECONDS = 3
TEST_SECONDS = 20
BEGAN = time.monotonic()

NUMBERS = '''def numbers(value):
    """Every number in it, whatever lies around them."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [one for part in value for one in numbers(part)]
    return [float(value)] if isinstance(value, (int, float)) else []
'''

# By the name of a parameter: what it may be given, likeliest first.
USUAL = [
    (r"seed", ["7"]),
    (r"^(rng|random|generator)$", ["random.Random(7)"]),
    (r"path|file(name)?$|folder|dir(ectory)?$", ["path"]),
    (r"(^|_)(lr|learning_rate|rate|step_size|alpha|eta)$", ["0.1"]),
    (r"eps|beta|coef|gamma|lambda|decay|temperature|scale$", ["0.1"]),
    (r"^(n|k|size|steps?|count|batch_size|length|epochs?|width|world(_size)?|limit|capacity)$", ["2", "8"]),
    (r"rank", ["0"]),
    (r"s$|list|batch|values|data|mask|table|ids", ["[1.0, 2.0, 3.0]", "[1, 2, 3]", "[[1.0, 2.0], [3.0, 4.0]]", "2"]),
    (r"", ["1.0", "[1.0, 2.0, 3.0]", "2", "'a'"]),
]


@dataclass(frozen=True)
class Case:
    """One place where it may be, the files as they would be then, and what shows it."""

    title: str
    function: Function
    files: dict[str, str]
    # Lines of a test. {call} is a call of the function; every line of a setup stands before them.
    check: str
    # (setup, call): tried one after the other.
    trials: list[tuple[str, str]]
    imports: tuple[str, ...] = field(default=())


Prefer = list[tuple[str, list[str]]]


def calls(function: Function, prefer: Prefer = [], made_with: Prefer | None = None) -> list[str]:
    """Calls of a function, or of a method of an object made for it, with arguments by the names of its parameters."""
    if function.owner is None:
        return [f"{function.name}({given})" for given in _arguments(function, prefer)]
    made = [""]
    for node in function.owner.body:
        if getattr(node, "name", "") == "__init__":
            made = _arguments(Function(function.module, node, function.owner), prefer if made_with is None else made_with)
    return [
        f"{function.owner.name}({one}).{function.node.name}({given})"
        for one, given in itertools.islice(itertools.product(made[:12], _arguments(function, prefer)), MOST_CALLS)
    ]


def _arguments(function: Function, prefer: Prefer) -> list[str]:
    arguments = function.node.args
    plain = [*arguments.posonlyargs, *arguments.args]
    with_default = {one.arg for one in plain[len(plain) - len(arguments.defaults) :]}
    with_default |= {one.arg for one, value in zip(arguments.kwonlyargs, arguments.kw_defaults) if value is not None}
    choices: list[list[str]] = []
    for one in function.parameters:
        wanted = next((values for pattern, values in prefer if re.search(pattern, one.arg)), None)
        if wanted is None and one.arg in with_default:
            continue
        values = wanted or next(values for pattern, values in USUAL if re.search(pattern, one.arg))
        name = "" if one in arguments.posonlyargs else f"{one.arg}="
        choices.append([f"{name}{value}" for value in values])
    # Those that differ from the likeliest in the fewest places come first.
    every = itertools.islice(itertools.product(*[list(enumerate(values)) for values in choices]), 20_000)
    ranked = sorted(every, key=lambda row: sum(at for at, _ in row))
    return [", ".join(value for _, value in row) for row in ranked[:MOST_CALLS]]


def mend(slug: str, cases: list[Case], seconds: float = 50) -> None:
    """Carries out the first case that can be shown, and ends the program; with 3 where there is none. What is called may write and remove
    whatever it likes: it does so in a copy of the files, and nothing but the change itself and its test is left here."""
    for case in cases:
        if time.monotonic() - BEGAN > seconds:
            not_mine(f"{len(cases)} places may be meant; none could be shown in time")
        with _copy() as place:
            before = _outcomes(case, place)
            failing = [at for at, how in enumerate(before) if how != "passed"]
            if not failing:
                continue
            _write(case.files, place)
            after = _outcomes(case, place)
        at = next((one for one in failing if after[one : one + 1] == ["passed"]), None)
        if at is None:
            continue
        path, test = _test_of(slug, case, *case.trials[at])
        if os.path.exists(path):
            continue
        with _copy() as place:
            _write({path: test}, place)
            if _passes(path, place):
                continue
            _write(case.files, place)
            if not _passes(path, place):
                continue
        _write({**case.files, path: test}, ".")
        print(f"{case.title}\n\nShown by {path}: it fails without the change and passes with it.")
        sys.exit(0)
    not_mine("no place in these files could be shown to have it" if cases else "no such place in these files")


@contextlib.contextmanager
def _copy() -> Iterator[str]:
    """A folder with the files as they are."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        place = os.path.join(folder, "files")
        shutil.copytree(".", place, symlinks=True, ignore=shutil.ignore_patterns(".git", "__pycache__", "node_modules"))
        yield place


def _write(files: dict[str, str], place: str) -> None:
    for path, text in files.items():
        whole = os.path.join(place, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "w", encoding="utf-8", newline="") as file:
            file.write(text)


def _head(case: Case, root: str) -> str:
    module = case.function.module
    subject = case.function.name.split(".")[0]
    names = sorted({"math", "random", "sys", "tempfile", "unittest", *case.imports})
    return "\n".join(
        [
            *(f"import {one}" for one in names if "." not in one and (one in ("sys", "unittest") or _uses(case, one))),
            *(f"import {one}" for one in names if "." in one),
            "from pathlib import Path",
            "",
            f"sys.path.insert(0, str({root}))",
            "",
            *([f"import {module.name} as module"] if _uses(case, "module") else []),
            *([f"from {module.name} import {subject}"] if _calls_it(case, subject) else []),
        ]
    )


def _uses(case: Case, name: str) -> bool:
    texts = [case.check, *(text for one in case.trials for text in one)]
    return any(re.search(rf"\b{name}\.", text) for text in texts)


def _calls_it(case: Case, subject: str) -> bool:
    return any(re.search(rf"\b{subject}\b", text) for one in case.trials for text in one)


def _body(case: Case, setup: str, call: str) -> str:
    return "\n".join(part for part in (setup, case.check.strip("\n").replace("{call}", call)) if part)


def _outcomes(case: Case, place: str) -> list[str]:
    """How each trial ends with the files at a place: `passed`, or what was raised."""
    root = json.dumps(os.path.abspath(os.path.join(place, case.function.module.root)))
    program = [_head(case, root), "import contextlib, io, json, os, signal", NUMBERS, "class Late(BaseException): pass"]
    program.append("def late(*_): raise Late()\nsignal.signal(signal.SIGALRM, late)\ntold = []")
    program.append("self = unittest.TestCase()")
    for at, (setup, call) in enumerate(case.trials[:MOST_CALLS]):
        program.append(f"def trial_{at}():\n" + textwrap.indent(_body(case, setup, call), "    "))
    program.append(
        f"for at in range({min(len(case.trials), MOST_CALLS)}):\n"
        f"    signal.setitimer(signal.ITIMER_REAL, {CALL_SECONDS})\n"
        "    try:\n"
        "        with contextlib.redirect_stdout(io.StringIO()):\n"
        "            globals()[f'trial_{at}']()\n"
        "        told.append('passed')\n"
        "    except Exception as failure:\n"
        "        told.append(type(failure).__name__)\n"
        "    except BaseException:\n"
        "        told.append('late')\n"
        "    finally:\n"
        "        signal.setitimer(signal.ITIMER_REAL, 0)\n"
        "print('\\n' + json.dumps(told))"
    )
    done = _python(["-c", "\n".join(program)], place, TEST_SECONDS * 2)
    try:
        told = json.loads(done.splitlines()[-1])
    except (ValueError, IndexError):
        return []
    return told if isinstance(told, list) else []


def _test_of(slug: str, case: Case, setup: str, call: str) -> tuple[str, str]:
    folder = _test_folder()
    depth = folder.count("/") + 1 if folder else 0
    root = f"Path(__file__).resolve().parents[{depth}]"
    if case.function.module.root:
        root += "".join(f" / {json.dumps(part)}" for part in case.function.module.root.split("/"))
    body = _body(case, setup, call)
    name = re.sub(r"\W", "_", f"{slug}_{case.function.name}".lower())
    one = Case(case.title, case.function, {}, case.check, [(setup, call)], case.imports)
    # Pieces of the source stand in the title.
    title = " ".join(case.title.replace("\\", "/").replace('"', "'").split())
    parts = [f'"""{title}"""\n\n{_head(one, root)}']
    if "numbers(" in body:
        parts.append(NUMBERS)
    parts.append(
        f"class {''.join(part.capitalize() for part in slug.split('_'))}(unittest.TestCase):\n"
        f"    def test_{name}(self):\n" + textwrap.indent(body, " " * 8)
    )
    parts.append('if __name__ == "__main__":\n    unittest.main()')
    return os.path.join(folder, f"test_{name}.py"), "\n\n\n".join(part.strip("\n") for part in parts) + "\n"


def _test_folder() -> str:
    """Where the repository's tests lie; a folder of their own where there are none."""
    found = {}
    for folder, below, names in os.walk("."):
        below[:] = sorted(one for one in below if not one.startswith(".") and one not in ("node_modules", "venv"))
        if count := sum(bool(re.fullmatch(r"test_.*\.py|.*_test\.py", one)) for one in names):
            found[folder[2:]] = count
    return max(found, key=lambda one: (found[one], -len(one))) if found else "tests"


def _passes(path: str, place: str) -> bool:
    """Whether a test file passes, run for itself."""
    try:
        done = subprocess.run([sys.executable, "-B", path], cwd=place, capture_output=True, timeout=TEST_SECONDS)
        return done.returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _python(arguments: list[str], place: str, seconds: float) -> str:
    try:
        done = subprocess.run([sys.executable, "-B", *arguments], cwd=place, capture_output=True, timeout=seconds, text=True)
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout
