"""What a client may ask for, validated once, for HTTP bodies, batch lines and books alike.

`parse_speech` takes decoded JSON and returns the text to speak and a `SpeechSpec`: everything resolved (aliases, defaults)
and nothing left to check. It raises InvalidRequest that names the field and says what would be right.
"""

import base64
import binascii
import hashlib
import json
import unicodedata
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, ValidationError

from speechmill.catalogue import Catalogue, ModelInfo
from speechmill.errors import InvalidRequest
from speechmill.job import JobClass
from speechmill.own_voice import NO_VOICES, Voices, is_own, model_for, ready_voice
from speechmill.timestamps import Timestamps

AudioFormat = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
StreamFormat = Literal["audio", "sse"]

CONTENT_TYPES: dict[str, str] = {
    "mp3": "audio/mpeg",                 # RFC 3003
    "opus": "audio/ogg; codecs=opus",    # RFC 7845 §9: Opus in an Ogg container
    "aac": "audio/aac",                  # ADTS
    "flac": "audio/flac",                # RFC 9639 §11
    "wav": "audio/wav",
    "pcm": "audio/pcm",                  # as OpenAI: 16-bit little-endian, 24 kHz, mono, no header
}

EventType = Literal["speech.job.started", "speech.job.progress", "speech.job.completed", "speech.job.failed",
                    "speech.job.cancelled", "speech.job.expired",
                    "book.started", "book.progress", "book.completed", "book.failed", "book.cancelled", "book.expired",
                    "book.chapter.completed",
                    "batch.in_progress", "batch.completed", "batch.failed", "batch.cancelled", "batch.expired"]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)
TERMINAL_EVENTS = EVENT_TYPES[2:6]
BOOK_EVENTS = EVENT_TYPES[8:13]
"""What is told of a book unless its client says otherwise: its end, and each chapter's."""
BATCH_EVENTS = EVENT_TYPES[14:18]
"""What is told of a batch unless its client says otherwise: its end."""

MAX_METADATA_PAIRS = 16
MAX_DEADLINE_S = 30 * 86_400

SEGMENT_CHARACTERS = 280
"""Most characters of a segment, about 20 s of speech."""
SEGMENT_CHARACTERS_CJK = 80
"""The same for text in Chinese, Japanese or Korean script."""


class WebhookSpec(BaseModel):
    """Where to post a job's events. Which addresses are allowed is `speechmill.address`'s business."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    url: Annotated[StrictStr, Field(min_length=1, max_length=2048)]
    events: tuple[EventType, ...] = Field(TERMINAL_EVENTS, max_length=len(EVENT_TYPES))


def _voice_name(value: object) -> object:
    """OpenAI's clients send a voice as a string or as {"id": …}."""
    if isinstance(value, dict):
        value = value.get("id")
    return "" if value is None else value


def _none_is_empty(value: object) -> object:
    return "" if value is None else value


Name = Annotated[StrictStr, BeforeValidator(_none_is_empty), Field(max_length=200)]
LexiconName = Annotated[StrictStr, Field(min_length=1, max_length=64)]


class SpeechBody(BaseModel):
    """The request as it comes. Unknown fields are ignored, as OpenAI does. None means "not given"."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    input: StrictStr
    model: Name = ""
    voice: Annotated[StrictStr, BeforeValidator(_voice_name), Field(max_length=200)] = ""
    instructions: Annotated[StrictStr, BeforeValidator(_none_is_empty), Field(max_length=4096)] = ""
    response_format: AudioFormat | None = None
    speed: Annotated[StrictFloat | StrictInt | None, Field(ge=0.25, le=4.0)] = None
    stream_format: StreamFormat | None = None
    language: Name = ""
    seed: Annotated[StrictInt | None, Field(ge=0, le=2**63 - 1)] = None
    ref_audio: StrictStr | None = None
    ref_text: StrictStr | None = None
    normalize: Annotated[StrictBool | None, Field(description=(
        "Read numbers, dates, amounts and abbreviations as words, in English, Chinese and Japanese; true if not given. "
        "With false the voice gets them as they are written."))] = None
    timestamps: Annotated[Timestamps | None, Field(description=(
        "word: the times of words too, where the model has them (its `timestamps` in /v1/models). Times of sentences there are "
        "of every job: content?variant=timestamps, srt or vtt."))] = None
    lexicon_ids: Annotated[list[LexiconName] | None, Field(max_length=4, description=(
        "Names of lexicons of yours (/v1/audio/lexicons); where two have a word, the later one holds. If not given, the one "
        "called default, if there is one; [] for none."))] = None
    metadata: dict[Annotated[StrictStr, Field(max_length=64)], Annotated[StrictStr, Field(max_length=512)]] | None = None
    webhook: WebhookSpec | None = None
    expires_after: Annotated[StrictInt | None, Field(ge=60, le=365 * 86_400)] = None
    deadline: Annotated[StrictInt | None, Field(ge=1, le=MAX_DEADLINE_S)] = None
    priority: Literal["interactive", "batch"] | None = None


class ReferenceSpec(BaseModel):
    """A voice to clone. Its sound lies in storage under its SHA-256; `text` is what it says, and may be empty. `voice_id`: the
    voice of one's own that it is the recording of, and that keeps it; empty where it came with a request."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    text: str = ""
    voice_id: str = ""


class SpeechSpec(BaseModel):
    """A validated request without its text: what is stored with the job and given to the worker."""

    model_config = ConfigDict(frozen=True)

    model: str
    voice: str
    language: str                        # a tag of the model's, or "auto"
    instructions: str = ""
    response_format: AudioFormat = "mp3"
    speed: float = 1.0
    seed: int | None = None
    metadata: dict[str, str] = {}
    webhook: WebhookSpec | None = None
    expires_after: int | None = None     # seconds that results are kept after completion
    deadline: int | None = None          # seconds from acceptance until it must have ended
    klass: JobClass = JobClass.BATCH
    normalize: bool = True               # say numbers and abbreviations as words
    reference: ReferenceSpec | None = None
    lexicon_ids: tuple[str, ...] | None = None   # None: the tenant's default, if there is one
    timestamps: Timestamps = "none"
    streamed: bool = False               # its client listens while it is made: one unit, whose sound goes to a stream too

    @property
    def own_voices(self) -> tuple[str, ...]:
        """Ids of the voices of one's own that speak: they are kept until the job has ended."""
        return (self.reference.voice_id,) if self.reference and self.reference.voice_id else ()


@dataclass(frozen=True)
class Parsed:
    """One speech request that has passed every check. `reference_audio` is the file that `spec.reference` names, as it came;
    empty where it is a voice of one's own. `spec.streamed` is how it asks to be answered by a stream, `stream_format` in what
    shape."""

    text: str
    spec: SpeechSpec
    reference_audio: bytes = b""
    stream_format: StreamFormat | None = None


@dataclass(frozen=True)
class Limits:
    """How long `input` may be, characters, and where a longer one should go (said in the error). `streams`: whether its client
    stays to listen; `stream_format` means nothing elsewhere."""

    characters: int
    hint: str = ""
    streams: bool = False


def parse_speech(body: object, catalogue: Catalogue, limits: Limits, default_class: JobClass,
                 voices: Voices = NO_VOICES) -> Parsed:
    """One speech request, checked. `voices`: the tenant's own. Raises InvalidRequest, or NoCatalogue when no model is known yet;
    StoreUnavailable where `voices` does."""
    if not isinstance(body, dict):
        raise InvalidRequest(f"The body must be a JSON object, not {_json_type(body)}.", param="body")
    try:
        asked = SpeechBody.model_validate(body)
    except ValidationError as error:
        raise first_problem(error) from None
    if asked.stream_format == "sse" and not limits.streams:
        raise InvalidRequest("stream_format must be audio here: nobody waits for what a job makes. Follow a job by its "
                             "events, or send the request to /v1/audio/speech.", param="stream_format")
    text = clean_text(asked.input, limits)
    _refuse_broken_strings(asked.model_dump(exclude={"input"}))
    own = ready_voice(asked.voice, voices) if is_own(asked.voice) else None
    model = model_for(asked.model, own, catalogue) if own else catalogue.model(asked.model)
    _refuse_what_the_model_lacks(asked, model, has_voice=own is not None)
    metadata = asked.metadata or {}
    if len(metadata) > MAX_METADATA_PAIRS:
        raise InvalidRequest(f"metadata has {len(metadata)} pairs; at most {MAX_METADATA_PAIRS} are kept.", param="metadata")
    reference_audio = _audio_file(asked.ref_audio) if asked.ref_audio else b""
    return Parsed(text, SpeechSpec(
        model=model.id,
        voice=model.voice("" if own else asked.voice).id,
        language=model.language(asked.language or (own.language if own else "")),
        instructions=asked.instructions,
        response_format=asked.response_format or "mp3",
        speed=1.0 if asked.speed is None else float(asked.speed),
        seed=asked.seed,
        metadata=metadata,
        webhook=asked.webhook,
        expires_after=asked.expires_after,
        deadline=asked.deadline,
        klass=JobClass(asked.priority) if asked.priority else default_class,
        normalize=asked.normalize is not False,
        reference=(ReferenceSpec(sha256=own.sha256, text=own.text, voice_id=own.id) if own
                   else _reference(reference_audio, asked.ref_text or "")),
        lexicon_ids=None if asked.lexicon_ids is None else tuple(dict.fromkeys(asked.lexicon_ids)),
        timestamps=asked.timestamps or "none",
        streamed=limits.streams and asked.stream_format is not None,
    ), reference_audio, asked.stream_format)


def clean_text(text: str, limits: Limits) -> str:
    """`text` in NFC with control characters turned into spaces. Raises InvalidRequest when it is empty, too long, not
    Unicode, or has nothing in it that can be spoken."""
    if len(text) > limits.characters:
        raise InvalidRequest(f"input has {len(text):,} characters; at most {limits.characters:,} are taken here."
                             f"{' ' + limits.hint if limits.hint else ''}", param="input", code="input_too_long")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidRequest(f"input has half of a surrogate pair at character {error.start}; send whole characters.",
                             param="input") from None
    text = unicodedata.normalize("NFC", text.translate(_CONTROL_TO_SPACE))
    if not text.strip():
        raise InvalidRequest("input is empty; send the text to speak.", param="input", code="input_empty")
    if not any(map(is_speakable, text)):
        raise InvalidRequest("input has no letter, digit or symbol that can be spoken.", param="input", code="input_unspeakable")
    return text


def is_speakable(character: str) -> bool:
    """Letters, numbers and symbols (emoji, currency, mathematics) have a spoken form; punctuation and spaces have none."""
    return unicodedata.category(character)[0] in "LN" or unicodedata.category(character) in ("Sc", "Sm", "So")


def fits_one_segment(text: str) -> bool:
    """Whether a job for `text` is a single unit. By length alone: cutting is the workers' business."""
    if len(text) > SEGMENT_CHARACTERS:
        return False
    return len(text) <= SEGMENT_CHARACTERS_CJK or not has_cjk(text)


def has_cjk(text: str) -> bool:
    """Whether Han, kana or hangul occur in `text`."""
    return any(low <= ord(character) <= high for character in text for low, high in _CJK_BLOCKS) if not text.isascii() else False


def fingerprint(body: object) -> str:
    """SHA-256 of the request's canonical JSON (keys sorted): equal bodies, however they were spelled, have equal ones. Raises
    InvalidRequest."""
    try:
        canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    except RecursionError:  # reading takes one level more than writing
        raise InvalidRequest("The body is nested too deeply.", param="body", code="malformed_json") from None
    return hashlib.sha256(canonical.encode()).hexdigest()


_CJK_BLOCKS = ((0x1100, 0x11FF), (0x2E80, 0x2FDF), (0x3040, 0x30FF), (0x3100, 0x318F), (0x31A0, 0x31FF), (0x3400, 0x4DBF),
               (0x4E00, 0x9FFF), (0xA960, 0xA97F), (0xAC00, 0xD7FF), (0xF900, 0xFAFF), (0xFF66, 0xFFDC), (0x20000, 0x3FFFF))

_CONTROL_TO_SPACE = {code: " " for code in (*range(0x20), *range(0x7F, 0xA0), 0xFEFF, 0xFFFC, 0xFFFE, 0xFFFF)
                     if chr(code) not in "\n\r\t\x85"}


def _refuse_broken_strings(value: Any, field: str = "") -> None:
    """JSON can carry half of a surrogate pair; UTF-8, and so Redis, answers and webhooks, cannot."""
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise InvalidRequest(f"{field} has half of a surrogate pair; send whole characters.", param=field) from None
    elif isinstance(value, dict):
        for name, part in value.items():
            inner = f"{field}.{name}".lstrip(".") if name.isascii() else field
            _refuse_broken_strings(name, inner)
            _refuse_broken_strings(part, inner)
    elif isinstance(value, list | tuple):
        for part in value:
            _refuse_broken_strings(part, field)


def _audio_file(value: str) -> bytes:
    """The bytes of a data: URL (RFC 2397), or of plain base64. What they hold is looked at by the worker, which can decode it."""
    if value.startswith(("http://", "https://")):
        raise InvalidRequest("ref_audio must be the sound itself, as a data: URL or plain base64; addresses are not fetched.",
                             param="ref_audio")
    head, comma, encoded = value.partition(",")
    if not head.startswith("data:") or not comma:
        encoded = value
    elif not head.endswith(";base64"):
        raise InvalidRequest("ref_audio's data: URL must be base64: data:audio/wav;base64,…", param="ref_audio")
    try:
        audio = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequest("ref_audio is not base64; send data:audio/wav;base64,… with 1 to 30 s of speech.",
                             param="ref_audio") from None
    if not audio:
        raise InvalidRequest("ref_audio is empty; send 1 to 30 s of speech.", param="ref_audio")
    return audio


def _reference(audio: bytes, text: str) -> ReferenceSpec | None:
    return ReferenceSpec(sha256=hashlib.sha256(audio).hexdigest(), text=text.strip()) if audio else None


def _refuse_what_the_model_lacks(asked: SpeechBody, model: ModelInfo, *, has_voice: bool) -> None:
    """`has_voice`: one of one's own, which brings its reference."""
    if has_voice and (asked.ref_audio or asked.ref_text):
        field = "ref_audio" if asked.ref_audio else "ref_text"
        raise InvalidRequest(f"voice names a voice of yours, which has a recording; leave {field} out, or voice.", param=field)
    if model.reference == "none" and (asked.ref_audio or asked.ref_text):
        field = "ref_audio" if asked.ref_audio else "ref_text"
        raise InvalidRequest(f"Model {model.id!r} cannot clone a voice; leave {field} out.", param=field)
    if asked.ref_text and not asked.ref_audio:
        raise InvalidRequest("ref_text says what ref_audio speaks; send ref_audio too.", param="ref_text")
    if model.reference == "required" and not asked.ref_audio and not has_voice:
        raise InvalidRequest(f"Model {model.id!r} speaks with a voice that you give it: send ref_audio, and ref_text for what "
                             "it says, or a voice of your own as voice.", param="ref_audio", code="missing_field")
    if model.instructions == "required" and not asked.instructions.strip():
        raise InvalidRequest(f"Model {model.id!r} designs its voice from a description: send it as instructions.",
                             param="instructions", code="missing_field")
    if model.instructions == "refused" and asked.instructions.strip():
        raise InvalidRequest(f"Model {model.id!r} would drop instructions; leave them out.", param="instructions")
    if asked.timestamps == "word" and not model.word_times:
        raise InvalidRequest(f"Model {model.id!r} has no times of words here; ask for sentence, or start its workers with "
                             "SPEECHMILL_ALIGN__MODEL.", param="timestamps")


def first_problem(error: ValidationError) -> InvalidRequest:
    problem = error.errors(include_url=False)[0]
    place = [str(part) for part in problem["loc"] if part not in ("float", "int", "constrained-str")]
    field = ".".join(place) or "body"
    if problem["type"] == "missing":
        return InvalidRequest(f"{field} is missing; {_WANTED.get(field, 'it is required')}.", param=field, code="missing_field")
    message = problem["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    return InvalidRequest(f"{field}: {message} (got {_shown(problem['input'])}).", param=field)


_WANTED = {"input": "send the text to speak", "webhook.url": "send the https address that events are posted to"}


def _shown(value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=True, default=str)
    return shown if len(shown) <= 80 else shown[:77] + "..."


def _json_type(value: object) -> str:
    names = {list: "an array", str: "a string", int: "a number", float: "a number", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "something else")
