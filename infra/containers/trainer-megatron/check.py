"""Whether a base image has what the trainer is written for. Runs while the image is built; needs no GPU."""

import importlib.metadata as metadata
import sys

# Up to where the versions must agree: what the trainer calls is not promised to stay.
WANTED = {"megatron-core": "0.19.", "megatron-bridge": "0.6.", "torch": "2.", "transformer-engine": "2.", "safetensors": "0."}

problems = []
if sys.version_info[:2] != (3, 12):
    problems.append(f"CPython 3.12 is wanted, this is {sys.version.split()[0]}")
for name, version in WANTED.items():
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        found = "nothing"
    if not found.startswith(version):
        problems.append(f"{name} {version}* is wanted, the image has {found}")
if problems:
    sys.exit("this base does not do:\n  " + "\n  ".join(problems))
