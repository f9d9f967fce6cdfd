"""What encoding recordings on a GPU must meet: padded, through CUDA graphs, many in flight, they become what they become alone,
unpadded, on the CPU."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from tests.parity.gates import Gate
from tests.parity.ours import Device
from tests.parity.sounds import reference_sound
from worker.engine.torch_references import TorchReferences
from worker.model.checkpoint import Checkpoint, open_checkpoint
from worker.model.reference import fingerprint

SECONDS = (17.3, 1.0, 2.04, 9.99, 2.0, 30.0, 1.01)
"""Short ones come after long ones, which leave their sound behind."""


def reference_gates(folder: Path, device: Device) -> Iterator[Gate]:
    """Of a Base checkpoint."""
    checkpoint = open_checkpoint(folder)
    served, plain = _references(checkpoint, device, step_frames=25), _references(checkpoint, "cpu", step_frames=1)
    served.warm_up()
    yield Gate("recordings: sizes that could not be captured", len(served.notes), 0)
    sounds = [reference_sound(seed, round(24_000 * seconds)) for seed, seconds in enumerate(SECONDS)]
    launched = [served.launch(pcm, fingerprint(pcm), with_codes=True) for pcm in sounds]
    expected = [plain.launch(pcm, fingerprint(pcm), with_codes=True).wait() for pcm in sounds]
    codes, speakers = [], []
    for made, right in zip((one.wait() for one in launched), expected, strict=True):
        assert made.codes is not None
        assert right.codes is not None
        codes.append((made.codes != right.codes).mean(0))      # [16]
        speakers.append(np.linalg.norm(made.speaker - right.speaker) / np.linalg.norm(right.speaker))
    yield Gate("recordings: code 0 that differs", float(np.mean(codes, 0)[0]), 0.002)
    yield Gate("recordings: codes that differ", float(np.mean(codes)), 0.01)      # one that differs takes those behind it along
    yield Gate("recordings: speaker, relative", float(max(speakers)), 1e-5)


def _references(checkpoint: Checkpoint, device: Device, *, step_frames: int) -> TorchReferences:
    where = torch.device(device)
    main, codec = checkpoint.main(where, torch.float32), checkpoint.codec(where, torch.float32)
    return TorchReferences(checkpoint.config, main, codec, where, step_frames=step_frames, graphs=True)
