"""Java's tests: compiled by javac, one test by JUnit's console; or whatever program the task names, as long as it writes JUnit's XML."""
import os
import re
import shutil
import sys
import xml.etree.ElementTree
import zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from launched import SCRATCH, WHOLE, find, main, place, watch

CONSOLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "junit.jar")
# Quick to start, and small beside others.
JVM = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx1g"]


def files_of(*folders):
    """Every file below these folders, and where it lies in them."""
    for folder in folders:
        for top, _, names in sorted(os.walk(folder or ".")):
            for name in sorted(names):
                path = os.path.normpath(os.path.join(top, name))
                yield path, os.path.relpath(path, folder or ".")


def jars():
    return [path for path, _ in files_of("") if path.endswith(".jar") and not path.startswith(".anneal-built")]


def program(name):
    """One of the JDK's, with the libraries that it would find by way of /proc, which is not there."""
    path = find(name)
    return path, {"LD_LIBRARY_PATH": os.path.join(os.path.dirname(os.path.dirname(path)), "lib")}


def build(request, ids):
    javac, environment = program("javac")
    classes = os.path.join(SCRATCH, "classes")
    tests = {one.partition("::")[0] for one in ids}
    mine = dict(files_of(*request["sources"]))
    sources = sorted({path for path in mine if path.endswith(".java")} | tests)
    # No processor of annotations: it would run while everything is still written.
    argv = [javac, *[f"-J{one}" for one in JVM], "-proc:none", "-nowarn", "-d", classes]
    code, output = watch([*argv, "-cp", ":".join([CONSOLE, *jars()]), *sources], **environment)
    os.write(2, output[-4_000:].encode() if code != 0 else b"")
    if code != 0:
        return
    resources = {inside: path for path, inside in mine.items() if not path.endswith((".java", ".jar"))}
    with zipfile.ZipFile(place("classes"), "w") as out:
        for inside, path in [*resources.items(), *((inside, path) for path, inside in files_of(classes))]:
            out.write(path, inside)


def by_console(path, wanted, method):
    java, environment = program("java")
    reports = os.path.join(SCRATCH, "reports")
    only = [] if method == WHOLE else ["--include-methodname", f"^.*#{re.escape(method)}$"]
    argv = [java, *JVM, "-jar", CONSOLE, "execute", "--disable-banner", "--details", "none", "--reports-dir", reports]
    classpath = ":".join([place("classes"), *jars()])
    code, _ = watch([*argv, "--class-path", classpath, "--select-class", wanted, *only], **environment)
    return code, reports


def by_program(reporting, wanted, method):
    shutil.rmtree(reporting["reports"], ignore_errors=True)
    argv = [one.replace("{class}", wanted).replace("{method}", method) for one in reporting["argv"]]
    code, output = watch(argv)
    os.write(2, output[-4_000:].encode() if code != 0 else b"")
    return code, reporting["reports"]


def outcomes(reports):
    """For each case of the reports its class, its name without parameters, and what became of it."""
    for path, _ in files_of(reports):
        if not path.endswith(".xml"):
            continue
        for case in xml.etree.ElementTree.parse(path).iter("testcase"):
            ends = {child.tag for child in case} & {"failure", "error", "skipped"}
            name = re.split(r"[(\[{]", case.get("name", ""))[0]
            yield case.get("classname", ""), name, min(ends, default="passed")


def test(request, path, name):
    wanted, _, method = name.rpartition("::")
    if name == WHOLE:
        wanted, method = class_of(path), WHOLE
    reporting = request.get("reporting")
    code, reports = by_program(reporting, wanted, method) if reporting else by_console(path, wanted, method)
    seen = list(outcomes(reports))
    if not seen or any(one != wanted or method not in (WHOLE, case) for one, case, _ in seen):
        return "other"
    said = {outcome for _, _, outcome in seen}
    if said == {"passed"} and code == 0:
        return "passed"
    # JUnit calls a failure what an assertion threw, and an error everything else.
    return "failed" if code != 0 and "failure" in said and "error" not in said else "other"


def class_of(path):
    """By its file, which is not there when tests run: the folder that a package lies in is told from where sources begin."""
    inside = re.sub(r"^(?:.*/)?(?:src/(?:main|test)/java|src|test|tests)/", "", path)
    return inside.removesuffix(".java").replace("/", ".")


main(build, test)
