"""The recogniser's process with a tiny random model: what it says is aligned; what cannot be loaded, and a death, are told."""

import json
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from speechmill.errors import VoiceFailed
from worker.align.ctc import CtcAligner
from worker.align.recogniser import Recogniser
from worker.voices.seam import SAMPLE_RATE_HZ, Utterance

UTTERANCE = Utterance(text="hello, 你 world", voice="", language="en", seed=0)
SOUND = (0.3 * np.sin(np.arange(2 * SAMPLE_RATE_HZ) / 30)).astype(np.float32)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wav2vec2-CTC model of a few thousand weights."""
    transformers = pytest.importorskip("transformers", reason="the aligner is an extra")
    folder = tmp_path_factory.mktemp("wav2vec2")
    vocabulary = {letter: n for n, letter in enumerate(["<pad>", "<s>", "</s>", "<unk>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ'"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    transformers.Wav2Vec2CTCTokenizer(str(folder / "vocab.json")).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder)
    config = transformers.Wav2Vec2Config(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        conv_dim=(8,) * 7, num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2, pad_token_id=0)
    transformers.Wav2Vec2ForCTC(config).save_pretrained(folder)
    return folder


@pytest.mark.timeout(400)
def test_a_take_is_heard_and_its_words_have_times_in_order(checkpoint: Path) -> None:
    recogniser = Recogniser(str(checkpoint))
    aligner = CtcAligner(recogniser)
    try:
        first = aligner.align(UTTERANCE, SOUND)
        hello, chinese, world = first
        assert hello is not None
        assert world is not None
        assert chinese is None
        assert 0 <= hello[0] < hello[1] <= world[0] < world[1] <= len(SOUND) / SAMPLE_RATE_HZ
        assert aligner.align(UTTERANCE, SOUND[:3600]) == [None] * 3   # too short for so many letters
        assert aligner.align(UTTERANCE, SOUND[:480]) == [None] * 3
        process = recogniser._running.process  # type: ignore[union-attr]
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert aligner.align(UTTERANCE, SOUND) == first   # by another process
    finally:
        aligner.close()
    with pytest.raises(VoiceFailed, match="shut down"):
        aligner.align(UTTERANCE, SOUND)


def test_a_process_that_does_not_listen_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    told = json.dumps({"letters": {}, "blank": 0, "separator": None, "sample_rate_hz": 16_000}).encode()
    frame = struct.pack("<I", len(told)) + told
    script = f"import sys, time; sys.stdout.buffer.write({frame!r}); sys.stdout.flush(); time.sleep(60)"
    popen = subprocess.Popen

    def deaf(_: list[str], **options: Any) -> "subprocess.Popen[bytes]":
        return popen([sys.executable, "-c", script], **options)

    monkeypatch.setattr(subprocess, "Popen", deaf)
    recogniser = Recogniser("deaf", answer_s=0.5)
    with pytest.raises(VoiceFailed, match="did not listen in time"):
        recogniser.hear(np.zeros(16_000 * 20, np.float32))
    recogniser.close()


@pytest.mark.timeout(300)
def test_what_is_no_model_is_told_with_the_setting_to_change(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="the aligner is an extra")
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(VoiceFailed, match="SPEECHMILL_ALIGN__MODEL"):
        Recogniser(str(tmp_path)).start()
