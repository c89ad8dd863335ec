"""The store in a bucket: any server that speaks S3 with conditional writes.

    PREFIX/objects/ab/<sha256>
    PREFIX/names/<key>@<999999999 - number>   so that a listing has the newest content first

A content of a name is created with `If-None-Match: *`. When the answer to a write is lost, the SDK
repeats it and is told that the name exists: the nonce in the metadata then says by whom.
"""

from __future__ import annotations

import base64
import hashlib
import os
import random
import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Iterator, TypeVar

from .atomic import digest_file
from .failures import ACCELERATOR, CONFIGURATION, NO_SPACE, JobFailure, Problem
from .store import CHUNK_BYTES, Ref, Store, ref_of, unchanged

try:
    import boto3
    from botocore import exceptions
    from botocore.config import Config
except ImportError as error:
    hint = "pip install --require-hashes --no-deps -r trainer/requirements-s3.lock"
    missing = Problem("env ANNEAL_STORE", "boto3, for a store in a bucket", str(error), hint)
    raise JobFailure(CONFIGURATION, "job.configuration", "boto3 is not installed", [missing]) from None

HIGHEST = 999_999_999
ENTRY = re.compile(r"(.+)@(\d{9})")
# Memory of an upload: a part for each of the threads.
PART_BYTES = 8 << 20
UPLOAD_THREADS = 4
MOST_PARTS = 10_000
ATTEMPTS = 6
CONNECT_SECONDS, READ_SECONDS = 5, 30
T = TypeVar("T")

ABSENT = {"NoSuchKey", "404", "NotFound"}
FULL = {"QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "507"}
# Errors of the server that are about what we were given; every other 4xx is our own bug, and says so.
HINTS = {
    "NoSuchBucket": "create the bucket, or correct ANNEAL_STORE",
    "InvalidBucketName": "correct ANNEAL_STORE",
    "PermanentRedirect": "set AWS_REGION or AWS_ENDPOINT_URL_S3 to where the bucket is",
    "AuthorizationHeaderMalformed": "set AWS_REGION to the bucket's region",
    "ExpiredToken": "renew the credentials",
    "RequestTimeTooSkewed": "set this machine's clock",
}
DENIED_HINT = "check the credentials, and that they may list, read and write below the prefix"


class S3Store(Store):
    """Endpoint, region and credentials come from the SDK's own environment variables."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._bucket, self._base = bucket, f"{prefix}/" if prefix else ""
        env = os.environ
        retries: dict[str, Any] = {"mode": env.get("AWS_RETRY_MODE", "standard")}  # exponential, with jitter
        if "AWS_MAX_ATTEMPTS" not in env:
            retries["total_max_attempts"] = ATTEMPTS
        config = Config(
            s3={"addressing_style": "path"},
            retries=retries,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            max_pool_connections=2 * UPLOAD_THREADS,
            # Bodies carry SHA-256 both ways by our own hand; a second checksum would only cost time.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or "us-east-1"
        self._client = self._ask(lambda: boto3.session.Session().client("s3", region_name=region, config=config))

    def put(self, file: Path) -> Ref:
        before = _version(file.stat())
        sha256, size = digest_file(file)
        ref = ref_of(sha256, size)
        if size > PART_BYTES:
            self._put_parts(file, ref, before)
        else:
            data = file.read_bytes()
            unchanged(file, ref, hashlib.sha256(data).hexdigest())
            self._call("put_object", Key=self._place(ref), Body=data, ChecksumSHA256=_checksum(data))
        return ref

    def list_names(self, prefix: str) -> list[str]:
        start = f"{self._base}names/"
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=start + prefix)
        entries = self._ask(lambda: [entry["Key"] for page in pages for entry in page.get("Contents", ())])
        return sorted({m[1] for m in (ENTRY.fullmatch(entry.removeprefix(start)) for entry in entries) if m})

    def _chunks(self, ref: Ref) -> Iterator[bytes]:
        """Goes on where the connection broke, from the same version of the object."""
        done, size, etag, broken = 0, -1, None, 0
        while size < 0 or done < size:
            rest = {"Range": f"bytes={done}-", "IfMatch": etag} if done else {}
            answer = self._find("get_object", Key=self._place(ref), **rest)
            if answer is None:
                raise FileNotFoundError(2, "not in the store")
            size, etag = (size if done else answer["ContentLength"]), answer["ETag"]
            try:
                for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
                    done += len(chunk)
                    yield chunk
                if done < size:
                    raise exceptions.IncompleteReadError(actual_bytes=done, expected_bytes=size)
            except (exceptions.BotoCoreError, exceptions.HTTPClientError, OSError) as error:
                broken += 1
                if broken >= ATTEMPTS:
                    raise _failure(error, self._bucket) from None
                time.sleep(random.uniform(0, min(0.1 * 2**broken, 5)))

    def _create(self, key: str, generation: int, data: bytes) -> bool:
        nonce, place = uuid.uuid4().hex, self._entry(key, generation)
        about = {"nonce": nonce, "sha256": hashlib.sha256(data).hexdigest()}
        for attempt in range(ATTEMPTS):
            try:
                self._client.put_object(
                    Bucket=self._bucket, Key=place, Body=data, ChecksumSHA256=_checksum(data),
                    IfNoneMatch="*", Metadata=about,
                )  # fmt: skip
                return True
            except exceptions.ClientError as error:
                status = error.response["ResponseMetadata"].get("HTTPStatusCode")
                if status == 412:
                    found = self._find("head_object", Key=place)
                    return found is not None and found["Metadata"].get("nonce") == nonce
                # 409: a write at the same time was neither accepted nor refused yet.
                if status != 409 or attempt == ATTEMPTS - 1:
                    raise _failure(error, self._bucket) from None
                time.sleep(random.uniform(0, 0.1 * 2**attempt))
            except exceptions.BotoCoreError as error:
                raise _failure(error, self._bucket) from None
        return False

    def _newest(self, key: str) -> int:
        start = f"{self._base}names/{key}@"
        answer = self._call("list_objects_v2", Prefix=start, MaxKeys=1)
        for entry in answer.get("Contents", ()):
            return HIGHEST - int(entry["Key"].removeprefix(start))
        return 0

    def _content(self, key: str, generation: int) -> tuple[bytes | None, Problem]:
        place = self._entry(key, generation)
        for attempt in range(ATTEMPTS):
            answer = self._find("get_object", Key=place)
            if answer is None:
                return None, Problem(key, "the newest content", "nothing")
            try:
                data = answer["Body"].read()
                break
            except (exceptions.BotoCoreError, exceptions.HTTPClientError, OSError) as error:
                if attempt == ATTEMPTS - 1:
                    raise _failure(error, self._bucket) from None
                time.sleep(random.uniform(0, 0.1 * 2**attempt))
        want, got = answer["Metadata"].get("sha256", "a sha256 in its metadata"), hashlib.sha256(data).hexdigest()
        return (data if want == got else None), Problem(key, want, got)

    def _put_parts(self, file: Path, ref: Ref, before: tuple[int, ...]) -> None:
        """Parts are read when their turn comes, so memory does not grow with the file."""
        place = self._place(ref)
        length = max(PART_BYTES, -(-ref.bytes // MOST_PARTS))
        begun = self._call("create_multipart_upload", Key=place, ChecksumAlgorithm="SHA256")
        upload = {"Key": place, "UploadId": begun["UploadId"]}
        fd = os.open(file, os.O_RDONLY)

        def send(number: int) -> dict[str, Any]:
            data = os.pread(fd, length, (number - 1) * length)
            checksum = _checksum(data)
            sent = self._call("upload_part", **upload, PartNumber=number, Body=data, ChecksumSHA256=checksum)
            return {"PartNumber": number, "ETag": sent["ETag"], "ChecksumSHA256": checksum}

        pool = ThreadPoolExecutor(UPLOAD_THREADS, thread_name_prefix="upload")
        try:
            parts = list(pool.map(send, range(1, -(-ref.bytes // length) + 1)))
            # The parts' checksums say that they arrived; this says that they are of the file that was hashed.
            if _version(os.fstat(fd)) != before:
                raise RuntimeError(f"{file} changed while it was stored")
            self._call("complete_multipart_upload", **upload, MultipartUpload={"Parts": parts})
        except BaseException:
            pool.shutdown(cancel_futures=True)
            self._abort(upload)
            raise
        finally:
            pool.shutdown()
            os.close(fd)

    def _abort(self, upload: dict[str, Any]) -> None:
        """Only saves space: the bucket's own rule for unfinished uploads does the same later."""
        try:
            self._call("abort_multipart_upload", **upload)
        except JobFailure:
            pass

    def _place(self, ref: Ref) -> str:
        return self._base + ref.uri.removeprefix("store:")

    def _entry(self, key: str, generation: int) -> str:
        return f"{self._base}names/{key}@{HIGHEST - generation:09d}"

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        return self._ask(lambda: getattr(self._client, operation)(Bucket=self._bucket, **arguments))

    def _find(self, operation: str, **arguments: Any) -> dict[str, Any] | None:
        """The answer, or None when the key does not exist."""
        try:
            return getattr(self._client, operation)(Bucket=self._bucket, **arguments)
        except (exceptions.BotoCoreError, exceptions.ClientError) as error:
            if _code(error) in ABSENT:
                return None
            raise _failure(error, self._bucket) from None

    def _ask(self, question: Callable[[], T]) -> T:
        try:
            return question()
        except (exceptions.BotoCoreError, exceptions.ClientError, ValueError) as error:
            raise _failure(error, self._bucket) from None


def _version(about: os.stat_result) -> tuple[int, ...]:
    return about.st_ino, about.st_size, about.st_mtime_ns


def _checksum(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def _code(error: Exception) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, exceptions.ClientError) else ""


# What the SDK finds wrong before anything is sent, or while the connection is made.
MISCONFIGURED = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.ProfileNotFound,
    exceptions.ConfigParseError,
    exceptions.ParamValidationError,
    exceptions.InvalidRegionError,
    exceptions.SSLError,
    ValueError,  # an endpoint that is no URL
)


def _failure(error: Exception, bucket: str) -> JobFailure:
    """How the job ends for it: 42 when waiting cannot help, 44 when full, else 43."""
    if isinstance(error, exceptions.ClientError):
        code, status = _code(error), error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
        said = error.response.get("Error", {}).get("Message", "")
        if code in FULL or status == 507:
            return JobFailure(NO_SPACE, "store.no_space", f"no space left in s3://{bucket}: {said}")
        if 300 <= status < 500 and status not in (408, 409, 412, 429) and code not in ("SlowDown", "RequestTimeout"):
            hint = HINTS.get(code, DENIED_HINT if status in (401, 403) else "")
            operation, got = error.operation_name, f"{status} {code}: {said}"[:300]
            problem = Problem("env ANNEAL_STORE", f"{operation} on s3://{bucket}", got, hint)
            return JobFailure(CONFIGURATION, "store.refused", f"the store refused {operation}: {code}", [problem])
        return JobFailure(ACCELERATOR, "store.unavailable", f"the store failed: {error}")
    if isinstance(error, MISCONFIGURED):
        hint = "set AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; AWS_CA_BUNDLE for a private CA"
        problem = Problem("env AWS_*", f"access to s3://{bucket}", str(error)[:300], hint)
        return JobFailure(CONFIGURATION, "store.refused", f"the store cannot be asked: {error}"[:300], [problem])
    return JobFailure(ACCELERATOR, "store.unavailable", f"the store cannot be reached: {error}")
