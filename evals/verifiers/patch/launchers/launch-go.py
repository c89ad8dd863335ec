"""Go's own tests: `go test -c` for each package, then one test of one package, as `go test -json` would run and read it."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from launched import SCRATCH, WHOLE, find, main, place, runnable, watch

# `-test.v=test2json` marks the lines that the package `testing` writes.
RESULT = re.compile(r"^[ \t\x16]*--- (PASS|FAIL|SKIP): (\S+) \(", re.MULTILINE)


def warmed(cache):
    """A cache that can be written to, with what was compiled before linked into it."""
    own = os.path.join(SCRATCH, "go-build")
    for folder in os.listdir(cache) if cache else ():
        if not os.path.isdir(os.path.join(cache, folder)):
            continue
        os.makedirs(os.path.join(own, folder))
        for name in os.listdir(os.path.join(cache, folder)):
            os.symlink(os.path.join(cache, folder, name), os.path.join(own, folder, name))
    return own


def build(request, ids):
    go = find("go")
    vendored = os.path.isdir("vendor")
    environment = {
        "GOROOT": os.path.dirname(os.path.dirname(go)),
        "GOCACHE": warmed(request.get("toolchain", {}).get("cache")),
        "GOPATH": request.get("toolchain", {}).get("modules") or os.path.join(SCRATCH, "go"),
        "GOFLAGS": "-mod=vendor" if vendored else "-mod=mod",
        # Nothing is fetched, nothing is asked, and no setting of the machine's has a say.
        **{"GOENV": "off", "GOPROXY": "off", "GOSUMDB": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"},
    }
    for folder in sorted({os.path.dirname(one.partition("::")[0]) for one in ids}):
        argv = [go, "test", "-c", "-vet=off", "-buildvcs=false", "-ldflags=-s -w", "-o", place(folder), "."]
        code, output = watch(argv, cwd=folder or ".", **environment)
        os.write(2, output[-4_000:].encode() if code != 0 else b"")


def test(request, path, name):
    folder = os.path.dirname(path)
    only = [] if name == WHOLE else ["-test.run", "/".join(f"^{escaped(part)}$" for part in name.split("/"))]
    # As `go test` has it: leaving with 0 from within a test is a failure.
    argv = [runnable(place(folder)), "-test.v=test2json", "-test.count=1", "-test.paniconexit0", *only]
    code, output = watch(argv, cwd=folder or ".")
    results = RESULT.findall(output)
    own = [result for result, test in results if test == name]
    said = {result for result, test in results if name == WHOLE or test == name or test.startswith(f"{name}/")}
    if not results or (name != WHOLE and len(own) != 1):
        return "other"
    if said == {"PASS"} and code == 0:
        return "passed"
    return "failed" if "FAIL" in said and code == 1 and "\npanic: " not in output else "other"


def escaped(text):
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)


main(build, test)
