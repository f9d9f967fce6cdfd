"""Whom the engine is compared with, read from one word on the command line. No torch.

    qwen-tts[,python=PATH]             the unmodified package, in an environment of its own
    faster-qwen3-tts[,python=PATH]     likewise
    https://host/v1[,model=NAME][,voice=NAME][,key_env=VARIABLE][,FIELD=JSON…]     anything that speaks OpenAI's audio/speech
"""

import importlib.util
import json
import os
import sys
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


class BadPeer(Exception):
    """No peer can be read from this; the message says what can."""


@dataclass(frozen=True)
class PackagePeer:
    """A Python package, spoken with by the interpreter `python`."""

    package: str       # qwen-tts or faster-qwen3-tts
    python: str

    @property
    def label(self) -> str:
        return self.package


@dataclass(frozen=True)
class UrlPeer:
    """`url` ends in front of /audio/speech. `key_env` names the environment variable that holds the API key, so that it stands in
    no list of processes. `fields` go into each body beside OpenAI's own, such as max_new_tokens."""

    url: str
    model: str = "tts-1"
    voice: str = "alloy"
    key_env: str = ""
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return self.url

    @property
    def key(self) -> str:
        return os.environ.get(self.key_env, "")


Peer = PackagePeer | UrlPeer

_MODULES = {"qwen-tts": "qwen_tts", "faster-qwen3-tts": "faster_qwen3_tts"}


def parse_peer(text: str) -> Peer:
    """Raises BadPeer."""
    name, *options = text.split(",")
    given = dict(_option(option) for option in options)
    if name in _MODULES:
        return PackagePeer(name, _python(name, given))
    if urlsplit(name).scheme in ("http", "https") and urlsplit(name).hostname:
        return _url_peer(name, given)
    raise BadPeer(f"There is no peer {name!r}; there are qwen-tts, faster-qwen3-tts, and any URL such as http://127.0.0.1:8000/v1.")


def _option(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise BadPeer(f"{text!r} is no option: options are NAME=VALUE.")
    return name, value


def _python(name: str, given: dict[str, str]) -> str:
    if unknown := given.keys() - {"python"}:
        raise BadPeer(f"{name} has no option {min(unknown)!r}; it has python, the interpreter of the environment it is in.")
    if "python" not in given and importlib.util.find_spec(_MODULES[name]) is None:
        raise BadPeer(f"{name} is not in this environment, and it wants another transformers than the engine does: say whose "
                      f"interpreter has it, {name},python=PATH.")
    return given.get("python", sys.executable)


def _url_peer(url: str, given: dict[str, str]) -> UrlPeer:
    named = {name: given.pop(name) for name in ("model", "voice", "key_env") if name in given}
    if named.get("key_env") and not os.environ.get(named["key_env"]):
        raise BadPeer(f"key_env names the environment variable {named['key_env']}, which is not set.")
    return UrlPeer(url.rstrip("/"), fields={name: _json(name, value) for name, value in given.items()}, **named)


def _json(name: str, value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        raise BadPeer(f"{name}={value} is no JSON; text wants quotes: {name}=\"{value}\".") from error
