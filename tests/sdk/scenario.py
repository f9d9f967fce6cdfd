"""What an integrator writes: plain OpenAI SDK code, run by the Python of an environment that holds one version of it.

`python scenario.py JSON` reads addresses, keys and a webhook that arrived from its argument, does one thing after the other, and
prints as JSON how the SDK understood the answers. `node/scenario.mjs` is the same in JavaScript, and prints the same.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any, Literal

import openai
from openai.pagination import SyncCursorPage
from openai.types import Model

FORMATS: tuple[Literal["mp3", "opus", "aac", "flac", "wav", "pcm"], ...] = ("mp3", "opus", "aac", "flac", "wav", "pcm")
JOBS = "/audio/speech/jobs"


def main(given: dict[str, Any]) -> None:
    client = client_with(given, given["keys"]["speaking"])
    said = {
        "version": openai.__version__,
        "models": [model.id for model in client.models.list()],
        "job": speak_in_every_format(client, Path(given["folder"])),
        "errors": provoke_errors(given, client),
        "jobs": list_jobs(client),
        "limited": run_into_the_limit(client_with(given, given["keys"]["busy"])),
        "dropped": lose_the_first_reply(given),
        "event": unwrap(client, given["webhook"]),
        "batch": run_a_batch(client),
    }
    print(json.dumps(said))


def client_with(given: dict[str, Any], key: str, *, address: str = "base_url", retries: int = 0) -> openai.OpenAI:
    return openai.OpenAI(base_url=given[address] + "/v1", api_key=key, max_retries=retries)


def speak_in_every_format(client: openai.OpenAI, folder: Path) -> str:
    for kind in FORMATS:
        answer = client.audio.speech.create(model="tts-1", voice="alloy", input="Hello from the SDK.", response_format=kind)
        answer.write_to_file(folder / f"speech.{kind}")
    client.audio.speech.create(model="tts-1", voice="alloy", input="With our own fields.", extra_body={
        "language": "de", "seed": 7, "metadata": {"order": "1"}, "priority": "batch"})
    with client.audio.speech.with_streaming_response.create(
            model="gpt-4o-mini-tts", voice="nova", input="Streamed to a file.", instructions="Calmly.", speed=1.25) as streamed:
        streamed.stream_to_file(folder / "streamed.mp3")
        return streamed.headers["x-speech-job-id"]


def provoke_errors(given: dict[str, Any], client: openai.OpenAI) -> dict[str, Any]:
    ended = client.audio.speech.with_raw_response.create(model="tts-1", voice="alloy", input="Done.").headers["x-speech-job-id"]
    reading = client_with(given, given["keys"]["reading"])
    return {
        "400": refusal(lambda: client.audio.speech.create(model="tts-1", voice="nobody", input="Hello.")),
        "401": refusal(lambda: client_with(given, "sk-sm-wrong").models.list()),
        "403": refusal(lambda: reading.audio.speech.create(model="tts-1", voice="alloy", input="Hello.")),
        "404": refusal(lambda: client.get(f"{JOBS}/speech_none", cast_to=object)),
        # Retries are on: x-should-retry tells the SDK that another try would end the same way.
        "409": refusal(lambda: client.with_options(max_retries=3).post(f"{JOBS}/{ended}/cancel", cast_to=object)),
    }


def refusal(ask: Any) -> dict[str, object]:
    try:
        ask()
    except openai.APIStatusError as error:
        return {"class": type(error).__name__, "status": error.status_code, "code": error.code, "param": error.param,
                "type": error.type, "message": error.message, "request_id": error.request_id}
    return {}


def list_jobs(client: openai.OpenAI) -> list[str]:
    """All of them, a page of three at a time: the SDK fetches the next page by itself."""
    listed = client.get_api_list(JOBS, page=SyncCursorPage[Model], model=Model, options={"params": {"limit": 3}})
    return [job.id for job in listed]


def run_into_the_limit(client: openai.OpenAI) -> dict[str, object]:
    """Ask until this minute's requests are used up; then the SDK's own retry waits as long as it is told to. Once more where this
    took so long that a request was free again."""
    for _ in range(5):
        while (refused := refusal(lambda: client.post(f"{JOBS}/speech_none/cancel", cast_to=object)))["status"] == 404:
            pass
        answer = client.with_options(max_retries=3).audio.speech.with_raw_response.create(
            model="tts-1", voice="alloy", input="Hello again.")
        if answer.retries_taken:
            break
    return {"refused": refused, "bytes": len(answer.content), "retries": answer.retries_taken,
            "left": answer.headers["x-ratelimit-remaining-requests"]}


def lose_the_first_reply(given: dict[str, Any]) -> dict[str, object]:
    """The connection breaks after the request has arrived; the SDK asks again, and means the same job."""
    client = client_with(given, given["keys"]["speaking"], address="dropping_url", retries=2)
    answer = client.audio.speech.with_raw_response.create(model="tts-1", voice="alloy", input="Said once, asked for twice.")
    return {"bytes": len(answer.content), "retries": answer.retries_taken, "replayed": answer.headers["idempotent-replayed"]}


def unwrap(client: openai.OpenAI, webhook: dict[str, Any]) -> dict[str, object]:
    def read(body: str) -> Any:
        return client.webhooks.unwrap(body, webhook["headers"], secret=webhook["secret"])

    event = read(webhook["body"])
    try:
        read(webhook["body"] + " ")
        altered = "believed"
    except openai.InvalidWebhookSignatureError:
        altered = "refused"
    return {"type": event.type, "job": event.data.id, "altered": altered}


def run_a_batch(client: openai.OpenAI) -> dict[str, object]:
    lines = [json.dumps({"custom_id": f"line-{n}", "method": "POST", "url": "/v1/audio/speech",
                         "body": {"model": "tts-1", "voice": "alloy", "input": f"Line {n} of a batch."}}) for n in range(3)]
    file = client.files.create(file=("lines.jsonl", "\n".join(lines).encode()), purpose="batch")
    batch = client.batches.create(input_file_id=file.id, endpoint="/v1/audio/speech",  # type: ignore[arg-type]  # ours alone
                                  completion_window="1h")  # type: ignore[arg-type]
    while batch.status not in ("completed", "failed", "expired", "cancelled"):
        time.sleep(0.2)
        batch = client.batches.retrieve(batch.id)
    results = [json.loads(line) for line in client.files.content(batch.output_file_id or "").text.splitlines()]
    kept = client.files.content(file.id).text
    listed = [each.id for each in client.batches.list(limit=1)]
    files = [each.id for each in client.files.list(purpose="batch")]
    late = refusal(lambda: client.batches.cancel(batch.id))
    deleted = client.files.delete(file.id).deleted
    counts = batch.request_counts
    return {"status": batch.status, "counts": [counts.total, counts.completed, counts.failed] if counts else None,
            "custom_ids": sorted(result["custom_id"] for result in results),
            "statuses": sorted({result["response"]["status_code"] for result in results}), "kept": kept.splitlines() == lines,
            "listed": batch.id in listed, "file_listed": file.id in files, "late_cancel": late, "deleted": deleted,
            "gone": refusal(lambda: client.files.retrieve(file.id))}


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
