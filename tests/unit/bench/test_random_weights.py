"""Random weights for benches: those of the tests, but that the end token is never drawn."""

from pathlib import Path

import numpy as np

from worker.bench.random_weights import main
from worker.model.random_checkpoint import write_random_checkpoint
from worker.model.safetensors_file import StoredTensor, read_header

END_CODE = 2150
HEAD = "talker.codec_head.weight"


def read(tensor: StoredTensor) -> np.ndarray:
    with tensor.file.open("rb") as file:
        file.seek(tensor.offset_bytes)
        return np.frombuffer(file.read(tensor.n_bytes), np.float32).reshape(tensor.shape)


def test_the_row_of_the_end_token_is_zero_and_nothing_else_has_changed(tmp_path: Path) -> None:
    assert main([str(tmp_path / "endless"), "tiny"]) == 0
    write_random_checkpoint(tmp_path / "random", size="tiny", kind="custom_voice")
    endless, random = (read_header(tmp_path / name / "model.safetensors") for name in ("endless", "random"))
    head = read(endless[HEAD])
    assert not head[END_CODE].any()
    rest = np.arange(len(head)) != END_CODE
    assert np.array_equal(head[rest], read(random[HEAD])[rest])
    assert all(np.array_equal(read(endless[name]), read(random[name])) for name in random if name != HEAD)


def test_a_size_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    assert main([str(tmp_path), "2b"]) == 2
    assert not any(tmp_path.iterdir())
