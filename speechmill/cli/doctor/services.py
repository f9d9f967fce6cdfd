"""The Redis and the storage that are in use: can they be reached, and would they lose anything?"""

import os
from collections.abc import Mapping

from speechmill.cli.doctor.finding import Finding
from speechmill.cli.stack.folder import DataFolder
from speechmill.cli.voices import Voice

_SPEECH_SERVER_S = 5.0
SAFE = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}


def redis_in_use(folder: DataFolder, outside: Mapping[str, str] = os.environ) -> Finding:
    """The Redis of SPEECHMILL_REDIS__URL, else that of the stack running on the folder."""
    running = folder.noted()
    url = outside.get("SPEECHMILL_REDIS__URL") or (running.redis_url if running else "")
    if not url:
        return Finding("Redis in use", "unused", "none is set, and no stack runs on the data folder")
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        with Redis.from_url(url, decode_responses=True, socket_connect_timeout=3, socket_timeout=3) as client:
            client.ping()
            try:
                kept = {name: client.config_get(name).get(name) for name in SAFE}
            except RedisError:
                return Finding("Redis in use", "warning", "it does not tell its settings",
                               f"make sure of {_listed(SAFE)}")
    except (RedisError, OSError, ValueError) as error:
        return Finding("Redis in use", "warning", f"cannot be reached: {error}", "start it, or correct SPEECHMILL_REDIS__URL")
    wrong = {name: value for name, value in SAFE.items() if kept[name] != value}
    if wrong:
        return Finding("Redis in use", "warning", f"accepted jobs can be lost: {_listed({name: kept[name] for name in wrong})}",
                       f"set {_listed(wrong)}")
    return Finding("Redis in use", "ok", f"reachable, {_listed(SAFE)}")


def settings_in_use() -> Finding:
    """As every part of the stack reads them when it starts."""
    from speechmill.errors import SpeechmillError
    from speechmill.settings import load_settings

    try:
        producer = load_settings().producer
    except SpeechmillError as error:
        return Finding("settings", "missing", error.message, "docs/configuration.md has them all")
    if not (producer.on_loopback or producer.admin_key.get_secret_value() or producer.allow_anonymous):
        return Finding("settings", "warning", f"others reach {producer.host}: it starts only once there is an API key",
                       "SPEECHMILL_PRODUCER__ADMIN_KEY, to make keys with; docs/tenants.md")
    return Finding("settings", "ok", "none that is unknown or cannot be used")


def storage_in_use(outside: Mapping[str, str] = os.environ) -> Finding:
    """The S3 storage of the settings; a local folder needs no check beyond the data folder's."""
    if outside.get("SPEECHMILL_BLOBS__KIND", "folder") != "s3":
        return Finding("storage in use", "unused", "a local folder")
    from speechmill.blobs.choose import open_blobs
    from speechmill.errors import SpeechmillError
    from speechmill.settings import load_settings

    try:
        settings = load_settings()
        open_blobs(settings).check()
    except SpeechmillError as error:
        return Finding("storage in use", "warning", error.message, "correct SPEECHMILL_S3__…, or start the store")
    place = settings.s3.endpoint_url or "AWS"
    return Finding("storage in use", "ok", f"bucket {settings.s3.bucket} at {place} can be written to")


def speech_server_in_use(voice: Voice) -> Finding:
    """The server of the voice remote: does it answer, and take our key?"""
    if voice is not Voice.REMOTE:
        return Finding("speech server", "unused", "the voice speaks by itself")
    import httpx

    from speechmill.errors import SpeechmillError
    from speechmill.settings import load_settings

    try:
        remote = load_settings().remote
    except SpeechmillError as error:
        return Finding("speech server", "missing", error.message, "docs/configuration.md has all settings")
    if not remote.url:
        return Finding("speech server", "missing", "SPEECHMILL_REMOTE__URL is not set", "name one, as http://kokoro:8880/v1")
    key = remote.api_key.get_secret_value()
    try:
        # Our workers heed no proxies of the environment either.
        with httpx.Client(timeout=_SPEECH_SERVER_S, trust_env=False) as client:
            answer = client.get(f"{remote.url}/models", headers={"Authorization": f"Bearer {key}"} if key else {})
    except httpx.HTTPError as error:
        return Finding("speech server", "warning", f"{remote.url} does not answer: {str(error) or type(error).__name__}",
                       "start it, or correct SPEECHMILL_REMOTE__URL; workers wait for it")
    if answer.status_code in (401, 403):
        return Finding("speech server", "missing", f"{remote.url} refuses the key ({answer.status_code})",
                       "correct SPEECHMILL_REMOTE__API_KEY")
    if answer.status_code not in (200, 404):
        return Finding("speech server", "warning", f"{remote.url}/models answers {answer.status_code}",
                       "see its log, or correct SPEECHMILL_REMOTE__URL; redirects are not followed")
    return Finding("speech server", "ok", f"{remote.url} answers")


def _listed(values: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
