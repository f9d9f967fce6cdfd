"""Writes tests/parity/vectors/*.npz anew, or with --check says whether the original still gives what is stored.

Run by the interpreter of deploy/oracle.sh: .venv-oracle/bin/python -m tests.parity.make_vectors [--check]
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.parity.checkpoints import weights_sha256, write_parity_checkpoint
from tests.parity.original import Original, made_with
from tests.parity.utterances import KINDS, REFERENCES, UTTERANCES
from tests.parity.vectors import FOLDER, SAFE_CODEBOOK_MARGIN, SAFE_MARGIN, Vectors, load, relative, save

DECODED_FRAMES = {"one-frame": 1, "seven-frames": 7, "past-the-window": 110, "longest-whole": 300}
"""The codec's transformer looks 72 frames back; above 300 frames the original cuts, with seams."""
LIMIT = 1e-6
"""Of floats made again: the same package on another CPU. Codes must be equal."""


def main() -> int:
    arguments = parse()
    torch.set_num_threads(arguments.threads)
    wrong: list[str] = []
    for name in KINDS:
        vectors = vectors_of(name)
        wrong += unsafe(vectors)
        if arguments.check:
            wrong += differences(vectors, load(name))
        else:
            save(FOLDER / f"{name}.npz", vectors)
        print(f"{name}: {len(vectors.spoken)} utterances", flush=True)
    for line in wrong:
        print(f"parity vectors: {line}", file=sys.stderr)
    return 1 if wrong else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the stored vectors differ")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def vectors_of(name: str) -> Vectors:
    """Everything that the original says on checkpoint `name`. Its codec is decoded bare with custom_voice alone."""
    with tempfile.TemporaryDirectory() as folder:
        write_parity_checkpoint(Path(folder), name)
        sha256 = weights_sha256(Path(folder))
        original = Original(Path(folder))
        spoken = {utterance.name: original.spoken(utterance) for utterance in UTTERANCES if utterance.checkpoint == name}
        referenced = {key: original.referenced(reference) for key, reference in REFERENCES.items()} if name == "base" else {}
        decoded = {key: original.decoded(codes_of(n)) for key, n in DECODED_FRAMES.items()} if name == "custom_voice" else {}
    return Vectors(sha256, made_with(), spoken, referenced, decoded)


def codes_of(n_frames: int) -> torch.Tensor:
    """[n_frames, 16], each code in use with the same chance."""
    return torch.from_numpy(np.random.Generator(np.random.PCG64(n_frames)).integers(0, 2048, (n_frames, 16)))


def unsafe(vectors: Vectors) -> Iterator[str]:
    """Utterances that another CPU could speak with other codes, or that don't end as they should."""
    for utterance in UTTERANCES:
        if spoken := vectors.spoken.get(utterance.name):
            if spoken.margin < SAFE_MARGIN:
                yield f"{utterance.name}: two logits are only {spoken.margin:.1e} apart; take another text or frame count"
            if utterance.ends != (len(spoken.codes) < utterance.max_frames):
                yield f"{utterance.name}: has {len(spoken.codes)} frames, so `ends` is the other way round"
    for name, referenced in vectors.referenced.items():
        if referenced.margin < SAFE_CODEBOOK_MARGIN:
            yield f"{name}: two codebook rows are only {referenced.margin:.1e} apart in distance; take another seed"


def differences(made: Vectors, stored: Vectors) -> Iterator[str]:
    if made.weights_sha256 != stored.weights_sha256:
        yield f"weights {made.weights_sha256[:12]}, stored {stored.weights_sha256[:12]}"
    for group in ("spoken", "referenced", "decoded"):
        now, before = getattr(made, group), getattr(stored, group)
        if now.keys() != before.keys():
            yield f"{group}: made and stored differ by {sorted(now.keys() ^ before.keys())}"
        for name in now.keys() & before.keys():
            yield from (f"{name}: {line}" for line in apart(vars(now[name]), vars(before[name])))


def apart(made: dict[str, Any], stored: dict[str, Any]) -> Iterator[str]:
    """Which fields of one result differ; a margin is a measurement and may."""
    for field in made.keys() - {"margin"}:
        now, before = np.asarray(made[field]), np.asarray(stored[field])
        if now.shape != before.shape:
            yield f"{field} has shape {now.shape}, stored {before.shape}"
        elif now.dtype != np.float32 and (now != before).any():
            yield f"{field} differs in {(now != before).sum()} of {now.size} places"
        elif now.dtype == np.float32 and (distance := relative(now, before)) > LIMIT:
            yield f"{field} is {distance:.1e} away, more than {LIMIT:.0e}"


if __name__ == "__main__":
    sys.exit(main())
