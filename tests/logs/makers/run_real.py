"""Runs the programs that really fail and keeps what they printed, with what is known of each: cause, line and rank.

    python tests/logs/makers/run_real.py [NAME …]        # needs numpy, jax and safetensors; as root also a full disk and an OOM kill

The line of the first fault is found by a pattern that stands here, written before there was any detector.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOGS = HERE.parent / "real"
TRUTH = HERE.parent / "truth.json"
CGROUP = Path("/sys/fs/cgroup/memory/anneal-log-maker")

# name: (cause, pattern of the line that shows the first fault, rank)
TABLE: dict[str, tuple[str, str | None, int | None]] = {
    "healthy": ("healthy", None, None),
    "retried": ("healthy", None, None),
    "caught": ("healthy", None, None),
    "ranks_healthy": ("healthy", None, None),
    "jax_healthy": ("healthy", None, None),
    "nan": ("nan-or-inf", r"loss: nan|invalid value encountered", None),
    "nan_raised": ("nan-or-inf", r"^FloatingPointError", None),
    "jax_nan": ("nan-or-inf", r"^FloatingPointError", None),
    "memory": ("oom-host", r"MemoryError", None),
    "memory_list": ("oom-host", r"(?i)out of memory: Kill|Killed|oom-kill", None),
    "disk": ("disk-full", r"No space left on device|requested and \d+ written", None),
    "file_limit": ("disk-full", r"File too large|^OSError", None),
    "import_error": ("exception", r"^ImportError", None),
    "missing_module": ("exception", r"^ModuleNotFoundError", None),
    "assertion": ("exception", r"^AssertionError", None),
    "config_key": ("exception", r"^KeyError", None),
    "shape": ("exception", r"^ValueError", None),
    "jax_shape": ("exception", r"^TypeError", None),
    "segfault": ("exception", r"Segmentation fault", None),
    "thread_dies": ("exception", r"^FileNotFoundError", None),
    "sigterm": ("preempted", r"received SIGTERM", None),
    "token_index": ("tokenizer-mismatch", r"^IndexError", None),
    "token_check": ("tokenizer-mismatch", r"^ValueError", None),
    "bad_zip": ("checkpoint-corrupt", r"^(zipfile\.)?(BadZipFile|EOFError|ValueError)", None),
    "bad_pickle": ("checkpoint-corrupt", r"^(_pickle\.UnpicklingError|EOFError)", None),
    "bad_safetensors": ("checkpoint-corrupt", r"SafetensorError", None),
    "bad_digest": ("checkpoint-corrupt", r"^RuntimeError", None),
    "explosion": ("gradient-explosion", None, None),
    "spike": ("loss-spike", r"step   131 ", None),
    "entropy": ("entropy-collapse", None, None),
    "kl": ("kl-blow-up", None, None),
    "drift": ("reward-length-drift", None, None),
    "slow": ("throughput-drop", r"step 35 ", None),
    "starved": ("data-starvation", None, None),
    "rank_stops": ("nccl-timeout", r"timed out after", None),
    "rank_asserts": ("exception", r"^AssertionError", 1),
    "straggler": ("straggler", None, 3),
    "mismatch": ("collective-desync", r"^RuntimeError: Detected mismatch", None),
    "gateway": ("gateway-failure", r"gateway (/v1|did not)", None),
    "gateway_refused": ("gateway-failure", r"gateway (/v1|did not)", None),
    "verifier": ("verifier-failure", r"^subprocess.TimeoutExpired", None),
    "verifier_crash": ("verifier-failure", r"CalledProcessError|verifier process died", None),
    "hang": ("silent-hang", r"step 39 |ended by the operator", None),
}
# Where a course of numbers has no one line, any line from the step at which the program was changed to the last that may still be early.
SPANS = {"explosion": r"step +(8[0-9]|9[0-9]) ", "entropy": r"step (4[0-9]|5[0-9]|6[0-9]|7[0-9]) ", "kl": r'"step": (6[0-9]|7[0-9])\b',
         "drift": r"step (5[1-9]|[6-9][0-9]|1[0-3][0-9]) ", "starved": r"step (3[0-9]|4[0-5]) ", "straggler": r"\[rank3\]: step ([6-9]|1[0-9]) "}


def clean(text: str) -> str:
    """No path of the machine that it ran on stays."""
    text = text.replace(str(HERE), "/srv/train").replace(str(HERE.parents[2]), "/srv/anneal").replace(sys.prefix, "/opt/venv").replace(os.environ.get("OUT", "///"), "/srv/out")
    return re.sub(re.escape(sys.base_prefix) + r"(?=/)", "/usr", text)


def run(name: str) -> list[str]:
    out = Path(tempfile.mkdtemp(prefix="anneal-log-maker-"))
    os.environ["OUT"] = str(out)
    command = f"'{sys.executable}' -u '{HERE / 'programs.py'}' {name}"
    if name == "memory":
        command = f"ulimit -v 1500000; {command}"
    if name == "file_limit":
        command = f"ulimit -f 512; {command}"
    if name == "disk":
        (out / "small").mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(out / "small")], check=True)
    if name == "memory_list":
        CGROUP.mkdir(exist_ok=True)
        (CGROUP / "memory.limit_in_bytes").write_text(str(256 << 20))
        command = f"echo $$ > {CGROUP}/cgroup.procs; {command}; echo \"exit code $?\""
    # As somebody's launch script would: a shell between, which tells how its child ended.
    script = out / "launch.sh"
    script.write_text(f"{command}\n")
    done = subprocess.run(["bash", str(script)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode()
    if name == "memory_list":
        kernel = subprocess.run(["dmesg"], capture_output=True, text=True, check=False).stdout.splitlines()
        text += "".join(f"{line}\n" for line in kernel[-60:] if "oom" in line.lower() or "out of memory" in line.lower())
        CGROUP.rmdir()
    if name == "disk":
        subprocess.run(["umount", str(out / "small")], check=True)
    files = []
    parts = {f"{path.stem}": path.read_text() for path in sorted(out.glob("rank*.log"))} or {"": text}
    for part, content in parts.items():
        path = LOGS / (f"{name}.log" if part == "" else f"{name}/{part}.log")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(clean(content).replace("launch.sh", "train.sh"))
        files.append(str(path.relative_to(LOGS.parent)))
    shutil.rmtree(out)
    return files


def main() -> None:
    truth = json.loads(TRUTH.read_text()) if TRUTH.exists() else {}
    for name in sys.argv[1:] or TABLE:
        cause, pattern, rank = TABLE[name]
        files = run(name)
        found = []
        for file in files:
            for number, line in enumerate((LOGS.parent / file).read_text().splitlines(), 1):
                wanted = SPANS.get(name) or pattern
                if wanted is not None and re.search(wanted, line):
                    found.append((file, number))
        if cause != "healthy" and not found:
            raise SystemExit(f"{name}: no line shows it; look at {files}")
        first = found[0] if found else None
        lines = [number for file, number in found if file == first[0]] if first else []
        single = name not in SPANS and name not in ("nan", "hang", "memory_list", "gateway", "gateway_refused", "verifier_crash")
        truth[f"real/{name}"] = {
            "files": files, "cause": cause, "file": first[0] if first else None,
            "lines": lines[:1] if single else lines, "rank": rank,
            "source": f"run: makers/programs.py {name}",
        }
        print(name, cause, truth[f"real/{name}"]["lines"][:6], flush=True)
        TRUTH.write_text(json.dumps(truth, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
