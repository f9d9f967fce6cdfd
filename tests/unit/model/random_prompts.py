"""Prompts of random ids, of every shape that prompts have, for tests that care about numbers and not about words."""

import numpy as np

from worker.model.config import CheckpointConfig
from worker.model.prompt import NONE, Prompt


def random_prompt(config: CheckpointConfig, seed: int, *, n_positions: int | None = None) -> Prompt:
    """Text alone, text with a code 0, and reference frames; with and without a speaker embedding and trailing text."""
    draw = np.random.default_rng(seed)
    n = n_positions or int(draw.integers(3, 30))
    text_ids = draw.integers(0, config.text_vocab_size, n).astype(np.int32)
    code_ids = np.full((n, config.n_codes), NONE, np.int32)
    code_ids[n // 3 :, 0] = draw.integers(0, config.talker_vocab_size, n - n // 3)
    code_ids[-2:] = draw.integers(0, config.predictor_vocab_size, (2, config.n_codes))
    text_ids[-1] = NONE
    speaker = draw.normal(scale=0.02, size=config.talker.hidden_size).astype(np.float32) if seed % 2 else None
    return Prompt(
        text_ids, code_ids,
        trailing_ids=draw.integers(0, config.text_vocab_size, seed % 4).astype(np.int32),
        speaker=speaker,
        speaker_at=n // 2 if seed % 2 else NONE,
    )
