"""Rust's own tests: `cargo test --no-run` for each target, then one test of one target, whatever others do (`--no-fail-fast`)."""
import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from launched import SCRATCH, WHOLE, find, main, place, runnable, watch

RESULT = re.compile(r"^test (\S+)(?: - should panic)? \.\.\. (ok|FAILED|ignored)\b", re.MULTILINE)
# What `assert!` and its like say, and nothing that merely went wrong.
ASSERTED = re.compile(r"panicked at [^\n]*:\n?\s*assertion ")


def target_of(path):
    """The package's folder, and which of its test targets a file is compiled into: one of its own below tests/, else the library's."""
    folder = os.path.dirname(path)
    while folder and not os.path.exists(os.path.join(folder, "Cargo.toml")):
        folder = os.path.dirname(folder)
    inside = re.fullmatch(r"tests/([^/]+?)(?:\.rs|/main\.rs)", os.path.relpath(path, folder or "."))
    return (folder, "test", inside[1]) if inside else (folder, "lib", "")


def build(request, ids):
    cargo = find("cargo")
    bin = os.path.dirname(cargo)
    environment = {
        "CARGO_HOME": os.path.join(SCRATCH, "cargo"),
        "CARGO_TARGET_DIR": os.path.join(SCRATCH, "target"),
        **{"CARGO_NET_OFFLINE": "true", "CARGO_INCREMENTAL": "0", "RUSTC": os.path.join(bin, "rustc")},
        **{"CARGO_PROFILE_DEV_DEBUG": "0", "CARGO_PROFILE_TEST_DEBUG": "0", "CARGO_PROFILE_TEST_STRIP": "symbols"},
        "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER": find("cc", "gcc", "clang"),
        # Its libraries are found by way of /proc, which is not there.
        "LD_LIBRARY_PATH": os.path.join(os.path.dirname(bin), "lib"),
    }
    for folder, kind, name in sorted({target_of(one.partition("::")[0]) for one in ids}):
        which = ["--test", name] if kind == "test" else ["--lib"]
        argv = [cargo, "test", "--no-run", "--offline", "--message-format=json", *which]
        code, output = watch(argv, cwd=folder or ".", **environment)
        os.write(2, output[-4_000:].encode() if code != 0 else b"")
        for line in output.splitlines():
            made = json.loads(line) if line.startswith('{"reason":"compiler-artifact"') else {}
            is_test = made.get("profile", {}).get("test") and made.get("executable")
            if is_test and (kind == "lib" or made["target"]["name"] == name):
                shutil.copyfile(made["executable"], place(folder, kind, name))


def test(request, path, name):
    folder, *target = target_of(path)
    only = [] if name == WHOLE else ["--exact", name]
    argv = [runnable(place(folder, *target)), *only, "--test-threads=1", "--color=never"]
    code, output = watch(argv, cwd=folder or ".", RUST_BACKTRACE="0")
    results = RESULT.findall(output)
    if not results or (name != WHOLE and [one for one, _ in results] != [name]):
        return "other"
    said = {result for _, result in results}
    if said == {"ok"} and code == 0:
        return "passed"
    return "failed" if "FAILED" in said and code == 101 and ASSERTED.search(output) else "other"


main(build, test)
