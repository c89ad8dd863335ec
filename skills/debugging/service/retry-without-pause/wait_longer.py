"""Between two tries there is a pause, and each is longer."""
import ast
import re

from mending import Case, calls, mend
from sources import called, functions, importing, indent_of, mentions, modules, not_mine, read_diagnosis, with_lines

FAILS = "unittest.mock.Mock(side_effect=[OSError('busy')] * 4 + [unittest.mock.MagicMock()] * 4)"
SETUP = f"""told = {FAILS}
told.post = told.get = told.send = told.request = told.call = told.ask = told.complete = told.generate = told
sleep = unittest.mock.patch("time.sleep").start()
self.addCleanup(unittest.mock.patch.stopall)"""
OPENED = SETUP + '\nunittest.mock.patch("urllib.request.urlopen", told).start()'
CHECK = """
try:
    {call}
except OSError:
    pass
finally:
    unittest.mock.patch.stopall()
pauses = [call.args[0] for call in sleep.call_args_list]
self.assertGreaterEqual(told.call_count, 2)
self.assertGreaterEqual(len(pauses), told.call_count - 2)
self.assertGreater(sum(pauses), 0)
self.assertEqual(pauses, sorted(pauses), "each pause is at least as long as the one before")
"""
COUNT = r"^(n|tries|attempts|retries|max_\w+|times|limit|retry)$"
GIVEN = [(COUNT, ["5", "3"]), (r"url|endpoint|address", ["'http://127.0.0.1:9/'", "told"]), (r"", ["told", "'x'", "{}", "1"])]


def goes_on(handler):
    """Nothing is done about the failure that could pause or end it."""
    return not any(isinstance(node, (ast.Raise, ast.Return, ast.Break)) or "sleep" in called(node) or "wait" in called(node) for node in ast.walk(handler))


def paused(module, loop, handler):
    indent = indent_of(module.text, handler.body[0])
    text, counter = module.text, "attempt"
    changes = []
    if isinstance(loop, ast.For) and isinstance(loop.target, ast.Name):
        counter = loop.target.id
        if counter.startswith("_"):
            counter = "attempt"
            line = text.splitlines()[loop.lineno - 1]
            changes.append((loop.lineno - 1, loop.lineno, [re.sub(rf"\bfor {loop.target.id}\b", "for attempt", line)]))
        pause = [f"{indent}time.sleep(min(30.0, 0.5 * 2**{counter}))"]
    else:
        changes.append((loop.lineno - 1, loop.lineno - 1, [f"{indent_of(text, loop)}attempt = 0"]))
        pause = [f"{indent}time.sleep(min(30.0, 0.5 * 2**attempt))", f"{indent}attempt = min(attempt + 1, 10)"]
    first = handler.body[0]
    only_pass = len(handler.body) == 1 and isinstance(first, ast.Pass)
    # Before a `continue`, after anything else that is told.
    at = handler.body[-1].lineno - 1 if isinstance(handler.body[-1], ast.Continue) else handler.end_lineno
    changes.append((first.lineno - 1, first.end_lineno, pause) if only_pass else (at, at, pause))
    return importing(with_lines(text, *changes), "time")


def main():
    diagnosis = read_diagnosis()
    if diagnosis["cause"] not in ("gateway-failure", "verifier-failure") and not mentions(diagnosis, r"\b(429|503)\b|Too Many Requests|rate limit|refused"):
        not_mine("no service refused anything here")
    cases = []
    for module in modules():
        if re.search(r"^\s*from time import", module.text, re.M):
            continue
        for function in functions(module):
            if "sleep" in module.source(function.node):
                continue
            for loop in ast.walk(function.node):
                if not isinstance(loop, (ast.While, ast.For)):
                    continue
                tries = [one for one in loop.body if isinstance(one, ast.Try)]
                handlers = [handler for one in tries for handler in one.handlers if goes_on(handler)]
                for handler in handlers[:1]:
                    if handler.body[0].lineno == handler.lineno:
                        continue
                    given = calls(function, GIVEN)
                    cases.append(
                        Case(
                            f"{module.path}:{handler.lineno}: {function.name} tries again at once; it waits twice as long each time.",
                            function,
                            {module.path: paused(module, loop, handler)},
                            CHECK,
                            [(setup, call) for call in given[:40] for setup in (SETUP, OPENED)],
                            ("unittest.mock", "urllib.request"),
                        )
                    )
    mend("tries_again_later", cases)


main()
