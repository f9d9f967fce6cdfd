"""Logs on stderr: one JSON object a line (or text, for people), each with the job, attempt and request it belongs to."""

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from speechmill.settings import LogSettings

_context: ContextVar[dict[str, object]] = ContextVar("log_context", default={})  # noqa: B039 - never mutated, only replaced


@contextmanager
def about(**fields: object) -> Iterator[None]:
    """Every line logged inside carries these fields (job_id, attempt, request_id, …)."""
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        line: dict[str, object] = {"time": stamp, "level": record.levelname.lower(), "logger": record.name,
                                   "message": record.getMessage(), **_context.get()}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={value}" for name, value in _context.get().items())
        return f"{super().format(record)}{'  ' + fields if fields else ''}"


def set_up_logging(settings: LogSettings) -> None:
    """Send every logger of the process, Celery's and uvicorn's too, to stderr in one format."""
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(JsonLines() if settings.format == "json"
                        else TextLines("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [stream]
    root.setLevel(settings.level.upper())
    # Celery tells of every doorbell; what was done behind it is logged by the unit.
    for noisy in ("botocore", "urllib3", "boto3", "s3transfer", "httpx", "httpcore", "asyncio", "celery.worker.strategy",
                  "celery.app.trace"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
