"""What an answer without speech means: whose fault it is, and whether to come back. Reads the error bodies of OpenAI and
vllm-omni ({"error": {"message", "param", "code"}}), FastAPI ({"detail": …}, a list of them too) and Kokoro-FastAPI
({"detail": {"error", "message"}})."""

import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from speechmill.errors import BadReference, SpeechError, Unspeakable, VoiceRefused
from worker.voices.remote.call import Head
from worker.voices.remote.server import Server
from worker.voices.remote.trouble import Away, Broken, Busy, Trouble, Wrong

MAX_BODY_BYTES = 64 * 1024
"""Of an error that is read."""
_SAID_CHARACTERS = 400
_PARAMS = {"input", "voice", "language", "instructions", "ref_audio", "ref_text", "seed"}
_UNSPEAKABLE = {"unspeakable_text", "input_unspeakable", "input_empty"}
"""Codes of a speechmill's."""


@dataclass(frozen=True)
class Said:
    """What stands in the body of an error; empty where nothing does."""

    message: str = ""
    param: str = ""
    code: str = ""

    @classmethod
    def of(cls, body: bytes, server: Server) -> "Said":
        try:
            told = _told(json.loads(body))
        except (ValueError, RecursionError):
            told = Said(body.decode("utf-8", "replace"))
        # Printable, short, and without the key: it goes to clients and into the log.
        message = re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in server.without_key(told.message))).strip()
        return Said(message[:_SAID_CHARACTERS], told.param, told.code)


def refusal(head: Head, body: bytes, server: Server) -> SpeechError | Trouble:
    """Why there is no speech. A SpeechError is the job's own fault."""
    said = Said.of(body, server)
    status = head.status
    told = f"The speech server answered {status}{': ' + said.message if said.message else '.'}"
    if said.code in _UNSPEAKABLE:
        return Unspeakable(said.message or told, param="input")
    if status in (429, 502, 503):
        kind, what = (Busy, "busy") if status == 429 else (Away, "not ready")
        return kind(f"The speech server is {what} ({status}).", told, retry_after_s(head.headers, time.time()))
    if status in (400, 413, 422) or (status == 404 and said.param in _PARAMS):
        return _job_fault(told, said)
    if 300 <= status < 400:
        return Wrong(f"The speech server answered {status}; redirects are not followed.",
                     "SPEECHMILL_REMOTE__URL must be the address that it leads to")
    if status in (401, 403):
        return Wrong(f"The speech server refuses the key ({status}).", told)
    if status in (404, 405) or head.headers.get("x-should-retry", "").lower() == "false":
        return Wrong(told)
    return Broken(told)


def retry_after_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """Seconds until the server wants to be asked again (RFC 9110 §10.2.3: seconds, or a date); None where it doesn't say.
    `now_s` is Unix time."""
    value = headers.get("retry-after", "").strip()
    try:
        is_number = re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value)
        seconds = float(value) if is_number else parsedate_to_datetime(value).timestamp() - now_s
    except (ValueError, OverflowError):
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _job_fault(message: str, said: Said) -> SpeechError:
    param = said.param if said.param in _PARAMS else "input"
    if param in ("ref_audio", "ref_text"):
        return BadReference(message, param=param)
    return VoiceRefused(message, param=param)


def _told(body: object) -> Said:
    if isinstance(body, str):
        return Said(body)
    if isinstance(body, list):
        return _told(body[0]) if body else Said()
    if not isinstance(body, dict):
        return Said()
    inner = body.get("error") if isinstance(body.get("error"), dict) else body.get("detail")
    if isinstance(inner, dict | list):
        return _told(inner)
    place = body.get("loc")
    param = place[-1] if isinstance(place, list) and place else body.get("param")
    message = next((value for name in ("message", "msg", "detail", "error") if isinstance(value := body.get(name), str)), "")
    code = body.get("code") if isinstance(body.get("code"), str) else ""
    return Said(message, param if isinstance(param, str) else "", str(code))
