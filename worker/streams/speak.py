"""The speech role's step for a job that somebody listens to while it is made: one claim cuts its text, speaks the segments in
order and lets every piece of sound out as it comes."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from speechmill.blobs.seam import result_key, segment_key
from speechmill.errors import Unspeakable, VoiceFailed
from speechmill.job import Output
from speechmill.request import CONTENT_TYPES, SpeechSpec, fits_one_segment
from speechmill.store import verbs
from worker.encode import lossless_bytes
from worker.heard import heard, said_of, word_times
from worker.inputs import job_text, reading_of, spec_of
from worker.join import n_pause_samples
from worker.kept import stored_take
from worker.leases import Lease, Stopped
from worker.station import Station
from worker.streams.outlet import Outlet, outlet
from worker.streams.running_trim import RunningTrim
from worker.synthesize import Take, Wanted, joined_take, silent_take, utterance_of, wanted
from worker.take_note import Note, with_note
from worker.takes.check import check
from worker.takes.duration import longest_s
from worker.takes.trim import fade_edges, trim
from worker.text.cut import cut
from worker.text.piece import Piece
from worker.text.whole import whole
from worker.times.timeline import Heard, sentences
from worker.voices.seam import SAMPLE_RATE_HZ, Cancelled, Pcm


def speak_streamed(station: Station, lease: Lease) -> Callable[[], None]:
    """Speak all of a job to its listeners; then publish what they heard. A take that fails its checks was heard already: it is
    not spoken again, but not kept for other jobs either."""
    spec = spec_of(lease.unit)
    with ExitStack() as held:
        # First: ffmpeg starts while the voice thinks.
        out = held.enter_context(outlet(station, lease, spec))
        speaker = Speaker(station, lease, spec, out)
        sent: list[_Sent] = []
        pieces = _pieces(station, lease, spec)
        for piece in pieces:
            if sent:
                _keep(station, lease, sent[-1].take)
            take = speaker.speak(piece, is_only=len(pieces) == 1)
            sent.append(_Sent(piece, take, out.n_samples))
            out.pause(n_pause_samples(piece.boundary))
        return partial(_publish, station, lease, spec, out, sent, held.pop_all())


@dataclass(frozen=True)
class _Sent:
    """A segment that was heard; it ended with the outlet's sample `end`."""

    piece: Piece
    take: Take
    end: int

    def heard(self, station: Station, spec: SpeechSpec) -> Heard:
        """Counted from the end: at the beginning there may be more of it than in the take, which was trimmed when all was
        known."""
        words = word_times(station, spec, self.piece.spoken, self.take.pcm)
        return heard(said_of(self.piece), self.take.pcm, words, max(0, self.end - len(self.take.pcm)) / SAMPLE_RATE_HZ)


def _pieces(station: Station, lease: Lease, spec: SpeechSpec) -> list[Piece]:
    text = job_text(station, lease.unit)
    cut_up = whole if fits_one_segment(text) else cut
    return cut_up(text, spec.language, reading_of(station, lease.unit, spec))


@dataclass(frozen=True)
class Speaker:
    """Speaks the segments of one job, each straight into its outlet."""

    station: Station
    lease: Lease
    spec: SpeechSpec
    out: Outlet

    def speak(self, piece: Piece, *, is_only: bool) -> Take:
        """Found under its content key, or spoken. Raises Stopped, Unspeakable where there is nothing else to hear, VoiceRefused,
        VoiceFailed, VoiceUnavailable, and as Outlet."""
        asked = wanted(self.station, self.spec, piece.spoken)
        known = stored_take(self.station, self.lease, asked.key)
        if known is not None:
            self.out.play(fade_edges(known))
            return Take(asked.key, known, check(known, piece.spoken), self.lease.unit.attempt, n_spoken=0)
        try:
            return self._spoken(asked)
        except Unspeakable:
            if is_only:
                raise
            silence = silent_take(piece.spoken)
            self.out.play(silence.pcm)
            return silence

    def _spoken(self, asked: Wanted) -> Take:
        unit = self.lease.unit
        begun = time.monotonic()
        waited_ms = unit.claimed_ms - unit.queued_ms + round(1000 * (begun - self.lease.begun))
        sound, capped = self._heard(asked)
        pcm = trim(sound)
        flags = check(pcm, asked.text, capped=capped)
        return Take(asked.key, pcm, flags, unit.attempt, n_spoken=1, speak_ms=round(1000 * (time.monotonic() - begun)),
                    waited_ms=waited_ms)

    def _heard(self, asked: Wanted) -> tuple[Pcm, bool]:
        """All that the voice gave, float32 [n_samples], which its listeners have heard by then, and whether it was capped."""
        assert self.station.voice
        utterance = utterance_of(self.station, self.lease, self.spec, asked)
        self.lease.check()
        speech = self.station.voice.speak(replace(utterance, streamed=True, longest_s=longest_s(asked.text)))
        trimmed = RunningTrim()
        chunks = []
        try:
            with self.station.speaking(self.lease, speech):
                for chunk in speech.chunks():
                    chunks.append(chunk)
                    self.out.play(trimmed.add(chunk))
        except Cancelled:
            if self.lease.stopped:
                raise Stopped from None
            raise VoiceFailed("The voice was shut down in the middle of the utterance.") from None
        except BaseException:
            speech.cancel()  # nobody reads on
            raise
        self.out.play(trimmed.end())
        return (np.concatenate(chunks) if chunks else np.zeros(0, np.float32)), speech.capped


def _publish(station: Station, lease: Lease, spec: SpeechSpec, out: Outlet, sent: list[_Sent], held: ExitStack) -> None:
    """What was heard is the result, byte for byte."""
    unit = lease.unit
    with held:
        clock = out.end()
        takes = [each.take for each in sent]
        _keep(station, lease, takes[-1])
        key = result_key(unit.tenant, unit.job_id, unit.token, spec.response_format)
        content_type = CONTENT_TYPES[spec.response_format]
        sha256 = station.upload(lease, key, out.path, content_type)
        output = Output(key=key, bytes=out.path.stat().st_size, sha256=sha256, content_type=content_type,
                        duration_seconds=round(clock.duration_s, 3), sample_rate=SAMPLE_RATE_HZ)
    take = takes[0] if len(takes) == 1 else joined_take(takes, np.concatenate([take.pcm for take in takes]))
    times = list(sentences([each.heard(station, spec) for each in sent], clock))
    verdict = station.commit(lease, verbs.completed(unit, output, take=take.record(), speak_ms=take.speak_ms, times=times))
    station.ring(verdict.bells)


def _keep(station: Station, lease: Lease, take: Take) -> None:
    """For other jobs, and for the next attempt at this one."""
    if not take.cached and not take.flags:
        kept = with_note(lossless_bytes(take.pcm), Note(len(take.pcm), take.flags))
        station.upload(lease, segment_key(lease.unit.tenant, take.content_key), kept, "audio/flac")
