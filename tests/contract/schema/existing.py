"""One of most things, made in a running system, so that made-up requests are about something that exists."""

import json
import time
from typing import Any

import httpx

from tests.e2e.stack import Stack

LINE = {"custom_id": "one", "method": "POST", "url": "/v1/audio/speech", "body": {"input": "A line.", "voice": "alloy"}}
BOOK = {"title": "A book", "input": "# One\n\nThe first chapter.\n\n# Two\n\nThe second chapter.", "formats": ["mp3"]}


def make_one_of_each(stack: Stack, key: str) -> dict[str, str]:
    """Their ids, by the name that path parameters have for them. All have ended, so that they can be looked at and downloaded."""
    with httpx.Client(base_url=stack.base_url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as http:
        job = _made(http.post("/v1/audio/speech/jobs", json={"input": "A job. " * 60}))
        book = _made(http.post("/v1/audio/books", json=BOOK))
        made_key = _made(http.post("/v1/admin/keys", json={"tenant": "acme"}))
        file = _made(http.post("/v1/files", data={"purpose": "batch"}, files={"file": ("b.jsonl", json.dumps(LINE).encode())}))
        batch = _made(http.post("/v1/batches", json={"input_file_id": file["id"], "endpoint": "/v1/audio/speech",
                                                     "completion_window": "1h"}))
        endpoint = _made(http.post("/v1/webhook_endpoints", json={"url": "http://127.0.0.1:9/hook"}))
        http.put("/v1/audio/lexicons/names", json={"entries": [{"grapheme": "Nguyen", "alias": "nwin"}]})
        for path in (f"/v1/audio/speech/jobs/{job['id']}", f"/v1/audio/books/{book['id']}", f"/v1/batches/{batch['id']}"):
            _wait(http, path)
    return {"job_id": job["id"], "book_id": book["id"], "key_id": made_key["id"], "tenant_id": "acme", "model_id": "tone",
            "number": "1", "segment": "1", "voice_id": "low", "name": "names", "file_id": file["id"], "batch_id": batch["id"],
            "endpoint_id": endpoint["id"]}


def _wait(http: httpx.Client, path: str) -> None:
    """Until it is completed."""
    deadline = time.monotonic() + 90
    while (ended := http.get(path, headers={"Prefer": "wait=5"}).json())["status"] != "completed":
        assert time.monotonic() < deadline, ended
        time.sleep(0.2)


def _made(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, answer.text
    made: dict[str, Any] = answer.json()
    return made

