"""Prompts: every position's embedding is the one that qwen-tts feeds its talker."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.parity.checkpoints import weights_sha256
from tests.parity.ours import Ours
from tests.parity.utterances import KINDS, UTTERANCES, Utterance
from tests.parity.vectors import Floats, load, relative, rows_of
from worker.model.kernels.embedding import sum_prompt_rows
from worker.model.prompt import Prompt

LIMIT = 1e-6

Opened = Callable[[str], Ours]


@pytest.mark.parametrize("name", KINDS)
def test_a_checkpoint_made_here_has_the_weights_that_the_original_spoke_with(
        parity_checkpoint: Callable[[str], Path], name: str) -> None:
    assert weights_sha256(parity_checkpoint(name)) == load(name).weights_sha256


@pytest.mark.parametrize("utterance", UTTERANCES, ids=lambda u: u.name)
def test_a_prompt_adds_up_to_the_embeddings_of_the_original(ours: Opened, utterance: Utterance) -> None:
    opened, expected = ours(utterance.checkpoint), load(utterance.checkpoint).spoken[utterance.name]

    prompt = opened.prompt(utterance)

    assert relative(rows_of(embeddings(opened, prompt)), expected.prompt) <= LIMIT
    assert relative(rows_of(text_rows(opened, prompt, len(expected.trailing))), expected.trailing) <= LIMIT


def embeddings(opened: Ours, prompt: Prompt) -> Floats:
    """[n_positions, hidden]"""
    tables = opened.network.tables
    rows = sum_prompt_rows(torch.from_numpy(prompt.text_ids), torch.from_numpy(prompt.code_ids), tables.codes_0,
                           tables.codes_rest, tables.text)
    if prompt.speaker is not None:
        rows[prompt.speaker_at] += torch.from_numpy(prompt.speaker)
    return rows.numpy()


def text_rows(opened: Ours, prompt: Prompt, n_frames: int) -> Floats:
    """[n_frames, hidden]: what frames 0, 1, … add; the original says tts_pad's row once where we say nothing."""
    pads = np.full(n_frames - len(prompt.trailing_ids), opened.config.tokens.tts_pad, np.int32)
    ids = torch.from_numpy(np.concatenate([prompt.trailing_ids, pads]))
    return opened.network.tables.text[ids.long()].numpy()
