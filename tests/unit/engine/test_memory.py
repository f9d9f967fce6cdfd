"""How many slots fit: what docs/performance.md promises is what the engine counts."""

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from worker.engine.memory import GIB, WORKING_BYTES, SlotMemory, memory_bytes_per_slot
from worker.model.config import CheckpointConfig
from worker.model.config_file import checkpoint_config
from worker.model.errors import TooLittleMemory
from worker.model.fields import Fields
from worker.model.kernels.kept import FLOAT8
from worker.model.random_config import Size, codec_config, main_config
from worker.model.tensor_shapes import decoder_shapes, main_shapes

PAGE = (Path(__file__).parents[3] / "docs" / "performance.md").read_text("utf-8")
SIZES: dict[str, Size] = {"1.7B": "1.7b", "0.6B": "0.6b"}


def config_of(size: Size, folder: Path) -> CheckpointConfig:
    (folder / "config.json").write_text(json.dumps(main_config(size, "custom_voice")))
    (folder / "codec.json").write_text(json.dumps(codec_config(size)))
    return checkpoint_config(Fields.read(folder / "config.json"), Fields.read(folder / "codec.json"))


def weight_bytes(config: CheckpointConfig) -> int:
    shapes = [*main_shapes(config).values(), *decoder_shapes(config.codec).values()]
    return sum(map(math.prod, shapes)) * torch.bfloat16.itemsize


@dataclass(frozen=True)
class Row:
    """A row of the page's table: `fitting` slots on a card of each kind."""

    size: Size
    kept: torch.dtype
    positions: int
    fitting: list[int]


def rows_of_the_page() -> list[Row]:
    figures = r"([\d,]+) \| " * 4 + r"([\d,]+)"
    found = re.findall(rf"^\| (1\.7B|0\.6B)(, float8)? \| {figures} \|$", PAGE, re.MULTILINE)
    return [Row(SIZES[size], FLOAT8 if kept else torch.bfloat16, number(positions), [number(slots) for slots in fitting])
            for size, kept, positions, *fitting in found]


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_the_pages_table_is_what_the_formula_gives(tmp_path: Path) -> None:
    free_gib = [number(found) for found in re.findall(r"\d+ GB \((\d+)(?: GiB free)?\)", PAGE)]
    rows = rows_of_the_page()
    assert len(rows) == 6
    for row in rows:
        config = config_of(row.size, tmp_path)
        memory = SlotMemory(0, row.positions, memory_bytes_per_slot(config, row.positions, torch.bfloat16, row.kept))
        counted = [memory.n_fitting(free_bytes=gib * GIB - weight_bytes(config), working_bytes=WORKING_BYTES["cuda"])
                   for gib in free_gib]
        assert row.fitting == counted, f"docs/performance.md: {row}"


def test_as_many_as_are_said_to_fit_do_and_one_more_does_not() -> None:
    most = SlotMemory(0, 100, per_slot_bytes=1000).n_fitting(free_bytes=54_321, working_bytes=1_000)
    SlotMemory(most, 100, 1000).check(weight_bytes=5, free_bytes=54_321, working_bytes=1_000)
    with pytest.raises(TooLittleMemory, match=f"{most} slots of that length would fit"):
        SlotMemory(most + 1, 100, 1000).check(weight_bytes=5, free_bytes=54_321, working_bytes=1_000)
