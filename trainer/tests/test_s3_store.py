"""Both stores do the same; and what only a bucket can get wrong, against a real S3 server."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from anneal_trainer.failures import JobFailure
from anneal_trainer.store import Damaged, FolderStore, Store, open_store, ref_of
from s3server import ACCESS, SECRET, Fault, Proxy, S3Server, free_port
from support import TRAINER

BUCKET = "anneal"


def bucket_store(monkeypatch: pytest.MonkeyPatch, env: dict[str, str], root: str = f"s3://{BUCKET}/team/a") -> Store:
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in (env | {"ANNEAL_STORE": root}).items():
        monkeypatch.setenv(name, value)
    return open_store()


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Store:
    return bucket_store(monkeypatch, s3_server.environment())


@pytest.fixture
def through(s3_server: S3Server, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store as seen through the proxy."""
    return bucket_store(monkeypatch, s3_server.environment(url=proxy.url))


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return FolderStore(tmp_path / "store") if request.param == "folder" else request.getfixturevalue("s3")


def stored(server: S3Server, part: str) -> list[Path]:
    return [path for path in (server.root / BUCKET / "team" / "a").rglob("*") if path.is_file() and part in str(path)]


def test_objects_come_back_as_they_were(store: Store, tmp_path: Path) -> None:
    file, target = tmp_path / "file", tmp_path / "target"
    for data in (b"", b"some bytes", os.urandom(100_000)):
        file.write_bytes(data)
        ref = store.put(file)
        assert ref == store.put(file) == ref_of(hashlib.sha256(data).hexdigest(), len(data))
        assert store.read(ref, "inputs.batch") == (data, [])
        assert store.fetch(ref, "inputs.batch", target) == [] and target.read_bytes() == data


def test_an_object_that_is_not_there_is_a_problem(store: Store, tmp_path: Path) -> None:
    ref = ref_of("0" * 64, 1)
    data, problems = store.read(ref, "inputs.batch")
    assert data is None and [p.path for p in problems] == ["inputs.batch"]
    assert store.fetch(ref, "inputs.batch", tmp_path / "target") and list(tmp_path.glob("*target*")) == []


def test_names_are_created_once(store: Store) -> None:
    assert store.read_name("jobs/a/job") is None
    assert store.create_name("jobs/a/job", b"one") and not store.create_name("jobs/a/job", b"two")
    assert not store.create_name("jobs/a/job", b"one")
    assert store.read_name("jobs/a/job") == b"one"
    store.write_name("jobs/a/job", b"two")
    store.write_name("jobs/a/job", b"three")
    assert store.read_name("jobs/a/job") == b"three"
    store.write_name("jobs/a/job/below", b"")
    store.write_name("jobs/ab", b"x")
    assert store.read_name("jobs/a/job/below") == b""
    assert store.list_names("jobs/a") == ["jobs/a/job", "jobs/a/job/below", "jobs/ab"]
    assert store.list_names("jobs/a/") == ["jobs/a/job", "jobs/a/job/below"]
    assert store.list_names("nothing/") == []
    for bad in ("", "/a", "a//b", "../a", "a/.b", "a@1", "a" * 129):
        with pytest.raises(JobFailure) as caught:
            store.create_name(bad, b"")
        assert caught.value.exit_code == 42


def test_the_folder_has_the_layout_that_the_orchestrator_reads(tmp_path: Path) -> None:
    FolderStore(tmp_path).create_name("jobs/a/job", b"content")
    want = hashlib.sha256(b"jobs/a/job\n1\ncontent").hexdigest()
    assert (tmp_path / "names/jobs/a/job/@000000001").read_bytes() == f"{want}\ncontent".encode()


def test_the_bucket_has_the_layout_that_the_orchestrator_reads(s3: Store, s3_server: S3Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    ref = s3.put(tmp_path / "file")
    s3.create_name("layout/a", b"one")
    s3.write_name("layout/a", b"two")
    base = s3_server.root / BUCKET / "team" / "a"
    assert (base / "objects" / ref.sha256[:2] / ref.sha256).read_bytes() == b"x"
    assert (base / "names/layout/a@999999998").read_bytes() == b"one"
    assert (base / "names/layout/a@999999997").read_bytes() == b"two"
    about = s3._find("head_object", Key="team/a/names/layout/a@999999998")["Metadata"]
    assert about["sha256"] == hashlib.sha256(b"one").hexdigest() and about["nonce"]


def test_a_damaged_object_is_refused_and_healed(s3: Store, s3_server: S3Server, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"precious content")
    ref = s3.put(file)
    place = stored(s3_server, ref.sha256)[0]
    place.write_bytes(b"precious c0ntent")
    assert [p.path for p in s3.read(ref, "x")[1]] == ["x.sha256"]
    place.write_bytes(b"precious")
    assert s3.read(ref, "x")[0] is None and s3.fetch(ref, "x", tmp_path / "out") and not (tmp_path / "out").exists()
    s3.put(file)
    assert s3.read(ref, "x") == (b"precious content", [])
    # A reference that lies about the size is refused as well.
    assert [p.path for p in s3.read(replace(ref, bytes=3), "x")[1]] == ["x.bytes"]


def test_a_damaged_name_is_refused(s3: Store, s3_server: S3Server, tmp_path: Path) -> None:
    s3.create_name("damage/a", b"content")
    stored(s3_server, "damage/a@")[0].write_bytes(b"c0ntent")
    with pytest.raises(Damaged) as caught:
        s3.read_name("damage/a")
    assert caught.value.exit_code == 42 and "damage/a" in caught.value.message
    folder = FolderStore(tmp_path)
    folder.create_name("a", b"content")
    (tmp_path / "names/a/@000000001").write_bytes(b"0" * 64 + b"\ncontent")
    with pytest.raises(Damaged):
        folder.read_name("a")


def test_large_files_go_up_in_parts_and_memory_does_not_grow_with_them(s3_server: S3Server, tmp_path: Path) -> None:
    megabytes = 160
    with open(tmp_path / "large", "wb") as f:
        for number in range(megabytes):
            f.write(bytes([number]) * (1 << 20))
    code = (
        "import json, resource, sys\n"
        "from pathlib import Path\n"
        "from anneal_trainer.store import open_store\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "store, folder = open_store(), Path(sys.argv[1])\n"
        "store.create_name('warm/up', b'')\n"
        "before = peak()\n"
        "ref = store.put(folder / 'large')\n"
        "up = peak()\n"
        "problems = store.fetch(ref, 'large', folder / 'back')\n"
        "print(json.dumps([before, up, peak(), ref.sha256, len(problems)]))\n"
    )
    env = {"PYTHONPATH": str(TRAINER), "ANNEAL_STORE": f"s3://{BUCKET}/large", **s3_server.environment()}
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=env, capture_output=True, timeout=100)
    assert done.returncode == 0, done.stderr
    before, up, down, sha256, problems = json.loads(done.stdout)
    assert problems == 0 and hashlib.sha256((tmp_path / "back").read_bytes()).hexdigest() == sha256
    assert up - before < 90 and down - up < 40, (before, up, down)
    assert not list((s3_server.root / BUCKET / ".sgwtmp").rglob("*.[0-9]")), "parts of unfinished uploads"


def test_a_failed_part_leaves_no_object(through: Store, proxy: Proxy, s3_server: S3Server, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(os.urandom(20 << 20))
    proxy.faults += [Fault("PUT", "partNumber=2", 403)]
    with pytest.raises(JobFailure):
        through.put(tmp_path / "large")
    assert any(request.startswith("DELETE") and "uploadId" in request for request in proxy.seen)
    digest = hashlib.sha256((tmp_path / "large").read_bytes()).hexdigest()
    assert stored(s3_server, digest) == []
    # Faults that pass are not seen at all.
    proxy.faults += [Fault("PUT", "partNumber=1", 503), Fault("PUT", "partNumber=3", "drop")]
    assert through.put(tmp_path / "large").sha256 == digest
    assert proxy.faults == []


def test_a_lost_answer_does_not_make_a_creation_ours_or_anothers(through: Store, proxy: Proxy) -> None:
    """The repeated write is refused by its own first try: the nonce tells that from another's."""
    proxy.faults += [Fault("PUT", "lost/ours", "drop")]
    assert through.create_name("lost/ours", b"x")
    assert sum(r.startswith("PUT") and "lost/ours" in r for r in proxy.seen) == 2
    assert any(r.startswith("HEAD") and "lost/ours" in r for r in proxy.seen)
    assert through.create_name("lost/theirs", b"x")
    proxy.faults += [Fault("PUT", "lost/theirs", "drop")]
    assert not through.create_name("lost/theirs", b"x")


def test_passing_faults_are_waited_out(through: Store, proxy: Proxy, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(data := os.urandom(3 << 20))
    proxy.faults += [Fault("PUT", "objects/", 500), Fault("PUT", "objects/", "drop")]
    ref = through.put(file)
    proxy.faults += [Fault("GET", "objects/", kind) for kind in (503, "truncate", "truncate")]
    assert through.read(ref, "x") == (data, [])
    proxy.faults += [Fault("PUT", "passing/a", kind) for kind in (409, 503, 409)]
    assert through.create_name("passing/a", b"content" * 100)
    proxy.faults += [Fault("GET", "passing/a%40999999998", "truncate"), Fault("GET", "prefix=", 503)]
    assert through.read_name("passing/a") == b"content" * 100
    assert proxy.faults == []


def test_of_many_writers_one_creates_the_name(s3: Store) -> None:
    for round in range(5):
        won: list[bytes] = []

        def create(mine: bytes) -> None:
            if s3.create_name(f"race/{round}", mine):
                won.append(mine)

        threads = [threading.Thread(target=create, args=(bytes([n]),)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1 and s3.read_name(f"race/{round}") == won[0]


def refusal(store: Store) -> JobFailure:
    with pytest.raises(JobFailure) as caught:
        store.read_name("jobs/a/job")
    return caught.value


def test_what_cannot_work_is_42_and_says_what_to_do(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    s3_server.add_user("outsider", "outsiders-secret")
    good = s3_server.environment()
    cases = {
        "NoSuchBucket": (good, "s3://nowhere/p"),
        "SignatureDoesNotMatch": (s3_server.environment(ACCESS, "wrong"), f"s3://{BUCKET}/p"),
        "AccessDenied": (s3_server.environment("outsider", "outsiders-secret"), f"s3://{BUCKET}/p"),
        "NoCredentials": ({k: v for k, v in good.items() if "KEY" not in k}, f"s3://{BUCKET}/p"),
    }
    for case, (env, root) in cases.items():
        failure = refusal(bucket_store(monkeypatch, env, root))
        assert failure.exit_code == 42 and failure.code == "store.refused", case
        assert failure.problems[0].hint and SECRET not in str(vars(failure)), case
        assert case in failure.problems[0].got or case == "NoCredentials", failure
    with pytest.raises(JobFailure) as caught:
        bucket_store(monkeypatch, good | {"AWS_ENDPOINT_URL_S3": "no url"})
    assert caught.value.exit_code == 42


def test_what_may_work_later_is_43_or_44(
    through: Store, proxy: Proxy, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    proxy.faults += [Fault("PUT", "full/a", 507)]
    with pytest.raises(JobFailure) as caught:
        through.create_name("full/a", b"x")
    assert (caught.value.exit_code, caught.value.code) == (44, "store.no_space")
    nobody = s3_server.environment(url=f"http://127.0.0.1:{free_port()}") | {"AWS_MAX_ATTEMPTS": "2"}
    failure = refusal(bucket_store(monkeypatch, nobody))
    assert (failure.exit_code, failure.code) == (43, "store.unavailable")
