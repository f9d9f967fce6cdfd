"""One utterance: asked for, waited for, decoded; and asked for again where that may help and nothing was heard yet."""

import logging
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing

from speechmill.errors import Unspeakable, VoiceFailed, VoiceRefused
from speechmill.request import is_speakable
from speechmill.settings import RemoteSettings
from worker.voices.remote.call import Call
from worker.voices.remote.fields import speech_body
from worker.voices.remote.listing import RemoteModel
from worker.voices.remote.patience import Patience
from worker.voices.remote.places import Places
from worker.voices.remote.refusal import MAX_BODY_BYTES, refusal
from worker.voices.remote.server import Server
from worker.voices.remote.sound import decoded
from worker.voices.remote.trouble import Broken, Trouble
from worker.voices.seam import SAMPLE_RATE_HZ, Cancelled, Pcm, Utterance

log = logging.getLogger(__name__)

_LONGEST_REST_S, _LONGEST_LETTER_S = 30.0, 1.0
"""How long an utterance without a cap of its own may last: so much, and so much more for each character."""
_SECOND_BYTES = 48_000 * 2 * 4
"""No second of sound takes more, in any format: 48 kHz, stereo, 32 bits."""
_SPARE_BYTES = 1 << 20


class RemoteSpeech:
    """Spoken while `chunks` is read. `model` is None before the voice is warm."""

    def __init__(self, utterance: Utterance, settings: RemoteSettings, server: Server, model: RemoteModel | None,
                 places: Places) -> None:
        self.capped = False
        self._utterance = utterance
        self._settings = settings
        self._server = server
        self._model = model
        self._places = places
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._call: Call | None = None

    def chunks(self) -> Iterator[Pcm]:
        """A second at a time, at most. Raises Cancelled, Unspeakable, VoiceRefused, BadReference, VoiceFailed,
        VoiceUnavailable."""
        self._stop_when_cancelled()
        body = self._body()
        with self._places.place(interactive=self._utterance.interactive, cancelled=self._cancelled.is_set):
            patience = Patience(self._settings)
            told = ""
            while True:
                heard = False
                try:
                    with closing(self._asked_once(body)) as sound:
                        for pcm in sound:
                            heard = True
                            yield pcm
                            self._stop_when_cancelled()
                    self._stop_when_cancelled()
                    return
                except Trouble as trouble:
                    self._stop_when_cancelled()
                    if trouble.message != told:
                        log.warning("%s %s", trouble.message, self._server.without_key(trouble.detail))
                        told = trouble.message
                    if heard:
                        # What comes now would be another take, and can't follow on what was heard.
                        raise VoiceFailed(trouble.message) from None
                    self._wait(patience.pause_s(trouble))

    def cancel(self) -> None:
        self._cancelled.set()
        with self._lock:
            if self._call:
                self._call.hang_up()
        self._places.look_again()

    def _body(self) -> bytes:
        utterance = self._utterance
        if self._model is None:
            raise VoiceFailed("The remote voice is asked to speak before it was warmed up.")
        if not any(map(is_speakable, utterance.text)):
            raise Unspeakable("The text has no letter, digit or symbol that can be spoken.", param="input")
        if utterance.voice not in self._model.names_there:
            raise VoiceRefused(f"{self._model.info.id} has no voice {utterance.voice!r}.", param="voice")
        if utterance.language not in self._model.info.languages:
            raise VoiceRefused(f"{self._model.info.id} has no language {utterance.language!r}.", param="language")
        return speech_body(self._settings, self._model, utterance)

    def _asked_once(self, body: bytes) -> Generator[Pcm, None, None]:
        """Raises Trouble, or the SpeechError of a job that the server will never speak."""
        with self._calling(Call(self._server, time.monotonic() + self._settings.patience_s)) as call:
            head = call.ask("POST", "/audio/speech", body)
            if head.status != 200:
                raise refusal(head, _start(call.body(), MAX_BODY_BYTES), self._server)
            most_samples = int(self._longest_s * SAMPLE_RATE_HZ)
            most_bytes = int(self._longest_s * _SECOND_BYTES) + _SPARE_BYTES
            with closing(decoded(head, _at_most(call.body(), most_bytes), self._settings)) as sound:
                for pcm in sound:
                    if len(pcm) > most_samples:
                        self.capped = True
                        yield pcm[:most_samples]
                        return
                    most_samples -= len(pcm)
                    if len(pcm):
                        yield pcm

    @property
    def _longest_s(self) -> float:
        return self._utterance.longest_s or _LONGEST_REST_S + _LONGEST_LETTER_S * len(self._utterance.text)

    def _calling(self, call: Call) -> Call:
        with self._lock:  # else a cancel between the check and the call would miss it
            self._stop_when_cancelled()
            self._call = call
            return call

    def _wait(self, pause_s: float) -> None:
        if self._cancelled.wait(pause_s):
            raise Cancelled

    def _stop_when_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise Cancelled


def _start(blocks: Iterator[bytes], n_bytes: int) -> bytes:
    """As much of an error as is read; one that breaks off is still an answer."""
    read = bytearray()
    try:
        for block in blocks:
            read += block
            if len(read) >= n_bytes:
                break
    except Broken:
        pass
    return bytes(read[:n_bytes])


def _at_most(blocks: Iterator[bytes], n_bytes: int) -> Iterator[bytes]:
    for block in blocks:
        n_bytes -= len(block)
        if n_bytes < 0:
            raise Broken("The speech server's answer is larger than any sound of this text can be.")
        yield block
