"""What a worker and its engine process say to each other: small frozen dataclasses, pickled, over one socket.

The worker sends Start first, then Speak (worker/engine/speaker.py), Cancel and Return. The engine sends Progress while it loads,
Ready or Broken once, then lists of Sound, Failed and Encoded, and a Beat every BEAT_S. Samples never travel here: they lie in the
arena. No torch.
"""

from dataclasses import dataclass, field

from worker.engine.speaker import Speak, SpeakerInfo
from worker.model.errors import EngineError
from worker.model.reference import PreparedReference

BEAT_S = 0.5


@dataclass(frozen=True)
class Start:
    """Builds the speaker: `factory` is "package.module:function" (see process.Factory), called with `options`."""

    factory: str
    options: object


@dataclass(frozen=True)
class Cancel:
    speak_id: int


@dataclass(frozen=True)
class Return:
    """The worker has read these blocks of the arena; they may be written again."""

    blocks: tuple[int, ...]


@dataclass(frozen=True)
class Progress:
    """A line for people. It counts as a sign of life, for steps that take longer than a beat."""

    line: str


@dataclass(frozen=True)
class Ready:
    info: SpeakerInfo
    rss_bytes: int


@dataclass(frozen=True)
class Broken:
    """It can't start, or can't go on; the process ends."""

    error: EngineError


@dataclass(frozen=True)
class Written:
    """Samples in the arena: the first `n_samples` of `block`."""

    block: int
    n_samples: int


@dataclass(frozen=True)
class Sound:
    """The next samples of an utterance, in order; with `last` nothing follows."""

    speak_id: int
    written: tuple[Written, ...]
    last: bool
    capped: bool


@dataclass(frozen=True)
class Failed:
    speak_id: int
    error: EngineError


@dataclass(frozen=True)
class Encoded:
    """What an utterance's reference was encoded to: 32 KB at most."""

    speak_id: int
    reference: PreparedReference


@dataclass(frozen=True)
class Beat:
    """A sign of life from the thread that steps: none comes while a step hangs. `n_steps` so far."""

    n_steps: int = 0
    rss_bytes: int = 0
    gauges: dict[str, float] = field(default_factory=dict)


ToEngine = Start | Speak | Cancel | Return
News = Sound | Failed | Encoded
ToWorker = Progress | Ready | Broken | Beat | list[News]
