"""How a client asks for batches and looks at what came out: the unmodified OpenAI SDK, and what the tests look for."""

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Sequence
from typing import Any

from openai import OpenAI
from openai.types import Batch

from tests.e2e.stack import Stack

ENDS = ("completed", "failed", "cancelled", "expired")


def sdk(mill: Stack, key: str = "none") -> OpenAI:
    return OpenAI(base_url=f"{mill.base_url}/v1", api_key=key, max_retries=2)


def line(custom_id: str, text: str, **body: Any) -> dict[str, Any]:
    return {"custom_id": custom_id, "method": "POST", "url": "/v1/audio/speech", "body": {"input": text, "model": "tone", **body}}


def jsonl(lines: Sequence[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in lines)


def begin(client: OpenAI, content: bytes, *, window: str = "1h", **more: Any) -> Batch:
    file = client.files.create(file=("lines.jsonl", content), purpose="batch")
    return client.batches.create(input_file_id=file.id, endpoint="/v1/audio/speech",  # type: ignore[arg-type]
                                 completion_window=window, **more)  # type: ignore[arg-type]


def wait(mill: Stack, client: OpenAI, batch: Batch, timeout_s: float = 240) -> Batch:
    """The batch once it has ended."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        batch = client.batches.retrieve(batch.id)
        if batch.status in ENDS:
            return batch
        time.sleep(0.2)
    raise AssertionError(f"{batch.id} has not ended in {timeout_s} s: {batch}\n{mill.logs()}")


def until(mill: Stack, client: OpenAI, batch: Batch, completed: int) -> None:
    """Until so many of its lines are done."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        counts = client.batches.retrieve(batch.id).request_counts
        if counts and counts.completed >= completed:
            return
        time.sleep(0.05)
    raise AssertionError(f"{completed} lines are not done in time\n{mill.logs()}")


def lines_of(client: OpenAI, file_id: str | None) -> list[dict[str, Any]]:
    return [json.loads(each) for each in client.files.content(file_id).text.splitlines()] if file_id else []


def extra(batch: Batch, name: str) -> str:
    """A file of ours beside OpenAI's."""
    file_id = (batch.model_extra or {})[name]
    assert isinstance(file_id, str)
    return file_id


def counts(batch: Batch) -> tuple[int, int, int]:
    assert batch.request_counts
    return batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed


def check_whole(client: OpenAI, batch: Batch, custom_ids: Sequence[str]) -> None:
    """Output, manifest and archive tell of the same lines, one to one, and every hash is that of its bytes."""
    output = lines_of(client, batch.output_file_id)
    assert [each["custom_id"] for each in output] == list(custom_ids)
    manifest = {each["custom_id"]: each for each in lines_of(client, extra(batch, "manifest_file_id"))}
    archive = zipfile.ZipFile(io.BytesIO(client.files.content(extra(batch, "archive_file_id")).read()))
    assert archive.testzip() is None
    assert len(archive.namelist()) == len(custom_ids) + 1
    for each in output:
        told = manifest[each["custom_id"]]
        body = each["response"]["body"]
        sound = archive.read(told["file"])
        assert hashlib.sha256(sound).hexdigest() == told["sha256"] == body["sha256"]
        assert len(sound) == told["bytes"] == body["bytes"]
