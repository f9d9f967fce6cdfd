"""One measured process by itself, from its start to its end. No torch."""

from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import Any

from worker.bench.subject.process import Call, Ended, Message, Ready, Subject, Told

START_S = 900.0
"""Loading and warming up; a compiler may be part of that."""


class SubjectBroke(Exception):
    """What was to be measured broke, or took too long; the message says which."""


def told_by(call: Call, limit_s: float) -> Iterator[dict[str, Any]]:
    """All that it tells, as it tells it. From being ready it has `limit_s` for each. Raises SubjectBroke."""
    mailbox: SimpleQueue[tuple[Subject, Message]] = SimpleQueue()
    try:
        subject = Subject(call, mailbox)
    except OSError as error:
        raise SubjectBroke(f"{call.python} can't be run: {error.strerror}") from error
    patience_s = START_S
    try:
        while True:
            match mailbox.get(timeout=patience_s)[1]:
                case Ready():
                    subject.go()
                    patience_s = limit_s
                case Told(what):
                    yield what
                case Ended(problem):
                    if problem:
                        raise SubjectBroke(problem)
                    return
    except Empty:
        raise SubjectBroke(f"took longer than {patience_s:.0f} s") from None
    finally:
        subject.kill()
