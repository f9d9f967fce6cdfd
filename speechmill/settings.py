"""All settings: one frozen tree, read once when a process starts, and passed down from there.

Every setting is an environment variable: `SPEECHMILL_` + the group + `__` + the name, e.g. `SPEECHMILL_S3__BUCKET`.
`docs/configuration.md` is generated from this file. A bad or unknown value stops the boot with an error that names it.
"""

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from speechmill.errors import InvalidRequest, SpeechmillError
from speechmill.webhook import parse_secret

CommaList = Annotated[tuple[str, ...], NoDecode]

CLIENT_URL = "SPEECHMILL_URL"
"""Which producer the command line talks to. No setting: a server started from the same shell passes it over."""
CLIENT_KEY = "SPEECHMILL_API_KEY"
"""The key that the command line shows it. No setting either."""


class BadSettings(SpeechmillError):
    """A setting that cannot be used; the message names the environment variable and what is wrong."""

    code = "bad_settings"


TLS_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
"""Options of a rediss:// URL that name PEM files; redis-py and kombu both read them."""
TLS_OPTIONS = (*TLS_FILES, "ssl_check_hostname")

LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
"""A language with its region or script, as BCP 47 writes them."""


def _base_url(url: str) -> str:
    """`url` without a slash at its end; with /v1 where it had no path. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("must be an address like http://kokoro:8880/v1")
    if "@" in parts.netloc:
        raise ValueError("must hold no user name or password; SPEECHMILL_REMOTE__API_KEY is for a key")
    if parts.query or parts.fragment or not re.fullmatch(r"[\x21-\x7e]+", url):
        raise ValueError("must have no query, no fragment, and ASCII characters only")
    return url.rstrip("/") if parts.path.strip("/") else url.rstrip("/") + "/v1"


def _redis_url(url: str) -> str:
    """`url`, for Redis. Raises ValueError, which never repeats it: there may be a password in it."""
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss") or not parts.hostname:
        raise ValueError("must be an address like redis://user:password@host:6379/0, or rediss:// for TLS")
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in TLS_OPTIONS:
            raise ValueError(f"knows no option {name[:40]!r}; it has {', '.join(TLS_OPTIONS)}")
        if parts.scheme == "redis":
            raise ValueError(f"has {name}, which is for rediss:// alone")
        if name in TLS_FILES and not os.access(value, os.R_OK):
            raise ValueError(f"has an {name} that is no file which can be read: {value[:200]}")
    return url


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


class Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RedisSettings(Group):
    url: str = Field("redis://127.0.0.1:6379/0", repr=False, description=(
        "Redis or Valkey that holds jobs and Celery's queues. rediss:// is TLS, with ?ssl_ca_certs=, ssl_certfile= and "
        "ssl_keyfile= behind it where an authority or a client's certificate of one's own is wanted (docs/security.md)."))
    producer_timeout_s: float = Field(1.5, gt=0, description="How long the producer waits for Redis before it answers 503.")
    worker_timeout_s: float = Field(5.0, gt=0, description="How long a worker waits for one reply before it tries again.")

    _address = field_validator("url")(_redis_url)


class S3Settings(Group):
    bucket: str = Field("speechmill", description="Bucket for results, segments and large inputs. Made at start when missing.")
    endpoint_url: str | None = Field(None, description="S3 endpoint that workers and producer use; empty means AWS.")
    public_endpoint_url: str | None = Field(
        None, description="Endpoint that clients can reach; presigned URLs are signed for it. Default: endpoint_url.")
    region: str = Field("us-east-1", description="Region to sign for.")
    access_key_id: SecretStr | None = Field(None, description="Access key; empty means boto3's own credential chain.")
    secret_access_key: SecretStr | None = Field(None, description="Secret key.")


class BlobSettings(Group):
    kind: Literal["folder", "s3"] = Field("folder", description="Where objects lie: a local folder, or S3-compatible storage.")
    folder: Path = Field(Path("speechmill-data/objects"), description="The folder, when kind is folder.")
    url_secret: SecretStr = Field(SecretStr(""), description="Key that signs download URLs of the folder kind (≥ 16 characters).")
    url_ttl_s: int = Field(3600, ge=1, le=604_800, description="How long a download URL stays valid, seconds.")
    delivery: Literal["redirect", "proxy"] = Field(
        "redirect", description="How /content answers: 302 to a signed URL, or the bytes themselves.")


class LimitSettings(Group):
    sync_characters: int = Field(4096, ge=1, description="Longest input of a sync request; longer ones go to the jobs URL.")
    job_characters: int = Field(1_000_000, ge=1, description="Longest input of a job.")
    body_bytes: int = Field(8 * 1024 * 1024, ge=1024, description="Largest request body.")
    book_bytes: int = Field(256 * 1024 * 1024, ge=1024, description="Largest file of a book.")
    file_bytes: int = Field(200 * 1024 * 1024, ge=1024, description="Largest file that may be uploaded for a batch.")
    batch_lines: int = Field(50_000, ge=1, le=50_000, description="Most lines of a batch.")
    archive_bytes: int = Field(8 * 1024**3, ge=0, description=(
        "Most sound that a batch gets a zip of. One with more is completed without: archive_file_id is null, and each line has "
        "its content_url. The zip is made in worker.scratch, whose disk must have room for it."))
    files: int = Field(10_000, ge=1, description="Files that one tenant may keep, uploaded ones and those that batches left "
                                                 "behind; uploading one more is 409 too_many_files.")
    inline_bytes: int = Field(16 * 1024, ge=0, description="Inputs above this many bytes go to storage, not to Redis.")
    queued_jobs: int = Field(1_000_000, ge=1, description="Jobs that one tenant may have waiting; more is 429 queue_full.")
    lexicons: int = Field(50, ge=1, description="Lexicons that one tenant may keep.")
    jobs: int = Field(0, ge=0, description="Jobs that one tenant may have queued and in progress; more is 429 queue_full. 0: no "
                                           "limit.")
    characters_a_day: int = Field(0, ge=0, description="Characters that are accepted of one tenant on a day (UTC); more is 429 "
                                                       "quota_exceeded. 0: no limit.")
    webhook_endpoints: int = Field(16, ge=0, description="Webhook endpoints that one tenant may have. 0: no limit.")
    requests_a_minute: int = Field(0, ge=0, le=1_000_000, description=(
        "Requests of one tenant that make or change something; more is 429 rate_limit_exceeded. 0: no limit."))
    open_requests: int = Field(0, ge=0, description=(
        "Requests of one tenant that a producer process has under way at once, with those that wait for a job or listen to it; "
        "more is 429 too_many_open_requests. 0: no limit."))


class VoiceSettings(Group):
    """Voices of one's own: uploaded or designed, and kept until they are deleted."""

    kept: int = Field(100, ge=0, le=1000, description="Voices that one tenant may keep; one more is 409 too_many_voices.")
    file_bytes: int = Field(20 * 1024 * 1024, ge=1024, le=200 * 1024 * 1024, description="Largest recording, bytes.")
    shortest_s: float = Field(1, ge=1, le=30, description="Shortest recording, seconds.")
    longest_s: float = Field(30, ge=1, le=30, description="Longest recording, seconds; models take no more than 30.")

    @model_validator(mode="after")
    def _some_length(self) -> "VoiceSettings":
        if self.shortest_s > self.longest_s:
            raise ValueError("shortest_s must not be more than longest_s, or no recording would do")
        return self


class StreamSettings(Group):
    """Sound that is sent to clients while it is made."""

    kept_bytes: int = Field(4 * 1024 * 1024, ge=65_536, description=(
        "How much encoded sound of a job that is being made stays in Redis for those who listen; a client that is further behind "
        "is dropped. 4 MiB are 87 s of pcm, 5 minutes of mp3."))
    kept_s: int = Field(120, ge=10, le=86_400, description="How long it stays there after the last of it came.")
    stall_s: float = Field(30, gt=0, description="A client that takes nothing for so long is dropped.")


class ProducerSettings(Group):
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on.")
    public_url: str = Field("", description="Base of the URLs in answers; empty means the request's own Host.")
    processes: int = Field(1, ge=1, description="Producer processes that share the port.")
    sync_timeout_s: float = Field(300, gt=0, description="How long a sync request waits before 504 (the job goes on).")
    abandon_after_s: float = Field(15, ge=0, description="A sync job whose client hung up is cancelled after this.")
    attach_sdk_retries: bool = Field(
        True, description="A retry by an OpenAI SDK (x-stainless-retry-count) attaches to the first try's job.")
    cors_origins: CommaList = Field((), description="Origins that browsers may call from, separated by commas; * for all.")
    default_model: str = Field("", description="Model meant by an empty name and by OpenAI's names; empty means the first.")
    admin_key: SecretStr = Field(
        SecretStr(""), description="An API key of the tenant local with every scope, to make others with: 32 characters or more. "
                                   "With it, every request wants a key.")
    allow_anonymous: bool | None = Field(
        None, description="Whether requests without a key are the tenant local's. By default only on loopback, and while no key "
                          "was ever made; true is for a network where everybody may.")
    metrics_need_key: bool = Field(False, description="Whether /metrics wants a key, of scope metrics.")

    _cors = field_validator("cors_origins", mode="before")(_split)

    @field_validator("admin_key")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < 32:
            raise ValueError("must have 32 characters or more, such as `openssl rand -hex 24` prints")
        return value

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine reaches the address that is listened on."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class WorkerSettings(Group):
    voice: Literal["espeak", "tone", "qwen3", "reference", "remote"] = Field(
        "espeak", description="What a speech worker speaks with. reference is the qwen-tts package, to compare qwen3 with; "
                              "remote is another server.")
    speech_slots: int = Field(4, ge=2, description="Segments that a speech worker speaks at once.")
    cpu_slots: int = Field(4, ge=2, description="Plan and finish steps that a cpu worker does at once.")
    reserved_slots: int = Field(
        1, ge=1, description="Slots of a speech worker that batch work never takes. A cpu worker keeps as many free, but at "
                             "most half of cpu_slots.")
    deliveries: int = Field(4, ge=1, description="Webhooks that a cpu worker delivers at once.")
    chapters_at_once: int = Field(4, ge=1, le=64, description=(
        "Chapters of one book that are spoken at the same time; those that are being joined come on top. With more, a book holds "
        "up its tenant's other jobs for longer."))
    lines_at_once: int = Field(512, ge=2, le=4096, description=(
        "Most lines of one batch that are open at the same time; fewer where there are few speech slots. The other jobs of its "
        "tenant wait behind them."))
    respeak_flagged: bool = Field(
        True, description="Speak a segment again whose take failed a check: with another seed, then in two halves. Off: the "
                          "first take is kept, with its flags.")
    lease_s: float = Field(30, gt=0, description="Length of a lease; a worker silent for this long has lost its units.")
    max_crashes: int = Field(3, ge=1, description="A unit that was alone in flight in this many crashes fails as worker_crashed.")
    max_tries: int = Field(3, ge=1, description="Tries of a unit whose error may pass.")
    sweep_s: float = Field(0.7, gt=0, description="Time between two sweeps.")
    grace_s: float = Field(25, ge=0, description="How long a stopping worker lets its units finish before it releases them.")
    doorbells: int = Field(64, ge=1, description="Most Celery messages that wait in one queue.")
    upload_patience_s: float = Field(
        300, gt=0, description="How long a finished result is held and its upload tried again while storage is away.")
    scratch: Path | None = Field(None, description="Folder for files in the making; default: the system's temporary folder.")

    @model_validator(mode="after")
    def _some_slots_for_batch(self) -> "WorkerSettings":
        if self.reserved_slots >= self.speech_slots:
            raise ValueError("reserved_slots must be less than speech_slots, or batch work would never run")
        return self

    def slots(self, role: str) -> int:
        """Units that a worker of this role (speech or cpu) takes at once."""
        return self.speech_slots if role == "speech" else self.cpu_slots

    def batch_slots(self, role: str) -> int:
        """How many of them batch work may have."""
        # A GPU's reserve is no measure for a cpu worker: eight of 256 slots are few, of four they would be all.
        reserved = self.reserved_slots if role == "speech" else min(self.reserved_slots, self.cpu_slots // 2)
        return self.slots(role) - reserved


class EngineSettings(Group):
    """How the voices qwen3 and reference run. How much they speak at once is worker.speech_slots."""

    checkpoint: str = Field(
        "", description="Qwen3-TTS checkpoint: a folder, or a name on the Hugging Face hub, such as "
                        "Qwen/Qwen3-TTS-12Hz-1.7B-CustomVoice, with @ and a revision where one is meant.")
    offline: bool = Field(False, description="Never ask the hub: what is in its cache must do.")
    device: Literal["auto", "cuda", "cpu"] = Field("auto", description="Where to compute; auto: the GPU where there is one.")
    dtype: Literal["auto", "bfloat16", "float32"] = Field(
        "auto", description="Of weights and cache; auto: bfloat16 on a GPU, float32 on a CPU.")
    slot_positions: int = Field(
        1280, ge=64, description="Longest prompt plus frames (12.5 a second) of one utterance; each costs 112 KiB in every slot.")
    max_waiting: int = Field(1024, ge=1, description="Utterances that may wait in the engine beyond those it speaks.")
    prefill_attention: Literal["flash_attention_2", "sdpa"] = Field(
        "flash_attention_2", description="Attention over prompts. Where flash_attention_2 can't run, torch's own does.")
    decode_attention: Literal["engine", "sdpa", "flash_attention_2"] = Field(
        "engine", description="Attention of a frame; engine is our own kernel.")
    kv_dtype: Literal["auto", "float8"] = Field(
        "auto", description="Of keys and values in the slots; auto: dtype. float8 halves what a slot takes; it needs "
                            "decode_attention engine and a GPU of compute capability 8.9 (qwen3 only).")
    cuda_graphs: bool = Field(True, description="Replay each frame as one CUDA graph (qwen3 only).")
    tf32: bool = Field(True, description="Let float32 matrix products use TensorFloat-32.")
    cudnn_benchmark: bool = Field(True, description="Let cuDNN try out its algorithms.")
    compile: Literal["off", "default", "reduce-overhead", "max-autotune"] = Field(
        "off", description="torch.compile mode of the reference voice; the engine has CUDA graphs instead.")
    fullgraph: bool = Field(False, description="Whether compile must find one graph without breaks (reference only).")
    cpu_threads: int = Field(0, ge=0, description="Threads that torch computes with on a CPU; 0: its own choice.")
    start_timeout_s: float = Field(900, gt=0, description="How long loading and warm-up may take, without the download.")
    stall_s: float = Field(30, gt=0, description="An engine without a sign of life for this long is killed and started again.")
    recycle_rss_bytes: int | None = Field(
        None, ge=0, description="An engine with more host memory finishes what it speaks and is started again; 0: never. "
                                "Default: 1.5 times what it has after warm-up, plus 4 GiB.")


class AlignSettings(Group):
    """Times of words (timestamps: word), for voices that do not know them themselves."""

    model: str = Field("", description=(
        "A wav2vec2-CTC recogniser of the language that is spoken: a folder, or a name on the Hugging Face hub, such as "
        "facebook/wav2vec2-base-960h. It runs on the CPU, in a process of its own beside each speech worker, and needs torch and "
        "transformers (the extra gpu). Empty: no times of words, unless the voice knows them, as espeak does."))


class RemoteSettings(Group):
    """The voice remote: a speech server that speaks OpenAI's contract."""

    url: str = Field("", description="Base of its addresses, as the OpenAI SDKs take it: http://kokoro:8880/v1. Without a path, "
                                     "/v1 is added.")
    api_key: SecretStr = Field(SecretStr(""), description="Sent to it as a Bearer token.")
    fields: Literal["openai", "vllm-omni", "speechmill"] = Field(
        "openai", description="What it takes beside OpenAI's fields. openai: nothing (OpenAI, Kokoro-FastAPI). vllm-omni: "
                              "language, seed, ref_audio, ref_text, task_type (vllm-omni, sglang-omni). speechmill: another of "
                              "these.")
    model: str = Field("", max_length=200, description="Model to ask it for; empty means the first that it lists.")
    name: str = Field("", pattern=r"^[A-Za-z0-9._-]{0,100}$", description=(
        "What clients here call the model: letters, digits, points, hyphens. Empty means its own name, in small letters."))
    revision: str = Field("", max_length=100, description=(
        "Enters the key of each stored segment: change it when the same model sounds different, and nothing stored before is "
        "used again. Empty means the model's name there."))
    voices: CommaList = Field((), description="Its voices, separated by commas; empty means those that it lists, or OpenAI's.")
    languages: CommaList = Field((), description=(
        "Languages that may be asked for, as tags separated by commas (en,de,pt-BR); empty means those that it lists, else a "
        "dozen."))
    response_format: Literal["pcm", "wav", "flac", "mp3", "opus", "aac"] = Field(
        "pcm", description="Format to ask it for. pcm and wav are spoken as they come; the others lose a little, or need ffmpeg.")
    sample_rate_hz: int = Field(24_000, ge=8000, le=192_000, description=(
        "Rate of its pcm (16 bits, mono), Hz: it has no header that would say so."))
    concurrency: int = Field(0, ge=0, description=(
        "Requests that a worker has open at once, interactive ones first; 0: as many as speech_slots."))
    connect_timeout_s: float = Field(5, gt=0, description="How long a connection to it may take to be made.")
    read_timeout_s: float = Field(120, gt=0, description="How long it may send nothing: before its first sound, and between two.")
    patience_s: float = Field(
        300, gt=0, description="How long an utterance waits for a server that is away or busy (429, 502, 503), and how long "
                               "one answer of it may take in all.")
    retries: int = Field(2, ge=0, description="How often a request that failed before its first sound is sent again at once.")

    _lists = field_validator("voices", "languages", mode="before")(_split)

    @field_validator("url")
    @classmethod
    def _base(cls, value: str) -> str:
        return _base_url(value) if value else ""

    @field_validator("api_key")
    @classmethod
    def _fits_a_header(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[\x21-\x7e]*", value.get_secret_value()):
            raise ValueError("must be printable ASCII without spaces")
        return value

    @field_validator("languages")
    @classmethod
    def _tags(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for tag in value:
            if not LANGUAGE_TAG.fullmatch(tag):
                raise ValueError(f"{tag[:40]!r} is no language tag; give some like en,de,pt-BR")
        return value


class WebhookSettings(Group):
    secret: SecretStr = Field(
        SecretStr(""), description="Standard Webhooks secret of the local tenant: whsec_ and padded base64 of 24 to 64 bytes.")
    timeout_s: float = Field(15, gt=0, description="How long one delivery may take.")
    delays_s: Annotated[tuple[Annotated[float, Field(ge=0, le=604_800)], ...], NoDecode] = Field(
        (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400), min_length=1,
        description="Seconds before each try of an event, counted from the one before and separated by commas: ten tries in a "
                    "little over three days. After the last one it is kept as dead, for as long as results are.")
    allow_cidrs: CommaList = Field(
        (), description="Networks that webhooks may reach although they are not public, e.g. 127.0.0.0/8; http and any port too.")
    egress_proxy: str = Field("", description="HTTP proxy that all webhook calls go through.")
    disable_after_s: int = Field(5 * 86_400, ge=0, description=(
        "A webhook endpoint that has taken nothing for this long, though it was tried, is disabled. 0: never."))

    _lists = field_validator("allow_cidrs", "delays_s", mode="before")(_split)

    @field_validator("secret")
    @classmethod
    def _signs(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            try:
                parse_secret(value.get_secret_value())
            except InvalidRequest as error:
                raise ValueError(error.message.removeprefix("secret ")) from None
        return value

    @field_validator("allow_cidrs")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for part in value:
            ipaddress.ip_network(part)
        return value


class RetentionSettings(Group):
    results_s: int = Field(7 * 86_400, ge=60, description="How long results are kept after a job ends, unless it says otherwise.")
    records_s: int = Field(30 * 86_400, ge=60, description="How long a job's record is kept after it ends.")
    idempotency_s: int = Field(86_400, ge=60, description="How long an Idempotency-Key is remembered.")
    segments_s: int = Field(30 * 86_400, ge=3600, description="How long a spoken segment is kept after its last use, for texts "
                                                              "that come again; up to a quarter longer.")
    references_s: int = Field(30 * 86_400, ge=3600, description="How long a voice to clone is kept after a request last came "
                                                                "with it; up to a quarter longer.")
    sources_s: int = Field(30 * 86_400, ge=3600, description="How long the file of a book is kept after a request last used it; "
                                                             "up to a quarter longer.")
    files_s: int = Field(30 * 86_400, ge=3600, description="How long an uploaded file is kept, unless it says otherwise.")
    orphans_s: int = Field(86_400, ge=3600, description="How old an object must be that no job's record names, or an upload "
                                                        "that nobody finished, before it is deleted.")
    round_s: int = Field(6 * 3600, ge=60, description="Time from one walk through all objects, looking for what may go, to the "
                                                      "next.")
    lists_a_minute: int = Field(60, ge=1, description="Most listings of storage a minute on that walk, of 1000 objects each.")
    deletes_a_minute: int = Field(6000, ge=1, description="Most objects a minute that are deleted for their age.")


class LogSettings(Group):
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe level that is logged.")
    format: Literal["json", "text"] = Field("json", description="json: one object a line; text: for people.")


class Settings(BaseSettings):
    """The whole tree. Build it with `load_settings`."""

    model_config = SettingsConfigDict(env_prefix="SPEECHMILL_", env_nested_delimiter="__", frozen=True, extra="forbid")

    redis: RedisSettings = RedisSettings()
    blobs: BlobSettings = BlobSettings()
    s3: S3Settings = S3Settings()
    limits: LimitSettings = LimitSettings()
    voices: VoiceSettings = VoiceSettings()
    streams: StreamSettings = StreamSettings()
    producer: ProducerSettings = ProducerSettings()
    worker: WorkerSettings = WorkerSettings()
    engine: EngineSettings = EngineSettings()
    align: AlignSettings = AlignSettings()
    remote: RemoteSettings = RemoteSettings()
    webhooks: WebhookSettings = WebhookSettings()
    retention: RetentionSettings = RetentionSettings()
    log: LogSettings = LogSettings()

    @model_validator(mode="after")
    def _something_to_speak_with(self) -> "Settings":
        if self.worker.voice in ("qwen3", "reference") and not self.engine.checkpoint:
            raise ValueError(f"SPEECHMILL_ENGINE__CHECKPOINT must name a folder or a model of the hub when "
                             f"SPEECHMILL_WORKER__VOICE is {self.worker.voice}")
        if self.worker.voice == "remote" and not self.remote.url:
            raise ValueError("SPEECHMILL_REMOTE__URL must name a speech server, such as http://kokoro:8880/v1, when "
                             "SPEECHMILL_WORKER__VOICE is remote")
        return self


def variable(path: tuple[str | int, ...]) -> str:
    """The environment variable of the setting at `path`: ("s3", "bucket") → SPEECHMILL_S3__BUCKET."""
    return "SPEECHMILL_" + "__".join(str(part).upper() for part in path)


def load_settings() -> Settings:
    """Read the environment. Raises BadSettings that names each variable at fault, unknown ones included."""
    try:
        settings = Settings()
    except (ValidationError, ValueError) as error:
        raise BadSettings(explain(error)) from None
    unknown = [name for name in os.environ
               if name.startswith("SPEECHMILL_") and name not in (CLIENT_URL, CLIENT_KEY) and not _known(name)]
    if unknown:
        raise BadSettings(f"No such setting: {', '.join(sorted(unknown))}. See docs/configuration.md.")
    return settings


def explain(error: ValueError) -> str:
    """By variable, and without the values: there may be passwords in them."""
    if isinstance(error, ValidationError):
        return "; ".join(f"{variable(problem['loc'])}: {problem['msg']}" if problem["loc"] else problem["msg"]
                         for problem in error.errors())
    return str(error)


def _known(name: str) -> bool:
    group, _, field = name.removeprefix("SPEECHMILL_").lower().partition("__")
    info = Settings.model_fields.get(group)
    if info is None or info.annotation is None:
        return False
    return not field or field in info.annotation.model_fields
