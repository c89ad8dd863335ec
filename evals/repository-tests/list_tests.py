"""Says which tests of a file there are and which pass; whoever asks believes it, for the code is the repository's own and nothing is
rewarded here. Usage: list_tests.py unittest|pytest FILE SOURCE... Prints one JSON line a test."""
import importlib
import json
import os
import resource
import sys

SAY = os.fdopen(os.dup(1), "w")


def say(name, passed):
    SAY.write(json.dumps({"name": name, "passed": passed}) + "\n")


def look_in(sources):
    import site

    sys.path[:0] = [os.path.join(os.getcwd(), source) for source in sources]
    sys.path += site.getsitepackages()


def by_unittest(path):
    import unittest

    def cases(suite):
        for part in suite:
            if isinstance(part, unittest.TestSuite):
                yield from cases(part)
            else:
                yield part

    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    for case in cases(unittest.defaultTestLoader.loadTestsFromModule(module)):
        result = unittest.TestResult()
        unittest.TestSuite([case]).run(result)
        unclear = result.skipped or result.expectedFailures or result.unexpectedSuccesses
        say(f"{type(case).__name__}::{case._testMethodName}", result.wasSuccessful() and not unclear)
        for _, trace in result.errors + result.failures:
            sys.stderr.write(trace.strip().splitlines()[-1][:300] + "\n")


def by_pytest(path):
    import pytest

    class Watch:
        def pytest_runtest_logreport(self, report):
            if report.when == "call" or report.outcome != "passed":
                say(report.nodeid.split("::", 1)[1], report.outcome == "passed" and not hasattr(report, "wasxfail"))

        def pytest_collectreport(self, report):
            if report.failed:
                sys.stderr.write(str(report.longrepr).strip().splitlines()[-1][:300] + "\n")

    options = ["-p", "no:cacheprovider", "-p", "no:terminal", "-o", "addopts=", "--rootdir", os.getcwd()]
    pytest.main([*options, path], plugins=[Watch()])


# As environment.ts has it for node.
CPU_SECONDS = 10


def main():
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    runner, path, *sources = sys.argv[1:]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "pytest.zip"))
    os.dup2(2, 1)
    look_in(sources)
    try:
        {"unittest": by_unittest, "pytest": by_pytest}[runner](path)
    except BaseException as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n"[:2000])
    SAY.flush()


main()
