"""Chooses 30 logs by the hash of their names and writes down their bytes' SHA-256: what detectors must not have been tuned on.

Run once, before there was any detector; a test checks that these files still are what they were.
"""

import hashlib
import json
from pathlib import Path

LOGS = Path(__file__).resolve().parent.parent
truth = json.loads((LOGS / "truth.json").read_text())
faults = [name for name in truth if truth[name]["cause"] != "healthy"]
chosen = sorted(faults, key=lambda name: hashlib.sha256(f"frozen {name}".encode()).hexdigest())[:30]
frozen = {
    name: {
        "files": {file: hashlib.sha256((LOGS / file).read_bytes()).hexdigest() for file in truth[name]["files"]},
        "truth": hashlib.sha256(json.dumps(truth[name], sort_keys=True).encode()).hexdigest(),
    }
    for name in sorted(chosen)
}
(LOGS / "frozen.json").write_text(json.dumps(frozen, indent=1, sort_keys=True) + "\n")
