"""The two shapes of an answer that is streamed: plain audio, and OpenAI's events with audio in them."""

import base64
from typing import Any, Protocol

from producer.streams import sse
from speechmill.errors import SpeechmillError
from speechmill.job import Job
from speechmill.request import CONTENT_TYPES, AudioFormat, StreamFormat

FRAME_S = 0.08
"""What the output of `usage` is counted in: the frames of Qwen3-TTS, also where another model spoke."""


class Shape(Protocol):
    """How sound, its end and its failure are written."""

    @property
    def media_type(self) -> str: ...

    def sound(self, piece: bytes) -> bytes: ...

    def done(self, job: Job) -> bytes: ...

    def failed(self, error: SpeechmillError) -> bytes | None:
        """None where only an end that is no clean one can tell: the connection is cut."""
        ...


class PlainAudio:
    def __init__(self, format: AudioFormat) -> None:
        self.media_type = CONTENT_TYPES[format]

    def sound(self, piece: bytes) -> bytes:
        return piece

    def done(self, job: Job) -> bytes:  # noqa: ARG002 - nothing can be added to a file
        return b""

    def failed(self, error: SpeechmillError) -> bytes | None:  # noqa: ARG002 - it has no room for words
        return None


class AudioEvents:
    """speech.audio.delta and speech.audio.done are OpenAI's; speech.audio.error is ours, with its error object."""

    media_type = sse.MEDIA_TYPE

    def sound(self, piece: bytes) -> bytes:
        return sse.event({"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode()})

    def done(self, job: Job) -> bytes:
        return sse.event({"type": "speech.audio.done", "usage": _usage(job)})

    def failed(self, error: SpeechmillError) -> bytes | None:
        return sse.event({"type": "speech.audio.error", "error": {
            "message": error.message, "type": error.type, "param": error.param, "code": error.public_code,
            "job_id": error.job_id}})


def shape_of(stream_format: StreamFormat, format: AudioFormat) -> Shape:
    return AudioEvents() if stream_format == "sse" else PlainAudio(format)


def _usage(job: Job) -> dict[str, Any]:
    """We count characters and frames where OpenAI counts tokens; their SDKs want these three numbers."""
    audio_s = job.output.duration_seconds if job.output else 0.0
    n_frames = round(audio_s / FRAME_S)
    return {"input_tokens": job.characters, "output_tokens": n_frames, "total_tokens": job.characters + n_frames,
            "input_characters": job.characters, "audio_seconds": audio_s}
