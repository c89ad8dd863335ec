"""What the launchers of compiled languages share: a request from the grader, programs that are watched, and one exit code at the end.

Standard input: {"sources", "toolchain"?, …}, with {"ids"} to compile, or {"id", "passed", "failed", "other"} to run one test. The last
three are exit codes, secret and different in every run; they stay in this process, which is not the one that the candidate's code is
loaded into, and no other can trace it, open its memory or read its standard input.
"""
import hashlib
import json
import os
import shutil
import subprocess
import sys

leave = os._exit
# In place of a name: every test of the file, at least one.
WHOLE = "*"
# Where compiled.ts has it too.
BUILT = os.path.join(os.getcwd(), ".anneal-built")
SCRATCH = os.environ["TMPDIR"]
MOST_OUTPUT = 4_000_000


def find(*names):
    """The first of these programs that there is; an alternative's link may lead nowhere in the sandbox."""
    for name in names:
        path = shutil.which(name)
        if path is not None:
            return os.path.realpath(path)
    raise FileNotFoundError(" or ".join(names))


def watch(argv, cwd=None, **environment):
    """Runs a program without input to its end. Returns its exit code and the beginning of what it wrote."""
    path = os.path.join(SCRATCH, "output")
    with open(path, "wb+") as output:
        os.unlink(path)
        code = subprocess.call(
            argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**os.environ, **environment}
        )
        output.seek(0)
        return code, output.read(MOST_OUTPUT).decode("utf8", "replace")


def place(*parts):
    """Where something built for these parts lies."""
    return os.path.join(BUILT, hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24])


def runnable(path):
    """What comes back from a build is plain files."""
    os.chmod(path, 0o755)
    return path


def main(build, test):
    """build(request, ids); test(request, path, name) gives an outcome."""
    request = json.loads(sys.stdin.readline())
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    outcome = "other"
    try:
        if sys.argv[1] == "build":
            shutil.rmtree(BUILT, ignore_errors=True)
            os.makedirs(BUILT)
            build(request, request["ids"])
            leave(0)
        path, _, name = request["id"].partition("::")
        outcome = test(request, path, name)
    except Exception as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode("utf-8", "replace"))
    leave(request.get(outcome, 1))
