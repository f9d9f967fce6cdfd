"""Which files of a folder hold its tensors: model.safetensors, or the shards that its index names. No torch."""

from pathlib import Path

from worker.model.fields import Fields

SINGLE_FILE = "model.safetensors"
SHARD_INDEX = "model.safetensors.index.json"


def is_sharded(folder: Path) -> bool:
    return (folder / SHARD_INDEX).exists() and not (folder / SINGLE_FILE).exists()


def shard_map(folder: Path) -> Fields:
    """Each tensor's file, by the tensor's name. Raises CheckpointError where the index is broken."""
    shard_of = Fields.read(folder / SHARD_INDEX).section("weight_map")
    for name, shard in shard_of.values.items():
        if not isinstance(shard, str) or Path(shard).name != shard:
            raise shard_of.error(name, f"is {shard!r}, expected the name of a file beside it")
    return shard_of


def weight_files(folder: Path) -> list[Path]:
    """Raises CheckpointError as `shard_map`. None of them need be there."""
    if not is_sharded(folder):
        return [folder / SINGLE_FILE]
    return [folder / str(shard) for shard in sorted({str(shard) for shard in shard_map(folder).values.values()})]
