"""When what is heard, of a completed job: as JSON, or as captions."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from starlette.responses import Response

from producer.desk import Desk
from speechmill.blobs.seam import Blobs
from speechmill.captions.files import srt, vtt
from speechmill.errors import BlobMissing, Gone, NotFound
from speechmill.job import Job, Output
from speechmill.timestamps import TIMES_FIELD, SentenceTime, cues, timestamps_view

CONTENT_TYPES = {"timestamps": "application/json", "vtt": "text/vtt; charset=utf-8",
                 "srt": "application/x-subrip; charset=utf-8"}
"""RFC 8259; WebVTT §5; SubRip has no registered type, and this is what players know."""
_SUFFIXES = {"timestamps": "json", "vtt": "vtt", "srt": "srt"}


async def times_response(desk: Desk, job: Job, output: Output, variant: str) -> Response:
    """`variant` is one of CONTENT_TYPES. Made when it is asked for, of what the job has kept of its times. Raises NotFound, Gone,
    BlobsUnavailable, StoreUnavailable."""
    kept = [] if output.manifest_key else await desk.store.times_of(job.id)
    try:
        body = await desk.storage.run(lambda: _rendered(desk.storage.blobs, job, output, kept, variant))
    except BlobMissing:
        raise Gone("This result is no longer kept.", job_id=job.id) from None
    return Response(body, media_type=CONTENT_TYPES[variant], headers={
        "x-speech-job-id": job.id, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
        "Content-Disposition": f'inline; filename="{job.id}.{_SUFFIXES[variant]}"'})


def _rendered(blobs: Blobs, job: Job, output: Output, kept: list[Any] | None, variant: str) -> bytes:
    records = _of_manifest(blobs, output.manifest_key) if output.manifest_key else _known(kept, job)
    sentences = map(SentenceTime.of_record, records)
    if variant == "timestamps":
        return json.dumps(timestamps_view(sentences, output.duration_seconds), ensure_ascii=False).encode()
    language = job.spec["language"] if job.spec["language"] != "auto" else ""
    return "".join(vtt(cues(sentences), language) if variant == "vtt" else srt(cues(sentences))).encode()


def _of_manifest(blobs: Blobs, key: str) -> Iterator[Any]:
    with blobs.open(key) as stream:
        for line in stream:
            yield from json.loads(line).get(TIMES_FIELD, ())


def _known(kept: list[Any] | None, job: Job) -> Iterable[Any]:
    if kept is None:
        raise NotFound("This job has kept no times: it was made by an earlier version.", param="variant", job_id=job.id)
    return kept
