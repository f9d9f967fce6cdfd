"""The remote voice, warm, and what is heard of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from speechmill.settings import RemoteSettings
from tests.contract.remote.speech_server import TEXT, SpeechServer
from worker.voices.remote.voice import Remote
from worker.voices.seam import Pcm, Speech, Utterance


@contextmanager
def remote(server: SpeechServer, **settings: Any) -> Iterator[Remote]:
    voice = Remote(RemoteSettings(**{"url": server.url, **settings}), speech_slots=4)
    voice.warm_up()
    try:
        yield voice
    finally:
        voice.close()


def say(voice: Remote, text: str = TEXT, /, **utterance: Any) -> Speech:
    return voice.speak(Utterance(**{"text": text, "voice": "af_heart", "language": "en", "seed": 7, **utterance}))


def heard(speech: Speech) -> Pcm:
    chunks = list(speech.chunks())
    return np.concatenate(chunks) if chunks else np.zeros(0, np.float32)
