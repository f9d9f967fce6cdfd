"""In which order sound is told."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from tests.unit.engine.test_whole_takes import take
from worker.engine.runner import CodecStream, Codes, Pcm
from worker.engine.utterance import Utterance
from worker.engine.voicing import MOST_UNREAD, Voicing
from worker.model.config import SAMPLES_PER_FRAME
from worker.model.prompt import Prompt
from worker.model.sampling import Sampling


@dataclass
class LaunchedSilence:
    lengths: list[int]
    done: bool = False

    def ready(self) -> bool:
        return self.done

    def wait(self) -> list[Pcm]:
        self.done = True
        return [np.zeros(n_frames * SAMPLES_PER_FRAME, np.float32) for n_frames in self.lengths]


@dataclass
class SilentCodec:
    """A device with a queue for takes and one for chunks; the test says when each launch is done."""

    batch_frames: int = 1000
    takes: list[LaunchedSilence] = field(default_factory=list)
    chunks: list[LaunchedSilence] = field(default_factory=list)

    def decode(self, takes: Sequence[Codes]) -> LaunchedSilence:
        self.takes.append(LaunchedSilence([len(codes) for codes in takes]))
        return self.takes[-1]

    def finish(self) -> None:
        for launched in (*self.takes[-10:], *self.chunks[-10:]):
            launched.done = True

    def open_stream(self) -> CodecStream:
        return None

    def decode_chunks(self, chunks: Sequence[tuple[CodecStream, Codes]]) -> LaunchedSilence:
        self.chunks.append(LaunchedSilence([len(codes) for _, codes in chunks]))
        return self.chunks[-1]


def told(voicing: Voicing, *, wait: bool = False) -> list[Utterance]:
    return [sound.utterance for sound in voicing.finished(wait=wait)]


def test_a_chunk_does_not_wait_for_takes_that_were_launched_before_it() -> None:
    codec = SilentCodec()
    voicing, whole, streamed = Voicing(codec), take(200, interactive=True), take(30)
    streamed.streamed = True
    voicing.ended(whole)
    voicing.launch(n_rows=1)
    voicing.joined(streamed)
    voicing.launch(n_rows=1)
    assert told(voicing) == []
    codec.chunks[0].done = True
    assert told(voicing) == [streamed]
    assert voicing.has_launched
    codec.takes[0].done = True
    assert told(voicing) == [whole]
    assert not voicing.has_launched


def test_waiting_waits_for_one_launch_and_tells_what_else_is_ready() -> None:
    codec = SilentCodec()
    voicing, first, second = Voicing(codec), take(300, interactive=True), take(100, interactive=True)
    for whole in (first, second):
        voicing.ended(whole)
        voicing.launch(n_rows=1)
    assert told(voicing, wait=True) == [first]
    assert not codec.takes[1].done


def test_what_waits_for_the_codec_does_not_grow_where_a_step_brings_more_than_a_batch() -> None:
    codec, random, n_rows = SilentCodec(), np.random.default_rng(0), 1500
    voicing = Voicing(codec)
    frames_ended = 0
    for step in range(400):
        while frames_ended < (step + 1) * n_rows:
            whole = take(int(random.integers(60, 250)))
            frames_ended += len(whole.codes)
            voicing.ended(whole)
        voicing.launch(n_rows=n_rows)
        codec.finish()
        told(voicing)
    frames_launched = sum(sum(takes.lengths) for takes in codec.takes)
    assert frames_ended - frames_launched <= 3 * codec.batch_frames


@pytest.mark.parametrize(("n_rows", "n_streams"), [(98, 6), (200, 100), (300, 300)])
def test_neither_takes_nor_streams_grow_without_end_beside_each_other(n_rows: int, n_streams: int) -> None:
    codec, random = SilentCodec(batch_frames=200), np.random.default_rng(0)
    voicing = Voicing(codec)

    def joined(*, streamed: bool) -> Utterance:
        prompt = Prompt(np.zeros(1, np.int32), np.zeros((1, 16), np.int32))
        made = Utterance(1, prompt, Sampling(max_frames=int(random.integers(30, 60))), streamed=streamed)
        voicing.joined(made)
        return made

    rows = [joined(streamed=row < n_streams) for row in range(n_rows)]
    for _ in range(800):
        for row, utterance in enumerate(rows):
            utterance.read(np.zeros(16, np.int32), is_last=False)
            if utterance.ending is not None:
                voicing.ended(utterance)
                rows[row] = joined(streamed=utterance.streamed)
        voicing.launch(n_rows=n_rows)
        codec.finish()
        told(voicing)
    assert len(voicing._takes) < 25
    assert len(voicing._streams) < n_streams + 25


def test_takes_that_end_all_at_once_do_not_hold_up_the_frames_of_others() -> None:
    codec = SilentCodec()
    voicing = Voicing(codec)
    for _ in range(64):
        voicing.ended(take(200))
    voicing.launch(n_rows=64)
    assert len(codec.takes) == 1


def test_takes_that_the_device_does_not_get_to_wait_here() -> None:
    codec = SilentCodec()
    voicing = Voicing(codec)
    for n_frames in range(400, 600):
        voicing.ended(take(n_frames))
    for _ in range(50):
        voicing.launch(n_rows=1500)
        assert told(voicing) == []
    assert len(codec.takes) == MOST_UNREAD
    codec.takes[0].done = True
    assert told(voicing)
    voicing.launch(n_rows=1500)
    assert len(codec.takes) == MOST_UNREAD + 1
