"""The one launch's kernel, compiled for the CPU: its CUDA sources with plain C++ in place of its instructions (ptx.h)."""

import ctypes
import subprocess
from pathlib import Path

from worker.model.kernels.gpu.one_launch.arguments import FrameArguments
from worker.model.kernels.gpu.one_launch.nvrtc import SOURCES
from worker.model.kernels.gpu.one_launch.sizes import Sizes

MAIN = Path(__file__).with_name("emulate.cpp")
# Fibers change stacks, which nothing that guards stacks likes.
OPTIONS = ("-O2", "-march=native", "-std=c++17", "-shared", "-fPIC", "-fno-stack-protector", "-fcf-protection=none",
           "-Wno-unknown-pragmas")


class EmulatedGpu:
    """`predict` for one number of rows and one code predictor's sizes."""

    def __init__(self, sizes: Sizes, n_rows: int, folder: Path, sources: Path = SOURCES) -> None:
        """Compiles into `folder`, by g++, the files of `sources`."""
        library = folder / f"emulated-{n_rows}-{sizes.n_layers}-{sizes.n_codes}.so"
        defines = [f"-D{name}={value}" for name, value in sizes.defines(n_rows).items()]
        subprocess.run(["g++", *OPTIONS, *defines, f"-I{sources}", f"-I{MAIN.parent}", str(MAIN), "-o", str(library)], check=True)
        self._library = ctypes.CDLL(str(library))

    def launch(self, frame: FrameArguments) -> None:
        """As on a GPU; a launch that ends otherwise than it should is an AssertionError."""
        ended = self.run(frame)
        assert ended == 0, f"the launch ended with {ended}"

    def run(self, frame: FrameArguments, *, silent_block: int = -1) -> int:
        """A launch. 0, or what was not as it should be at its end. `silent_block` comes to no meeting."""
        return int(self._library.emulate_frame(ctypes.byref(frame), silent_block))

    def draw_codes_1(self, frame: FrameArguments) -> int:
        """Codes 1 of at most 128 rows are drawn from the logits in `frame`, and nothing else is done."""
        return int(self._library.emulate_draws(ctypes.byref(frame)))
