"""The recogniser's own process: a wav2vec2-CTC model of Hugging Face transformers that says what it hears, frame by frame.

    python -m worker.align.recogniser_child MODEL   < takes   > emissions     (frames: see recogniser.py)
"""

import json
import os
import struct
import sys
from typing import Any, BinaryIO

MOST_BYTES = 64 << 20
"""Of one take: eleven minutes, where segments have twenty seconds."""


def main(model_name: str) -> None:
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever transformers prints does not belong among the answers
    try:
        model, about, is_normalised = _loaded(model_name)
    except Exception as error:
        reason = next(iter(str(error).splitlines()), "")
        _write(sink, json.dumps({"error": f"{type(error).__name__}: {reason}"}).encode())
        return
    _write(sink, json.dumps(about).encode())
    while (take := _read(source)) is not None:
        _write(sink, _heard(model, take, is_normalised))


def _loaded(model_name: str) -> tuple[Any, dict[str, Any], bool]:
    """The model; what the worker must know of it; whether it wants its input at mean 0 and variance 1."""
    from transformers import AutoFeatureExtractor, AutoModelForCTC, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model_name)
    extractor = AutoFeatureExtractor.from_pretrained(model_name)  # type: ignore[no-untyped-call]
    model = AutoModelForCTC.from_pretrained(model_name)
    model.eval()
    letters = {letter: label for letter, label in tokenizer.get_vocab().items() if len(letter) == 1}
    separator = letters.pop(getattr(tokenizer, "word_delimiter_token", None) or "|", None)
    blank = tokenizer.pad_token_id
    if blank is None or not letters:
        raise ValueError("its tokenizer has no letters, or no padding token that stands for the blank")
    about = {"letters": letters, "blank": blank, "separator": separator, "sample_rate_hz": extractor.sampling_rate}
    return model, about, bool(getattr(extractor, "do_normalize", False))


def _heard(model: Any, take: bytes, is_normalised: bool) -> bytes:
    import numpy as np
    import torch

    pcm = np.frombuffer(take, "<f4")
    if is_normalised:
        pcm = (pcm - pcm.mean()) / np.sqrt(pcm.var() + 1e-7)
    with torch.inference_mode():
        logits = model(torch.from_numpy(pcm.astype(np.float32))[None]).logits[0]  # [n_frames, n_labels]
        emissions = torch.log_softmax(logits.float(), dim=-1).numpy()
    return struct.pack("<II", *emissions.shape) + emissions.astype("<f4").tobytes()


def _read(source: BinaryIO) -> bytes | None:
    head = source.read(4)
    if len(head) < 4:
        return None
    (length,) = struct.unpack("<I", head)
    return source.read(length) if length <= MOST_BYTES else None


def _write(sink: BinaryIO, content: bytes) -> None:
    sink.write(struct.pack("<I", len(content)) + content)
    sink.flush()


if __name__ == "__main__":
    main(sys.argv[1])
