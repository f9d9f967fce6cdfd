"""What the original package did, as tests/parity/vectors/*.npz keep it: one file a checkpoint, one for the codec alone.

`python -m tests.parity.make_vectors` writes them; nothing here needs the original.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parent / "vectors"

Floats = NDArray[np.float32]

PROMPT_DIMS = 16
"""Of each row of a prompt's embeddings, its first dimensions are kept, and its norm."""
WHOLE_SAMPLES = 8 * 1920
KEPT_EVERY = 37
"""Of a longer waveform every 37th sample is kept: 37 and 1920 share no divisor, so every place of a frame is seen."""
SAFE_MARGIN = 1e-4
"""Least distance between the best and the second-best logit of a greedy draw. Under it another CPU's rounding could draw
another code, so make_vectors refuses it."""
SAFE_CODEBOOK_MARGIN = 1e-5
"""The same for the nearest row of a codebook against the second nearest."""


@dataclass(frozen=True)
class Spoken:
    """One utterance by the original. `prompt` and `trailing` are rows_of its embeddings; `samples` kept_of its waveform."""

    codes: NDArray[np.int16]         # [n_frames, 16]
    samples: Floats                  # [n_kept]
    n_samples: int
    margin: float                    # least of all draws
    prompt: Floats                   # [n_positions, PROMPT_DIMS + 1]
    trailing: Floats                 # [n_trailing, PROMPT_DIMS + 1]: added to frames 0, 1, …; the last is tts_pad's or eos's


@dataclass(frozen=True)
class Referenced:
    """One reference sound by the original."""

    codes: NDArray[np.int16]         # [n_frames, 16]
    margin: float                    # codebook distances
    mel: Floats                      # [n_kept, 128]: every 37th frame
    speaker: Floats                  # [hidden]


@dataclass(frozen=True)
class Decoded:
    """Codes to sound by the original's codec, whole."""

    codes: NDArray[np.int16]         # [n_frames, 16]
    samples: Floats                  # [n_kept]
    n_samples: int


@dataclass(frozen=True)
class Vectors:
    """A file. `made_with` names versions; `weights_sha256` is checkpoints.weights_sha256 of what they were made on."""

    weights_sha256: str
    made_with: dict[str, str]
    spoken: dict[str, Spoken]
    referenced: dict[str, Referenced]
    decoded: dict[str, Decoded]


def kept_of(wave: Floats) -> Floats:
    """Of a whole waveform [n_samples], the samples that are stored."""
    return wave if len(wave) <= WHOLE_SAMPLES else wave[::KEPT_EVERY]


def rows_of(embeddings: Floats) -> Floats:
    """Of embeddings [n, hidden], what is stored: [n, PROMPT_DIMS + 1]."""
    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)  # [n, 1]
    return np.concatenate([embeddings[:, :PROMPT_DIMS], norms], axis=1).astype(np.float32)


def relative(found: Floats, expected: Floats) -> float:
    """‖found − expected‖ / ‖expected‖, or the norm itself where nothing is expected but zeros."""
    assert found.shape == expected.shape, f"shape {found.shape}, expected {expected.shape}"
    scale = float(np.linalg.norm(expected.astype(np.float64))) or 1.0
    return float(np.linalg.norm(found.astype(np.float64) - expected)) / scale


def save(path: Path, vectors: Vectors) -> None:
    arrays: dict[str, NDArray[Any]] = {}
    for group in ("spoken", "referenced", "decoded"):
        for name, result in getattr(vectors, group).items():
            arrays |= {f"{group}/{name}/{field}": np.asarray(value) for field, value in vars(result).items()}
    head = {"weights_sha256": vectors.weights_sha256, "made_with": vectors.made_with}
    path.parent.mkdir(exist_ok=True)
    np.savez_compressed(path, allow_pickle=False, head=np.array(json.dumps(head)), **arrays)


def load(name: str, folder: Path = FOLDER) -> Vectors:
    with np.load(folder / f"{name}.npz", allow_pickle=False) as file:
        arrays = dict(file)
    head = json.loads(str(arrays.pop("head")))
    return Vectors(**head, spoken=group_of(arrays, "spoken", Spoken), referenced=group_of(arrays, "referenced", Referenced),
                   decoded=group_of(arrays, "decoded", Decoded))


T = TypeVar("T", Spoken, Referenced, Decoded)


def group_of(arrays: Mapping[str, NDArray[Any]], group: str, kind: type[T]) -> dict[str, T]:
    names = dict.fromkeys(key.split("/")[1] for key in arrays if key.startswith(f"{group}/"))
    return {name: one_of(arrays, f"{group}/{name}", kind) for name in names}


def one_of(arrays: Mapping[str, NDArray[Any]], prefix: str, kind: type[T]) -> T:
    values: dict[str, Any] = {field.name: arrays[f"{prefix}/{field.name}"] for field in fields(kind)}
    return kind(**{name: value if value.ndim else value.item() for name, value in values.items()})
