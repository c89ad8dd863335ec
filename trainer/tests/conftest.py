"""Fixtures: a store, a job folder, a shared compilation cache; and the trainer as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from collector import Collector  # noqa: E402
from s3server import Proxy, S3Server, serve  # noqa: E402
from support import Bench  # noqa: E402


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled programs, shared by the processes of a test run: compiling is most of their time."""
    return tmp_path_factory.mktemp("jax")


@pytest.fixture
def bench(tmp_path: Path, cache: Path) -> Iterator[Bench]:
    running: list[subprocess.Popen[str]] = []
    yield Bench(tmp_path, cache, running)
    for process in running:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the caller's shell happens to set must not change a test."""
    for name in [n for n in os.environ if n.startswith("ANNEAL_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """With the bucket `anneal`; shared, so each test keeps to its own names."""
    server = serve(tmp_path_factory.mktemp("s3"))
    import boto3

    env = server.environment()
    boto3.client(
        "s3",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
    ).create_bucket(Bucket="anneal")
    yield server
    server.process.kill()
    server.process.wait()


@pytest.fixture
def proxy(s3_server: S3Server) -> Iterator[Proxy]:
    proxy = Proxy()
    server = proxy.start(s3_server.port)
    yield proxy
    server.shutdown()
    server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()
