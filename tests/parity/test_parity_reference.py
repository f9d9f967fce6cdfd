"""Voices to clone: codes, mel and speaker embedding of a recording are those of qwen-tts."""

from collections.abc import Callable

import pytest
import torch

from tests.parity.ours import Ours, reference_of
from tests.parity.utterances import REFERENCES
from tests.parity.vectors import KEPT_EVERY, load, relative
from worker.model.mel import Mel

LIMIT = 1e-5

Opened = Callable[[str], Ours]


@pytest.mark.parametrize("name", REFERENCES)
def test_a_reference_has_the_codes_of_the_original(ours: Opened, name: str) -> None:
    prepared = ours("base").prepare(REFERENCES[name], with_codes=True)

    assert prepared.codes is not None
    assert prepared.codes.tolist() == load("base").referenced[name].codes.tolist()


@pytest.mark.parametrize("name", REFERENCES)
def test_a_reference_has_the_speaker_embedding_of_the_original(ours: Opened, name: str) -> None:
    prepared = ours("base").prepare(REFERENCES[name], with_codes=False)

    assert relative(prepared.speaker, load("base").referenced[name].speaker) <= LIMIT


@pytest.mark.parametrize("name", REFERENCES)
def test_a_reference_has_the_mel_of_the_original(name: str) -> None:
    pcm = torch.from_numpy(reference_of(REFERENCES[name]).pcm)
    mel = Mel(128, torch.device("cpu")).spectrogram(pcm, torch.tensor(len(pcm)))  # [128, n_mel_frames]

    assert relative(mel.T.numpy()[::KEPT_EVERY], load("base").referenced[name].mel) <= LIMIT
