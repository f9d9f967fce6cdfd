"""A batch as it is stored: a file of speech requests, one a line, each of which is a job of its own (store/lua/lines.lua).

What a client may send is batch_request.py's business, what is in a file's lines batch_line.py's.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from speechmill.request import SpeechSpec

ENDPOINT = "/v1/audio/speech"
"""What the lines of a batch are requests to."""


class BatchSpec(SpeechSpec):
    """A validated request for a batch. Each of its lines says itself what it is spoken with."""

    kind: Literal["batch"] = "batch"
    model: str = ""
    voice: str = ""
    language: str = ""
    input_file_id: str
    completion_window: str       # as its client wrote it; `deadline` has it in seconds


class LineError(BaseModel):
    """What is wrong with a line of a batch's file, in OpenAI's shape. `line` counts from 1; None: it is about the whole file."""

    model_config = ConfigDict(frozen=True)

    code: str
    message: str
    param: str | None = None
    line: int | None = None


class BatchFiles(BaseModel):
    """The files that a batch left behind, by id; None where there was nothing to put into one."""

    model_config = ConfigDict(frozen=True)

    output: str | None = None    # lines that were spoken
    error: str | None = None     # lines that were not
    manifest: str | None = None  # what was spoken: name in the archive, size, hash, duration
    archive: str | None = None   # all sound in one zip
    table_key: str = ""          # the object that says where each line's sound lies (batch_line.LineSound)

    @property
    def ids(self) -> list[str]:
        """Of those that there are."""
        return [file_id for file_id in (self.output, self.error, self.manifest, self.archive) if file_id]
