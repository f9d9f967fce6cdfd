"""Tensors come as they were stored, one at a time, and a broken file says so."""

import json
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.unit.model.conftest import TinyCheckpoint
from worker.model.errors import CheckpointError
from worker.model.safetensors_file import write_tensors
from worker.model.weights import TensorFile

FLOAT32 = torch.float32
CPU = torch.device("cpu")


@pytest.fixture
def stored() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {
        "matrix": torch.randn(7, 5),
        "half": torch.randn(3, 2, 4).to(torch.bfloat16),
        "row": torch.randn(11).to(torch.float16),
        "scalar": torch.tensor(2.5),
        "none": torch.zeros(0, 4),
        "counts": torch.tensor([1, 2, 3]),
    }


def test_tensors_are_those_that_safetensors_itself_reads(stored: dict[str, torch.Tensor], tmp_path: Path) -> None:
    save_file(stored, tmp_path / "model.safetensors")
    file = TensorFile.open(tmp_path, CPU, FLOAT32)
    assert file.names() == sorted(stored)
    for name, tensor in stored.items():
        assert name in file
        assert torch.equal(file.take(name, dtype=tensor.dtype), tensor)
        assert torch.equal(file.take(name), tensor.float())
    assert "unknown" not in file


def test_a_tensor_larger_than_a_block_is_read_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.model.weights.BLOCK_BYTES", 64)
    tensor = torch.arange(1000, dtype=torch.bfloat16).reshape(50, 20)
    save_file({"first": torch.ones(3), "tensor": tensor}, tmp_path / "model.safetensors")
    file = TensorFile.open(tmp_path, CPU, FLOAT32)
    assert torch.equal(file.take("tensor"), tensor.float())
    assert torch.equal(file.take("first"), torch.ones(3))


def test_taken_tensors_are_their_own(tmp_path: Path) -> None:
    save_file({"a": torch.ones(4)}, tmp_path / "model.safetensors")
    file = TensorFile.open(tmp_path, CPU, FLOAT32)
    file.take("a").zero_()
    assert torch.equal(file.take("a"), torch.ones(4))


def test_what_we_write_safetensors_reads(tmp_path: Path) -> None:
    tensors = {"a": torch.randn(3, 5), "b": torch.randn(2)}
    write_tensors(tmp_path / "model.safetensors", {name: tuple(tensor.shape) for name, tensor in tensors.items()}, "F32",
                  (tensor.numpy().tobytes() for tensor in tensors.values()))
    read = load_file(tmp_path / "model.safetensors")
    assert all(torch.equal(read[name], tensors[name]) for name in tensors)


def test_shards_read_as_one_file(stored: dict[str, torch.Tensor], tmp_path: Path) -> None:
    write_shards(tmp_path, {"a-1.safetensors": ["matrix", "half"], "a-2.safetensors": ["row", "scalar"]}, stored)
    file = TensorFile.open(tmp_path, CPU, FLOAT32)
    assert file.names() == ["half", "matrix", "row", "scalar"]
    assert torch.equal(file.take("row"), stored["row"].float())


def test_a_shard_that_is_missing_or_lacks_its_tensor_is_named(stored: dict[str, torch.Tensor], tmp_path: Path) -> None:
    write_shards(tmp_path, {"a-1.safetensors": ["matrix"], "a-2.safetensors": ["row"]}, stored)
    save_file({"other": stored["row"]}, tmp_path / "a-2.safetensors")
    with pytest.raises(CheckpointError, match=r"weight_map\.row names a-2\.safetensors, which lacks the tensor"):
        TensorFile.open(tmp_path, CPU, FLOAT32)
    (tmp_path / "a-2.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"a-2\.safetensors is missing"):
        TensorFile.open(tmp_path, CPU, FLOAT32)


def test_a_shard_index_cannot_lead_out_of_its_folder(tmp_path: Path) -> None:
    index = {"weight_map": {"a": "../secret.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match="expected the name of a file beside it"):
        TensorFile.open(tmp_path, CPU, FLOAT32)


def write_shards(folder: Path, shards: dict[str, list[str]], stored: dict[str, torch.Tensor]) -> None:
    for shard, names in shards.items():
        save_file({name: stored[name] for name in names}, folder / shard)
    index = {"weight_map": {name: shard for shard, names in shards.items() for name in names}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def test_a_missing_tensor_is_named_with_its_file(tmp_path: Path) -> None:
    save_file({"a": torch.ones(4)}, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"has no tensor talker\.norm") as refusal:
        TensorFile.open(tmp_path, CPU, FLOAT32).take("talker.norm")
    assert str(tmp_path) in refusal.value.message


def cut_in_the_data(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def cut_in_the_header(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:200])


def cut_at_once(file: Path) -> None:
    file.write_bytes(b"\x10\x00")


def empty(file: Path) -> None:
    file.write_bytes(b"")


def large_file_pointer(file: Path) -> None:
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 3857413744\n")


def web_page(file: Path) -> None:
    file.write_text("<!DOCTYPE html><html><body>Sign in to continue</body></html>")


def other_header(header: bytes) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        file.write_bytes(struct.pack("<Q", len(header)) + header + bytes(64))
    return write


def entry(**changes: object) -> bytes:
    return json.dumps({"talker.norm": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16], **changes}}).encode()


@pytest.mark.parametrize(
    ("break_it", "expected"),
    [
        (cut_in_the_data, "is cut off: it has"),
        (cut_in_the_header, "is cut off inside its header"),
        (cut_at_once, "no safetensors file, or a broken one"),
        (empty, "no safetensors file, or a broken one"),
        (large_file_pointer, "Git LFS pointer"),
        (web_page, "no safetensors file, or a broken one"),
        (other_header(b"not json"), "no safetensors file, or a broken one"),
        (other_header(b"[1, 2]"), "no safetensors file, or a broken one"),
        (other_header(entry(dtype="Q4")), r"entry for talker\.norm makes no sense"),
        (other_header(entry(shape=[5])), r"entry for talker\.norm makes no sense"),
        (other_header(entry(shape=[-4])), r"entry for talker\.norm makes no sense"),
        (other_header(entry(data_offsets=[-16, 0])), r"entry for talker\.norm makes no sense"),
        (other_header(entry(data_offsets=[1000, 1016])), "is cut off: it has"),
        (Path.unlink, "is missing"),
    ],
)
def test_a_broken_file_is_named_and_a_cure_given(
    break_it: Callable[[Path], None], expected: str, tiny_checkpoint: TinyCheckpoint, tmp_path: Path,
) -> None:
    file = tmp_path / "model.safetensors"
    shutil.copy(tiny_checkpoint("custom_voice") / "speech_tokenizer" / "model.safetensors", file)
    break_it(file)
    with pytest.raises(CheckpointError, match=expected) as refusal:
        TensorFile.open(tmp_path, CPU, FLOAT32)
    assert str(file) in refusal.value.message
    assert any(cure in refusal.value.message.lower() for cure in ("fetch", "git lfs pull"))


def test_an_unfinished_download_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors.incomplete").write_bytes(b"half")
    with pytest.raises(CheckpointError, match=r"model\.safetensors is missing, but .*\.incomplete is there"):
        TensorFile.open(tmp_path, CPU, FLOAT32)


def test_a_file_cut_after_it_was_opened_is_noticed(tmp_path: Path) -> None:
    save_file({"a": torch.ones(1000)}, tmp_path / "model.safetensors")
    file = TensorFile.open(tmp_path, CPU, FLOAT32)
    cut_in_the_data(tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="ended early"):
        file.take("a")


LOAD = """
import resource, sys
from pathlib import Path
import torch
from worker.model.weights import TensorFile
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
torch.ones(1000) @ torch.ones(1000)
before = peak()
file = TensorFile.open(Path(sys.argv[1]), "cpu", getattr(torch, sys.argv[2]))
kept = {name: file.take(name) for name in file.names()}
print(peak() - before, sum(tensor.nbytes for tensor in kept.values()))
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """335 MB of bfloat16 in ten tensors."""
    folder = tmp_path_factory.mktemp("large")
    shapes = {f"layer.{number}": (8192, 2048) for number in range(10)}
    tensor = torch.ones(8192 * 2048, dtype=torch.bfloat16).view(torch.uint8).numpy().tobytes()
    write_tensors(folder / "model.safetensors", shapes, "BF16", (tensor for _ in shapes))
    return folder


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_loading_takes_little_more_memory_than_the_weights(dtype: str, large: Path) -> None:
    """Highest resident memory of a process, which counts mapped pages too, over what importing torch took."""
    printed = subprocess.run([sys.executable, "-c", LOAD, large, dtype], capture_output=True, text=True, check=True).stdout
    peak_bytes, weight_bytes = map(int, printed.split())
    assert weight_bytes > 300_000_000
    assert peak_bytes <= 1.5 * weight_bytes
