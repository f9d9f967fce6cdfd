"""Log lines are JSON objects that say which job, attempt and request they belong to."""

import json
import logging

from speechmill.log import JsonLines, TextLines, about


def record(message: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord("worker.tasks", logging.WARNING, __file__, 1, message, arguments, None)


def test_a_line_carries_the_fields_of_where_it_was_written() -> None:
    with about(job_id="speech_1", attempt=2), about(request_id="req_1"):
        line = json.loads(JsonLines().format(record("done in %d ms", 7)))
    assert line.pop("time").endswith("Z")
    assert line == {"level": "warning", "logger": "worker.tasks", "message": "done in 7 ms", "job_id": "speech_1", "attempt": 2,
                    "request_id": "req_1"}


def test_the_fields_end_where_their_block_ends() -> None:
    with about(job_id="speech_1"):
        pass
    assert "job_id" not in json.loads(JsonLines().format(record("later")))


def test_a_message_cannot_break_out_of_its_line() -> None:
    formatted = JsonLines().format(record('first\nsecond "quoted"'))
    assert "\n" not in formatted
    assert json.loads(formatted)["message"] == 'first\nsecond "quoted"'


def test_an_exception_is_in_the_line() -> None:
    try:
        raise ValueError("broken")
    except ValueError as error:
        entry = record("failed")
        entry.exc_info = (ValueError, error, error.__traceback__)
    assert "ValueError: broken" in json.loads(JsonLines().format(entry))["exception"]


def test_text_lines_are_for_people() -> None:
    with about(job_id="speech_1"):
        assert TextLines("%(levelname)s %(message)s").format(record("hello")) == "WARNING hello  job_id=speech_1"
