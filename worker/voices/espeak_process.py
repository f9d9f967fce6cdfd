"""One run of espeak-ng that speaks: a text in, 16-bit samples out, never waited for without an end."""

import os
import select
import signal
import struct
import subprocess
import tempfile
from collections.abc import Callable

from speechmill.errors import VoiceFailed

_PCM = 1


class EspeakProcess:
    """A running process; leaving the `with` block ends it. `kill` may come from any thread, the rest from one."""

    def __init__(self, command: list[str], text: str, stall_s: float) -> None:
        """Starts it. Raises VoiceFailed. `stall_s` is how long it may be silent before it counts as hung."""
        self._stall_s = stall_s
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        try:
            # Text in and errors out go through files: a pipe that fills up while we wait for sound would block both sides.
            with tempfile.TemporaryFile() as said:
                said.write(text.encode())
                said.seek(0)
                # A session of its own: Ctrl-C stops the worker, which then lets its units finish.
                self._process = subprocess.Popen(command, bufsize=0, stdin=said, stdout=subprocess.PIPE, stderr=self._errors,
                                                 start_new_session=True)
        except OSError as error:
            self._errors.close()
            raise VoiceFailed(f"espeak-ng does not start: {error}") from None
        assert self._process.stdout is not None
        self._sound = self._process.stdout
        self._readable = select.poll()
        self._readable.register(self._sound, select.POLLIN)

    def __enter__(self) -> "EspeakProcess":
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.wait()
        self._sound.close()
        self._errors.close()

    def kill(self) -> None:
        self._process.kill()

    def read(self, n_bytes: int) -> bytes:
        """The next `n_bytes` of its output; fewer when it ends. Raises VoiceFailed when nothing comes."""
        got = bytearray()
        while len(got) < n_bytes:
            if not self._readable.poll(self._stall_s * 1000):
                raise VoiceFailed(f"espeak-ng hung: no sound for {self._stall_s:g} s.")
            piece = os.read(self._sound.fileno(), n_bytes - len(got))
            if not piece:
                break
            got += piece
        return bytes(got)

    def finish(self) -> None:
        """Waits for its end, after all of its output. Raises VoiceFailed unless that is a good one."""
        try:
            code = self._process.wait(self._stall_s)
        except subprocess.TimeoutExpired:
            raise VoiceFailed(f"espeak-ng hung: it did not end within {self._stall_s:g} s of its last sound.") from None
        if code != 0:
            how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"failed with exit code {code}"
            raise VoiceFailed(f"espeak-ng {how}. {self._last_words()}".rstrip())

    def _last_words(self) -> str:
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - 300))
        return self._errors.read().decode("utf-8", "replace").strip()


def wav_sample_rate_hz(read: Callable[[int], bytes]) -> int | None:
    """Reads a WAV stream up to its first sample; None when nothing was written at all. Raises VoiceFailed unless it holds
    16-bit mono PCM. Lengths are not looked at: a program that writes to a pipe can't know them."""
    head = read(12)
    if not head:
        return None
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise VoiceFailed("espeak-ng wrote something that is not WAV.")
    sample_rate_hz = 0
    while len(chunk := read(8)) == 8:
        name, length = struct.unpack("<4sI", chunk)
        if name == b"data" and sample_rate_hz:
            return sample_rate_hz
        body = read(min(length, 1024))
        if name == b"fmt " and len(body) >= 16:
            coding, channels, sample_rate_hz, _bytes_per_s, _align, bits = struct.unpack("<HHIIHH", body[:16])
            if (coding, channels, bits) != (_PCM, 1, 16):
                raise VoiceFailed(f"espeak-ng wrote WAV of coding {coding}, {channels} channels, {bits} bits; "
                                  "16-bit mono PCM was expected.")
    raise VoiceFailed("espeak-ng's WAV ends before its first sample.")
