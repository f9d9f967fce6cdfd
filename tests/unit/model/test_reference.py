"""What may be a voice to clone."""

import numpy as np
import pytest

from tests.unit.model.voice_like import voice_like
from worker.model.errors import BadUtterance
from worker.model.reference import Pcm, check_reference, count_reference_frames, fingerprint


def with_sample(value: float) -> Pcm:
    pcm = voice_like(1)
    pcm[1000] = value
    return pcm


@pytest.mark.parametrize("pcm", [voice_like(1), voice_like(30), 0.01 * voice_like(2)], ids=["shortest", "longest", "quiet"])
def test_a_voice_of_one_to_thirty_seconds_passes(pcm: Pcm) -> None:
    check_reference(pcm.astype(np.float32))


@pytest.mark.parametrize(("pcm", "says"), [
    (voice_like(0.99), r"0\.99 s long; it should be 1 to 30 s"),
    (voice_like(30.01), r"30\.01 s long; it should be 1 to 30 s"),
    (np.zeros(0, np.float32), r"0\.00 s long"),
    (np.zeros(48_000, np.float32), r"silent \(-200 dBFS\)"),
    ((1e-4 * voice_like(2)).astype(np.float32), "above -60 dBFS"),
    (with_sample(np.nan), "no numbers"),
    (with_sample(-np.inf), "no numbers"),
    ((32767 * voice_like(2)).astype(np.float32), r"should be in \[-1, 1\]"),
    (np.stack([voice_like(2)] * 2), r"shape \[2, 48000\]; it should be float32, mono"),
    (voice_like(2).astype(np.float64), "float64"),
], ids=["short", "long", "empty", "zeros", "quiet", "NaN", "infinity", "unscaled", "stereo", "float64"])
def test_anything_else_is_refused_as_the_reference(pcm: Pcm, says: str) -> None:
    with pytest.raises(BadUtterance, match=says) as refused:
        check_reference(pcm)
    assert refused.value.param == "reference"


@pytest.mark.parametrize(("n_samples", "n_frames"), [(1920, 1), (1921, 2), (24_000, 13), (38_399, 20), (38_400, 20)])
def test_a_frame_begun_is_a_frame(n_samples: int, n_frames: int) -> None:
    assert count_reference_frames(n_samples) == n_frames


def test_the_fingerprint_is_that_of_the_samples() -> None:
    pcm = voice_like(1)
    assert fingerprint(pcm) == fingerprint(pcm.copy()) == fingerprint(np.stack([pcm, pcm], axis=1)[:, 0])
    assert fingerprint(pcm) != fingerprint(with_sample(0.5))
