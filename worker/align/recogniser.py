"""The recogniser's process, seen from the worker: torch and its memory stay out of here, and a crash costs one take's times.

Both ways go frames: a length (u32, little-endian), then so many bytes. First the child says what it is, as JSON; then each take
goes in (float32 samples), and its emissions come out (two u32, frames and labels, and float32 log probabilities).
"""

import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

import numpy as np

from speechmill.errors import VoiceFailed
from worker.align.labels import Vocabulary
from worker.align.trellis import LogProbabilities
from worker.voices.seam import Pcm


@dataclass(frozen=True)
class _Running:
    process: "subprocess.Popen[bytes]"
    vocabulary: Vocabulary
    sample_rate_hz: int


class Recogniser:
    """`model` is a folder, or a name on the Hugging Face hub. Calls come from one thread at a time, `close` from any."""

    def __init__(self, model: str, *, start_s: float = 300, answer_s: float = 120) -> None:
        self._model = model
        self._start_s = start_s
        self._answer_s = answer_s
        self._running: _Running | None = None
        self._closed = threading.Event()

    def start(self) -> None:
        """Load it, if it does not run. Raises VoiceFailed that says why it can't be."""
        if self._running and self._running.process.poll() is None:
            return
        if self._closed.is_set():
            raise VoiceFailed("The aligner was shut down.")
        if self._running:
            _end(self._running.process)
        process = subprocess.Popen([sys.executable, "-m", "worker.align.recogniser_child", self._model], bufsize=0,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        assert process.stdin
        os.set_blocking(process.stdin.fileno(), False)
        try:
            told = json.loads(_read(process, time.monotonic() + self._start_s))
        except BaseException:
            _end(process)
            raise
        if "error" in told:
            _end(process)
            raise VoiceFailed(f"SPEECHMILL_ALIGN__MODEL {self._model!r} cannot be used: {told['error']}")
        vocabulary = Vocabulary(told["letters"], told["blank"], told["separator"])
        self._running = _Running(process, vocabulary, told["sample_rate_hz"])

    @property
    def vocabulary(self) -> Vocabulary:
        return self._started().vocabulary

    @property
    def sample_rate_hz(self) -> int:
        return self._started().sample_rate_hz

    def hear(self, pcm: Pcm) -> LogProbabilities:
        """`pcm`: float32 [n_samples] at its own rate. Raises VoiceFailed."""
        process = self._started().process
        deadline = time.monotonic() + self._answer_s
        try:
            _write(process, pcm.astype("<f4").tobytes(), deadline)
            answer = _read(process, deadline)
        except VoiceFailed:
            _end(process)
            raise
        n_frames, n_labels = struct.unpack_from("<II", answer)
        return np.frombuffer(answer, "<f4", offset=8).reshape(n_frames, n_labels)

    def close(self) -> None:
        self._closed.set()
        if self._running:
            _end(self._running.process)

    def _started(self) -> _Running:
        self.start()
        assert self._running
        return self._running


def _write(process: "subprocess.Popen[bytes]", content: bytes, deadline: float) -> None:
    """A child that does not read must not hold the worker up: the pipe to it does not block."""
    assert process.stdin
    try:
        unsent = memoryview(struct.pack("<I", len(content)) + content)
        while unsent:
            if not select.select([], [process.stdin], [], max(0.0, deadline - time.monotonic()))[1]:
                raise VoiceFailed("The aligner did not listen in time.")
            unsent = unsent[os.write(process.stdin.fileno(), unsent):]
    except OSError:
        raise VoiceFailed("The aligner's process has ended.") from None


def _read(process: "subprocess.Popen[bytes]", deadline: float) -> bytes:
    (length,) = struct.unpack("<I", _exactly(process, 4, deadline))
    return _exactly(process, length, deadline)


def _exactly(process: "subprocess.Popen[bytes]", n_bytes: int, deadline: float) -> bytes:
    assert process.stdout
    got = bytearray()
    while len(got) < n_bytes:
        if not select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise VoiceFailed("The aligner did not answer in time.")
        piece = os.read(process.stdout.fileno(), n_bytes - len(got))
        if not piece:
            raise VoiceFailed("The aligner's process has ended.")
        got += piece
    return bytes(got)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()
