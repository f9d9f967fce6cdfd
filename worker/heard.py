"""When the words and sentences of a segment are heard: what its take tells, and what the aligner knows."""

import logging
from typing import Any

from speechmill.errors import SpeechmillError
from speechmill.request import SpeechSpec
from worker.inputs import PlannedSegment
from worker.station import Station
from worker.synthesize import wanted
from worker.text.piece import Boundary, Piece
from worker.text.words import words_in
from worker.times.segment import Said, WordTimes, cuts_of, written_words
from worker.times.timeline import Heard
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm, Utterance

log = logging.getLogger(__name__)


def word_times(station: Station, spec: SpeechSpec, text: str, pcm: Pcm) -> WordTimes | None:
    """Of a take of `text`, float32 [n_samples]; None where nobody asked for them. An aligner that fails costs the times, not the
    speech."""
    if spec.timestamps != "word":
        return None
    words = words_in(text)
    if station.aligner and words:
        asked = wanted(station, spec, text)
        try:
            return station.aligner.align(Utterance(text=text, voice=spec.voice, language=asked.language, seed=0), pcm)
        except SpeechmillError as error:
            log.warning("words without times: %s", error.message)
    return [None] * len(words)


def said_of(piece: Piece | PlannedSegment) -> Said:
    spoken = piece.spoken if isinstance(piece, Piece) else piece.text
    return Said(spoken, piece.written, ends_sentence=piece.boundary != Boundary.PHRASE)


def heard(said: Said, pcm: Pcm, words: WordTimes | None, start_s: float) -> Heard:
    """A segment whose take, float32 [n_samples], begins at `start_s` of the joined sound."""
    duration_s = len(pcm) / SAMPLE_RATE_HZ
    return Heard(said, start_s, start_s + duration_s, cuts_of(said, pcm, words),
                 None if words is None else written_words(said, words, duration_s))


def words_record(words: WordTimes | None) -> dict[str, Any]:
    """As a take's record keeps them, in milliseconds."""
    if words is None:
        return {}
    return {"words": [None if time is None else [round(1000 * time[0]), round(1000 * time[1])] for time in words]}


def words_of_record(take: dict[str, Any]) -> WordTimes | None:
    if "words" not in take:
        return None
    return [None if time is None else (time[0] / 1000, time[1] / 1000) for time in take["words"]]
