"""Files of batches: JSON lines, each a speech request of its own."""

import io
import json

from speechmill.catalogue import Catalogue
from speechmill.errors import InvalidRequest
from speechmill.job import JobClass
from speechmill.own_voice import NO_VOICES
from speechmill.request import Limits
from tests.fuzz.mutations import mutated
from tests.fuzz.target import Target
from worker.batch.check_line import LineCheck
from worker.batch.read_lines import read_lines
from worker.voices.tone import MODEL

LONGEST_BYTES = 4096
FILES = tuple(end.join(json.dumps({
    "custom_id": f"line-{n}", "method": "POST", "url": "/v1/audio/speech",
    "body": {"model": "tts-1", "voice": "alloy", "input": f"Line {n}.", "metadata": {"n": str(n)}}}).encode() for n in range(5))
    for end in (b"\n", b"\r\n", b"\n\n"))


def _read(file: bytes) -> None:
    """A bad line is refused by itself; the next one is read all the same."""
    check = LineCheck(Catalogue(models=(MODEL,)), NO_VOICES, (), Limits(1000), JobClass.BATCH)
    names: list[str] = []
    for n, line in enumerate(read_lines(io.BytesIO(file), LONGEST_BYTES)):
        assert len(line.content) <= LONGEST_BYTES + 1, "more of a line is kept than may be"
        assert line.number > n, "lines are counted wrongly"
        try:
            names.append(check.check(line).accepted.name.casefold())
        except InvalidRequest as error:
            assert 0 < len(error.message) < 2000, f"what line {line.number} is told makes no sense: {error.message[:100]}"  # noqa: PT017
    assert len(set(names)) == len(names), "two lines have the same name"
    assert not any(set(name) & set("/\\\0:") for name in names), "a name leaves its folder"


TARGETS = (Target("batch", mutated(FILES), _read, cost=2),)
