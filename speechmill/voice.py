"""A voice of one's own, as it is stored: a job that makes it, of kind `voice`, whose result is kept until it is deleted.

    upload  plan (cpu worker: decode, measure) ──▶ whole (the cloning model says a few words)
    design  whole (the designing model says the sample) ──▶ whole (the cloning model says a few words)

`RECORDED` (lua/recorded.lua) leads from the first step to the second. The recording lies under its SHA-256 in the voice's own
folder in storage; what the cloning model says first is the voice's preview, and leaves what it encoded the recording to.
"""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from speechmill.job import JobError, Output, Status, Waiting
from speechmill.own_voice import OwnVoice, State
from speechmill.request import SpeechSpec

CONSENT = ("The person whose voice this is has agreed that it is cloned and that speech is made with it; whoever uploaded it "
           "says so.")
"""What `consent: true` states. Kept with each voice, as it was worded then."""


class Consent(BaseModel):
    """What was stated when a recording was uploaded, and when, Unix seconds."""

    model_config = ConfigDict(frozen=True)

    statement: str = CONSENT
    given_at: int


class Remark(BaseModel):
    """Something about a recording that may make a poor voice of it."""

    model_config = ConfigDict(frozen=True)

    code: Literal["little_speech", "mostly_silence", "clipping", "quiet"]
    message: str


class Recording(BaseModel):
    """The sound that a voice is cloned from, and what was measured of it. Levels in dB below full scale: of all of it (RMS), and
    its highest peak."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    bytes: int
    duration_seconds: float
    speech_seconds: float
    level_dbfs: float
    peak_dbfs: float
    remarks: tuple[Remark, ...] = ()


class VoiceSpec(SpeechSpec):
    """A validated request for a voice. `model` and `voice` say who speaks first: the cloning model, or the one that designs."""

    kind: Literal["voice"] = "voice"
    source: Literal["upload", "design"]
    name: str
    description: str = ""
    for_model: str                        # the model that speaks with it where a request names none
    said: str                             # the preview's text
    recorded_text: str = ""               # what the recording says, where that is known
    consent: Consent | None = None        # of an upload


@dataclass(frozen=True)
class Voice:
    """A voice's record."""

    id: str
    tenant: str
    status: Status
    spec: VoiceSpec
    created_ms: int
    version: int
    recording: Recording | None = None
    preview: Output | None = None
    error: JobError | None = None
    waiting: Waiting | None = None

    @property
    def state(self) -> State:
        if self.status is Status.COMPLETED:
            return "ready"
        return "failed" if self.status in (Status.FAILED, Status.CANCELLED, Status.EXPIRED) else "preparing"

    def known(self) -> OwnVoice:
        """What requests need of it."""
        spec = self.spec
        return OwnVoice(self.id, self.state, model=spec.for_model, language="" if spec.language == "auto" else spec.language,
                        sha256=self.recording.sha256 if self.recording else "", text=spec.recorded_text,
                        reason=self.error.message if self.error else "its making was stopped.")
