"""`python -m worker.bench.random_weights FOLDER SIZE`: a checkpoint of random weights that never draws its end token.

Each utterance then lasts until its cap, and whoever measures decides how long that is. Of any weights, random ones included, a
row of zeros in the head gives the logit 0: the middle of some 2,000, far from the 50 that are drawn from.
"""

import sys
from pathlib import Path
from typing import get_args

import torch

from worker.model.config_file import checkpoint_config
from worker.model.fields import Fields
from worker.model.random_checkpoint import write_random_checkpoint
from worker.model.random_config import Size
from worker.model.safetensors_file import read_header

_HEAD = "talker.codec_head.weight"


def write_endless(folder: Path, size: Size) -> None:
    """Made on the GPU where there is one: seconds there, minutes on a CPU, but for the tiny one."""
    write_random_checkpoint(folder, size=size, kind="custom_voice", device="cuda" if torch.cuda.is_available() else "cpu")
    config = checkpoint_config(Fields.read(folder / "config.json"), Fields.read(folder / "speech_tokenizer" / "config.json"))
    head = read_header(folder / "model.safetensors")[_HEAD]  # [vocabulary, hidden]
    row_bytes = head.n_bytes // head.shape[0]
    with head.file.open("r+b") as file:
        file.seek(head.offset_bytes + config.tokens.codec_eos * row_bytes)
        file.write(bytes(row_bytes))


def main(arguments: list[str]) -> int:
    match arguments:
        case [folder, ("tiny" | "0.6b" | "1.7b") as size]:
            write_endless(Path(folder), size)
            return 0
    sys.stderr.write(f"usage: python -m worker.bench.random_weights FOLDER {'|'.join(get_args(Size))}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
