"""The whole way, text to sound: what a listener of the engine gets is what qwen-tts returns."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.parity.ours import SLOT_POSITIONS, Ours, speak_of
from tests.parity.utterances import KINDS, UTTERANCES
from tests.parity.vectors import Floats, kept_of, load, relative
from worker.engine.engine import Engine, EngineParts
from worker.engine.speaker import SpeakerInfo
from worker.engine.torch_codec import TorchCodec
from worker.model.errors import EngineError
from worker.model.reference import PreparedReference

LIMIT = 1e-5
N_SLOTS = 5

Opened = Callable[[str], Ours]


class Listening:
    """Everything that is said of each utterance."""

    def __init__(self) -> None:
        self.pieces: dict[int, list[Floats]] = {}
        self.capped: dict[int, bool] = {}
        self.encoded_references: dict[int, PreparedReference] = {}

    def sound(self, speak_id: int, pcm: Floats, *, last: bool, capped: bool) -> None:
        assert speak_id not in self.capped, "nothing follows the last"
        self.pieces.setdefault(speak_id, []).append(pcm)
        if last:
            self.capped[speak_id] = capped

    def failed(self, speak_id: int, error: EngineError) -> None:
        raise error

    def encoded(self, speak_id: int, reference: PreparedReference) -> None:
        self.encoded_references[speak_id] = reference

    def flush(self) -> None:
        """Nothing was held back."""


@pytest.mark.parametrize("name", KINDS)
def test_the_sound_of_every_utterance_is_that_of_the_original_whole_or_streamed(ours: Opened, name: str) -> None:
    utterances = [utterance for utterance in UTTERANCES if utterance.checkpoint == name]
    listening = Listening()
    engine = engine_of(ours(name), listening)

    for number, utterance in enumerate(utterances):
        engine.submit(speak_of(utterance, number, streamed=number % 2 == 0))
        engine.step()
    assert any(not engine.step() for _ in range(500)), "the engine does not come to rest"

    for number, utterance in enumerate(utterances):
        expected = load(name).spoken[utterance.name]
        sound = np.concatenate(listening.pieces[number])
        assert len(sound) == expected.n_samples
        assert relative(kept_of(sound), expected.samples) <= LIMIT, utterance.name
        assert listening.capped[number] != utterance.ends


def engine_of(opened: Ours, listening: Listening) -> Engine:
    info = SpeakerInfo(name="parity", kind=opened.config.kind, voices=tuple(opened.config.speakers),
                       languages=tuple(opened.config.languages), takes_instructions=opened.config.takes_instructions,
                       revision=opened.checkpoint.revision, n_slots=N_SLOTS, longest_frames=SLOT_POSITIONS)
    parts = EngineParts(opened.runner(N_SLOTS), TorchCodec(opened.codec), opened.prompter, info)
    return Engine(parts, opened.options(N_SLOTS), listening)
