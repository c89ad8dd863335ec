"""Weights on their way to a server: delta, manifest, the checkpoint on a node's disk. No GPU and no vLLM."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from anneal_megatron import delta
from anneal_megatron.cache import WeightCache
from anneal_megatron.manifest import File, Manifest, digest_of, parse_manifest
from anneal_trainer.failures import JobFailure
from anneal_trainer.store import FolderStore, Ref

# Of bytes(range(40)) with places 3, 5, 12 and 20 to 22 changed, and two bytes more: the TypeScript twin makes the same.
TWIN = "414e4e45414c4431" "0303ff04fe" "0601fd" "0703fcfbfa" "110207" "08" "00002a"


def encoded(before: bytes, after: bytes, piece: int = delta.PIECE) -> bytes:
    out = io.BytesIO()
    digest, size = delta.encode(io.BytesIO(before), io.BytesIO(after), out, piece)
    assert (digest, size) == (hashlib.sha256(after).hexdigest(), len(after))
    return out.getvalue()


def applied(change: bytes, before: bytes) -> bytes:
    file = io.BytesIO(before)
    want = delta.apply(io.BytesIO(change), file)
    assert hashlib.sha256(file.getvalue()).hexdigest() == want
    return file.getvalue()


def versions(seed: int) -> list[bytes]:
    """Three versions of a file: a few bytes differ, and the length may."""
    rng = random.Random(seed)
    first = rng.randbytes(rng.randrange(400))
    out = [first]
    for _ in range(2):
        data = bytearray(out[-1])
        for _ in range(rng.randrange(12)):
            if data:
                data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.3:
            data = data[: rng.randrange(len(data) + 1)] + rng.randbytes(rng.randrange(30))
        out.append(bytes(data))
    return out


@pytest.mark.parametrize("seed", range(60))
def test_a_delta_gives_the_new_bytes_also_twice_and_after_half_of_it(seed: int) -> None:
    a, b, c = versions(seed)
    first, second = encoded(a, b, 1 + seed % 37), encoded(b, c)
    assert applied(first, a) == b
    assert applied(first, applied(first, a)) == b
    half = applied(first, a)
    for end in range(0, len(second), 3):
        file = io.BytesIO(half)
        with pytest.raises(delta.Damaged):
            delta.apply(io.BytesIO(second[:end]), file)
        if len(a) == len(b) == len(c):
            assert applied(second, file.getvalue()) == c
            # From the first on, as a cache does that was killed on the way.
            again = io.BytesIO(file.getvalue())
            delta.apply(io.BytesIO(first), again)
            assert applied(second, again.getvalue()) == c


def test_the_twin_in_typescript_makes_the_same_bytes() -> None:
    before = bytes(range(40))
    after = bytearray(before)
    for place, value in ((3, 255), (5, 254), (12, 253), (20, 252), (21, 251), (22, 250)):
        after[place] = value
    after += b"\x07\x08"
    got = encoded(before, bytes(after)).hex()
    assert got == TWIN + hashlib.sha256(after).hexdigest()


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"something else entirely", "not a delta"),
        (encoded(b"ab", b"ab") + b"x", "bytes after the end"),
        (b"ANNEALD1" + b"\xff" * 12, "a number beyond any file"),
        (b"ANNEALD1\x05\x00", "a record without bytes"),
        (b"ANNEALD1\x00\x05abc", "it ends early"),
    ],
)
def test_what_is_no_delta_is_refused(bad: bytes, why: str) -> None:
    with pytest.raises(delta.Damaged, match=why):
        delta.apply(io.BytesIO(bad), io.BytesIO(b"ab"))


class Bench:
    """A store with three versions of a checkpoint of two files: one full, two deltas."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = FolderStore(folder / "store")
        rng = random.Random(5)
        self.versions = [{"model.safetensors": rng.randbytes(5_000), "config.json": b"{}"}]
        self.refs: list[Ref] = []
        self.tags: list[str] = []
        for number in range(3):
            if number:
                data = bytearray(self.versions[-1]["model.safetensors"])
                for place in rng.sample(range(5_000), 40):
                    data[place] ^= 1
                self.versions.append({"model.safetensors": bytes(data), "config.json": b"{}"})
            self._store(number)

    def _store(self, number: int) -> None:
        files = []
        for path, data in sorted(self.versions[number].items()):
            files.append(File(path, len(data), hashlib.sha256(data).hexdigest()))
            if number == 0:
                self.put(data)
        manifest = Manifest(number, "tiny", tuple(files))
        if number:
            change = encoded(self.versions[number - 1]["model.safetensors"], self.versions[number]["model.safetensors"])
            parent = (self.tags[-1], self.refs[-1])
            manifest = Manifest(number, "tiny", tuple(files), parent, (("model.safetensors", self.put(change)),))
        self.tags.append(manifest.tag)
        self.refs.append(self.put(json.dumps(manifest.document()).encode()))

    def put(self, data: bytes) -> Ref:
        file = self.folder / "to-store"
        file.write_bytes(data)
        return self.store.put(file)

    def cache(self) -> WeightCache:
        return WeightCache(self.folder / "cache", self.store)

    def lies(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.folder / "cache" / "files").iterdir()}


@pytest.fixture
def store(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_disk_comes_to_a_version_from_nothing_and_from_the_one_before(store: Bench) -> None:
    cache = store.cache()
    assert cache.describe() is None
    cache.bring(store.refs[1], store.refs[0], [store.refs[1]])
    assert store.lies() == store.versions[1]
    assert cache.describe() == {"tag": store.tags[1], "toward": None}
    assert cache.bring(store.refs[2], None, [store.refs[2]]).tag == store.tags[2]
    assert store.lies() == store.versions[2]


def test_what_is_there_already_is_not_touched(store: Bench) -> None:
    cache = store.cache()
    cache.bring(store.refs[0], store.refs[0], [])
    before = (store.folder / "cache" / "files" / "model.safetensors").stat().st_mtime_ns
    cache.bring(store.refs[0], store.refs[0], [])
    assert (store.folder / "cache" / "files" / "model.safetensors").stat().st_mtime_ns == before


def test_a_delta_that_comes_again_does_no_harm(store: Bench) -> None:
    cache = store.cache()
    cache.bring(store.refs[1], store.refs[0], [store.refs[1]])
    cache.bring(store.refs[2], None, [store.refs[1], store.refs[1], store.refs[2]])
    assert store.lies() == store.versions[2]


def test_a_delta_that_was_lost_is_found_out_and_the_disk_is_not_believed_any_more(store: Bench) -> None:
    cache = store.cache()
    cache.bring(store.refs[0], store.refs[0], [])
    with pytest.raises(JobFailure, match="did not become 2-") as failure:
        cache.bring(store.refs[2], None, [store.refs[2]])
    assert failure.value.code == "weights.corrupt"
    assert cache.describe() is None
    cache.bring(store.refs[2], store.refs[0], [store.refs[1], store.refs[2]])
    assert store.lies() == store.versions[2]


def test_a_byte_that_rotted_on_the_disk_is_found_out(store: Bench) -> None:
    cache = store.cache()
    cache.bring(store.refs[0], store.refs[0], [])
    file = store.folder / "cache" / "files" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(JobFailure, match="did not become 1-"):
        cache.bring(store.refs[1], None, [store.refs[1]])
    assert cache.describe() is None


def test_without_a_checkpoint_there_is_nothing_to_change(store: Bench) -> None:
    with pytest.raises(JobFailure, match="nothing to apply deltas to") as failure:
        store.cache().bring(store.refs[1], None, [store.refs[1]])
    assert failure.value.code == "weights.incomplete"


KILLED = """
import io, os, signal, sys
from pathlib import Path
from anneal_megatron import cache, delta
from anneal_trainer.store import FolderStore, Ref
import json
steps = int(sys.argv[3])
def die(name, real):
    def call(*args, **kwargs):
        global steps
        steps -= 1
        if steps == 0: os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    return call
cache.write_json = die("say", cache.write_json)
cache.os.replace = die("replace", os.replace)
cache.os.fsync = die("fsync", os.fsync)
real = delta.apply
def half(source, file):
    data = source.read()
    try: real(io.BytesIO(data[: len(data) // 2]), file)
    except delta.Damaged: file.flush()
    return die("apply", real)(io.BytesIO(data), file)
cache.delta.apply = half
target, base, deltas = json.loads(sys.argv[2])
ref = lambda r: None if r is None else Ref(**r)
root = Path(sys.argv[1])
cache.WORKERS = 1
cache.WeightCache(root / "cache", FolderStore(root / "store")).bring(ref(target), ref(base), [ref(d) for d in deltas])
"""


@pytest.mark.parametrize("target", [1, 2])
@pytest.mark.parametrize("step", range(1, 10))
def test_killed_at_any_moment_the_next_one_ends_with_the_right_bytes(store: Bench, step: int, target: int) -> None:
    """Also when it goes elsewhere than the killed one."""
    cache = store.cache()
    cache.bring(store.refs[0], store.refs[0], [])
    what = json.dumps([vars(store.refs[2]), None, [vars(store.refs[1]), vars(store.refs[2])]])
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(store.folder), what, str(step)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode in (-9, 0), run.stderr
    left = cache.describe()
    # What a killed one leaves is the version before, going toward the target; or the target.
    assert left in ({"tag": store.tags[0], "toward": None}, {"tag": store.tags[0], "toward": store.tags[2]}) or (
        left == {"tag": store.tags[2], "toward": None}
    )
    cache.fetch(store.refs[target])
    assert store.lies() == store.versions[target]


def test_of_several_workers_one_makes_it_and_the_others_find_it(store: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []
    real = FolderStore.fetch
    monkeypatch.setattr(
        FolderStore, "fetch", lambda self, ref, path, to: (fetched.append(path), real(self, ref, path, to))[1]
    )
    threads = [
        threading.Thread(target=lambda: store.cache().bring(store.refs[1], store.refs[0], [store.refs[1]]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(fetched) == ["config.json", "model.safetensors", "model.safetensors"]
    assert store.lies() == store.versions[1]


def test_a_manifest_is_read_as_it_was_written(store: Bench) -> None:
    for ref in store.refs:
        data, _ = store.store.read(ref, "m")
        manifest, problems = parse_manifest(data, "m")
        assert problems == []
        assert manifest.document() == json.loads(data)


def test_the_hash_of_the_whole_is_that_of_the_twin_in_typescript() -> None:
    files = (File("a.json", 1, "0" * 64), File("b.safetensors", 2, "f" * 64))
    assert digest_of(files) == "6256e420193105c1a7e8ab292c0f72ff9ad08b80e384189d72ccae1c6f465be3"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda d: d.update(schema="other"), "schema"),
        (lambda d: d.update(digest="0" * 64), "digest"),
        (lambda d: d.update(files=[]), "no file"),
        (lambda d: d["files"].append(d["files"][0]), "twice"),
        (lambda d: d["files"][0].update(path="../up"), "not a file"),
        (lambda d: d["content"].update(kind="other"), "kind"),
        (lambda d: d.pop("content"), "no 'content'"),
        (lambda d: d["content"]["deltas"][0].update(path="other"), "none of its files"),
    ],
)
def test_a_bad_manifest_says_what_is_wrong(store: Bench, change: object, why: str) -> None:
    document = json.loads(store.store.read(store.refs[1], "m")[0])
    change(document)
    manifest, problems = parse_manifest(json.dumps(document).encode(), "m")
    assert manifest is None
    assert why in problems[0].line()
