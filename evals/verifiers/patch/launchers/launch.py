"""Runs one test in the project's own runner and ends with the exit code that it was told for the outcome; it prints nothing.

Usage: launch.py unittest|pytest. Standard input: {"id", "sources", "passed", "failed", "other"}, the last three secret and
different in every run.

This process loads the candidate's code, so its word alone is worth little: docs/decisions/0017-runners-are-candidates.md says what
the grader makes of it.
"""
import json
import os
import sys

leave = os._exit
# In place of a name: every test of the file, at least one.
WHOLE = "*"


def read_request():
    line = sys.stdin.readline()
    # Whoever reads standard input later finds nothing.
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    return json.loads(line)


def look_in(sources):
    """The project first, then what is installed; no .pth file is looked at."""
    import site

    sys.path[:0] = [os.path.join(os.getcwd(), source) for source in sources]
    sys.path += site.getsitepackages()


def by_unittest(request):
    import importlib
    import unittest

    look_in(request["sources"])
    path, *names = request["id"].split("::")
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    if names == [WHOLE]:
        cases = unittest.defaultTestLoader.loadTestsFromModule(module)
    else:
        group, name = names
        cases = unittest.TestSuite([getattr(module, group)(name)])
    result = unittest.TestResult()
    cases.run(result)
    unclear = result.errors or result.skipped or result.expectedFailures or result.unexpectedSuccesses
    if unclear or result.testsRun < 1 or (names != [WHOLE] and result.testsRun != 1):
        return "other"
    return "failed" if result.failures else "passed"


def by_pytest(request):
    sealed = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, os.path.join(sealed, "pytest.zip"))
    import pytest

    look_in(request["sources"])
    seen = {"items": [], "phases": [], "asserted": False}

    class Watch:
        def pytest_collection_finish(self, session):
            seen["items"] = [item.nodeid for item in session.items]

        def pytest_runtest_logreport(self, report):
            seen["phases"].append((report.when, report.outcome, hasattr(report, "wasxfail")))

        def pytest_exception_interact(self, call):
            seen["asserted"] = issubclass(call.excinfo.type, (AssertionError, pytest.fail.Exception))

    # Nothing is remembered between runs, nothing is printed, and no option of the project asks for a plug-in that is not there.
    options = ["-p", "no:cacheprovider", "-p", "no:terminal", "-o", "addopts=", "--rootdir", os.getcwd()]
    wanted = request["id"].removesuffix("::" + WHOLE)
    status = pytest.main([*options, wanted], plugins=[Watch()])
    items = seen["items"]
    if not items or (wanted == request["id"] and items != [wanted]):
        return "other"
    right = [(phase, "passed", False) for phase in ("setup", "call", "teardown")] * len(items)
    if seen["phases"] == right and status == 0:
        return "passed"
    failed = ("call", "failed", False) in seen["phases"]
    return "failed" if failed and seen["asserted"] else "other"


def main():
    request = read_request()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    outcome = "other"
    try:
        outcome = {"unittest": by_unittest, "pytest": by_pytest}[sys.argv[1]](request)
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode("utf-8", "replace"))
    # Not by way of exit: what a candidate registered for then has no say.
    leave(request[outcome])


main()
