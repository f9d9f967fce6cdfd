"""A job as clients see it, in answers and in webhooks alike. Never its text; of its objects, only the result's address."""

from dataclasses import dataclass
from typing import Any

from speechmill.blobs.seam import Blobs
from speechmill.job import Job, Output, OutputFile, Status

JOBS_PATH = "/v1/audio/speech/jobs"


@dataclass(frozen=True)
class Viewpoint:
    """From where a job is looked at: the base of all URLs, and how result URLs are made and how long they last."""

    base_url: str
    blobs: Blobs
    url_ttl_s: int
    now_s: float


def job_view(job: Job, here: Viewpoint) -> dict[str, Any]:
    """The job object of the HTTP contract. May sign a URL, which for S3 takes a fraction of a millisecond of CPU."""
    spec = job.spec
    own = f"{here.base_url}{JOBS_PATH}/{job.id}"
    return {
        "id": job.id,
        "object": "audio.speech.job",
        "status": job.status.value,
        "progress": job.progress,
        "model": job.model,
        "voice": spoken_with(spec),
        "language": spec["language"],
        "response_format": spec["response_format"],
        "speed": spec["speed"],
        **times_view(job),
        "priority": job.klass.value,
        "queue_position": job.waiting.position if job.waiting else None,
        "waiting": job.waiting.model_dump() if job.waiting else None,
        "segments": job.segments.model_dump(),
        "attempts": job.attempts,
        "output": _output(job, job.output, here) if job.output and job.status is Status.COMPLETED else None,
        "usage": {"input_characters": job.characters,
                  "audio_seconds": job.output.duration_seconds if job.output else None} if job.ended else None,
        "error": job.error.model_dump() if job.error else None,
        "metadata": spec["metadata"],
        "request_id": job.request_id,
        "urls": {"get": own, "cancel": f"{own}/cancel", "content": f"{own}/content", "segments": f"{own}/segments",
                 "events": f"{own}/events"},
    }


def spoken_with(spec: dict[str, Any]) -> str:
    """The voice, as its client named it: one of the model's, or one of its own."""
    return str((spec.get("reference") or {}).get("voice_id") or spec["voice"])


def times_view(job: Job) -> dict[str, Any]:
    """When what happened, Unix seconds."""
    return {
        "created_at": _seconds(job.created_ms),
        "started_at": _seconds(job.started_ms),
        "completed_at": _seconds(job.completed_ms),
        "cancelled_at": _seconds(job.cancelled_ms),
        "expires_at": _seconds(job.expires_ms),
        "deadline_at": _seconds(job.deadline_ms),
    }


def result_url(job_id: str, output: Output, extension: str, here: Viewpoint) -> str:
    """A URL that anyone may download the result from for a while, without a key."""
    return file_url(output, f"{job_id}.{extension}", here)


def file_url(file: Output | OutputFile, name: str, here: Viewpoint) -> str:
    """The same of any file, which is downloaded as `name`."""
    url = here.blobs.url(file.key, ttl_s=here.url_ttl_s, filename=name, content_type=file.content_type)
    return here.base_url + url if url.startswith("/") else url


def _output(job: Job, output: Output, here: Viewpoint) -> dict[str, Any]:
    expired = has_expired(job, here.now_s)
    return {
        "url": None if expired else result_url(job.id, output, job.spec["response_format"], here),
        "s3_uri": here.blobs.uri(output.key),
        "url_expires_at": None if expired else int(here.now_s) + here.url_ttl_s,
        "bytes": output.bytes,
        "sha256": output.sha256,
        "content_type": output.content_type,
        "duration_seconds": output.duration_seconds,
        "sample_rate": output.sample_rate,
        "timestamps_url": None if expired else f"{here.base_url}{JOBS_PATH}/{job.id}/content?variant=timestamps",
    }


def has_expired(job: Job, now_s: float) -> bool:
    """Whether its results are kept no longer."""
    return job.expires_ms is not None and now_s * 1000 >= job.expires_ms


def _seconds(ms: int | None) -> int | None:
    return None if ms is None else ms // 1000
