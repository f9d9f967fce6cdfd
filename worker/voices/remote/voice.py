"""The voice seam's end of it: warm once the server has told what it offers."""

import json
import logging
import threading
import time
from collections.abc import Mapping

from speechmill.catalogue import ModelInfo
from speechmill.errors import SpeechError, VoiceFailed
from speechmill.settings import RemoteSettings
from worker.voices.in_flight import InFlight
from worker.voices.remote.call import Call
from worker.voices.remote.listing import Offer, RemoteModel, model_id, remote_model
from worker.voices.remote.places import Places
from worker.voices.remote.refusal import refusal
from worker.voices.remote.server import Server
from worker.voices.remote.speech import RemoteSpeech
from worker.voices.remote.trouble import Away, Broken, Trouble, Wrong
from worker.voices.seam import NO_GAUGES, Cancelled, Speech, Utterance

log = logging.getLogger(__name__)

_MAX_LIST_BYTES = 4 << 20
_LIST_S = 30.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0
_NO_SUCH_LIST = (404, 405, 501)


class Remote:
    """One model of one server. `speech_slots` is how many utterances its worker speaks at once."""

    well = True  # a server that is away comes back by itself: starting this worker again would not help
    gauges: Mapping[str, float] = NO_GAUGES

    def __init__(self, settings: RemoteSettings, speech_slots: int) -> None:
        self._settings = settings
        self._server = Server.of(settings)
        self._places = Places(settings.concurrency or speech_slots)
        self._in_flight = InFlight()
        self._model: RemoteModel | None = None
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._call: Call | None = None

    @property
    def model_id(self) -> str:
        """Without a name or model in the settings it is "remote" until the server has told its own."""
        return self._model.info.id if self._model else model_id(self._settings, self._settings.model)

    def warm_up(self) -> ModelInfo:
        """Asks the server what it offers, and waits for it as long as that takes: its worker is not ready before. Raises
        VoiceFailed when the server refuses us, or what it says is no list."""
        pause_s = _FIRST_PAUSE_S
        told = ""
        while self._model is None:
            try:
                self._model = self._described()
            except (Away, Broken) as trouble:
                reason = self._explained(trouble)
                if reason != told:
                    log.warning("waiting for the speech server at %s: %s", self._settings.url, reason)
                    told = reason
                self._closed.wait(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            except Wrong as trouble:
                raise VoiceFailed(self._explained(trouble)) from None
            except Cancelled:
                raise VoiceFailed("The remote voice was closed while it waited for its server.") from None
        return self._model.info

    def speak(self, utterance: Utterance) -> Speech:
        """The server hears of it with the first chunk that is read, so that a speech nobody reads costs nothing."""
        return self._in_flight.add(RemoteSpeech(utterance, self._settings, self._server, self._model, self._places))

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            if self._call:
                self._call.hang_up()
        self._in_flight.close()

    def _described(self) -> RemoteModel:
        """Raises Trouble, Cancelled."""
        offer = Offer(models=self._list("/models"), voices=None if self._settings.voices else self._list("/audio/voices"))
        model = remote_model(self._settings, offer)
        if model is None and offer.models is None:
            raise Wrong("The speech server has no list of models: name one with SPEECHMILL_REMOTE__MODEL.")
        if model is None:
            raise Away("The speech server has no model yet.")
        return model

    def _explained(self, trouble: Trouble) -> str:
        """For the operator."""
        return f"{trouble.message} {self._server.without_key(trouble.detail)}".strip()

    def _list(self, path: str) -> object:
        """None where the server has no such list. Raises Trouble, Cancelled."""
        with self._calling() as call:
            head = call.ask("GET", path)
            body = bytearray()
            for block in call.body():
                body += block
                if len(body) > _MAX_LIST_BYTES:
                    raise Wrong(f"The speech server's list {path} is larger than {_MAX_LIST_BYTES} bytes.")
        if head.status in _NO_SUCH_LIST:
            return None
        if head.status != 200:
            raise _trouble(refusal(head, bytes(body), self._server))
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise Wrong(f"The speech server's list {path} is not JSON.", "SPEECHMILL_REMOTE__URL may lead elsewhere") from None

    def _calling(self) -> Call:
        with self._lock:
            if self._closed.is_set():
                raise Cancelled
            self._call = Call(self._server, time.monotonic() + _LIST_S)
            return self._call


def _trouble(refused: SpeechError | Trouble) -> Trouble:
    """A list can't be refused for a job's sake."""
    return refused if isinstance(refused, Trouble) else Wrong(refused.message)
