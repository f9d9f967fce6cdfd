"""The ffmpeg binary: finding it, and running it on a stream of sound. Always a subprocess; its library is never loaded."""

import os
import select
import selectors
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import IO, Self

from speechmill.errors import EncodingFailed
from worker.voices.seam import SAMPLE_RATE_HZ

STALL_S = 60.0
"""ffmpeg that takes and gives nothing for this long, or needs longer than this to finish a file, is killed."""
_READ_BYTES = 1 << 16
_LAST_WORDS_S = 5.0
_TOLD_CHARACTERS = 400


def find_ffmpeg() -> str:
    """The ffmpeg on PATH, else the one that the imageio-ffmpeg package brings. Raises EncodingFailed where there is none."""
    if found := shutil.which("ffmpeg"):
        return found
    try:
        import imageio_ffmpeg  # type: ignore[import-untyped] # an extra of bare machines: images have a system package

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        raise EncodingFailed("There is no ffmpeg on PATH. Install it (Debian: apt-get install ffmpeg; macOS: brew install "
                             "ffmpeg), or install speechmill with its `local` extra.") from None


def pcm_input(sample_format: str) -> tuple[str, ...]:
    """The options of an input of 24 kHz mono samples; `sample_format` as ffmpeg names raw formats: s16le, f32le."""
    return ("-f", sample_format, "-ar", str(SAMPLE_RATE_HZ), "-ac", "1")


class Ffmpeg:
    """One run of ffmpeg that reads sound on its standard input. Leaving the context normally ends the input and
    waits for a good end; leaving it by an exception kills it. Raises EncodingFailed with ffmpeg's own last words."""

    def __init__(self, source: str | tuple[str, ...], *arguments: str, reads_output: bool = False) -> None:
        """`source`: the format of raw samples (`pcm_input`), or the options of another input. `arguments`: further inputs, and
        the output."""
        options = pcm_input(source) if isinstance(source, str) else source
        command = [find_ffmpeg(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *options, "-i", "pipe:0", *arguments]
        # Standard error goes to a file: nobody has to read it for ffmpeg to go on.
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        output = subprocess.PIPE if reads_output else subprocess.DEVNULL
        try:
            # In a session of its own, Ctrl-C in a terminal ends the worker's units first, and not the sound under them.
            self.process = subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE, stdout=output, stderr=self._errors,
                                            start_new_session=True)
        except OSError as error:
            self._errors.close()
            raise EncodingFailed(f"ffmpeg could not be started: {error}.") from error
        assert self.process.stdin
        os.set_blocking(self.process.stdin.fileno(), False)
        self._room = select.poll()
        self._room.register(self.process.stdin, select.POLLOUT)

    def feed(self, sound: bytes) -> None:
        """Blocks while ffmpeg is busy with what it got before. Raises EncodingFailed when it has gone, or takes no more."""
        assert self.process.stdin
        unsent = memoryview(sound)
        try:
            while unsent:
                if not self._room.poll(STALL_S * 1000):
                    self._kill()
                    raise EncodingFailed(f"ffmpeg has taken no sound for {STALL_S:.0f} s.")
                unsent = unsent[self.process.stdin.write(unsent) or 0:]
        except BrokenPipeError:
            raise self.failure() from None

    def failure(self) -> EncodingFailed:
        """Why ffmpeg, which has gone or must go now, did not do its work."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_LAST_WORDS_S)
        self._kill()
        self._errors.seek(0)
        told = self._errors.read().decode(errors="replace").strip()[-_TOLD_CHARACTERS:]
        return EncodingFailed(f"ffmpeg ended with {self.process.returncode}: {told or 'it said nothing'}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        try:
            if error is None:
                self._finish()
        finally:
            self._kill()
            self._errors.close()

    def _finish(self) -> None:
        self._close_input()
        try:
            failed = self.process.wait(STALL_S) != 0
        except subprocess.TimeoutExpired:
            failed = True
        if failed:
            raise self.failure()

    def _close_input(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()

    def _kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._close_input()
        if self.process.stdout:
            self.process.stdout.close()


def through(ffmpeg: Ffmpeg, sounds: Iterator[bytes]) -> Iterator[bytes]:
    """What ffmpeg makes of `sounds`. Writes and reads as ffmpeg is ready for either, on the caller's thread: doing one after
    the other, both sides would wait for each other once the pipes are full."""
    stdin, stdout = ffmpeg.process.stdin, ffmpeg.process.stdout
    assert stdin
    assert stdout
    os.set_blocking(stdin.fileno(), False)
    unsent = memoryview(b"")
    with selectors.DefaultSelector() as ready:
        ready.register(stdout, selectors.EVENT_READ)
        ready.register(stdin, selectors.EVENT_WRITE)
        while True:
            if not unsent and not stdin.closed:
                unsent = memoryview(next((sound for sound in sounds if sound), b""))
                if not unsent:
                    ready.unregister(stdin)
                    stdin.close()
            able = {key.fileobj for key, _ in ready.select(STALL_S)}
            if not able:
                raise EncodingFailed(f"ffmpeg took and gave no sound for {STALL_S:.0f} s.")
            if stdin in able:
                unsent = unsent[_write(ffmpeg, stdin.fileno(), unsent):]
            if stdout in able:
                sound = os.read(stdout.fileno(), _READ_BYTES)
                if not sound and not stdin.closed:
                    raise ffmpeg.failure()
                if not sound:
                    return
                yield sound


def _write(ffmpeg: Ffmpeg, pipe: int, sound: memoryview) -> int:
    try:
        return os.write(pipe, sound)
    except BrokenPipeError:
        raise ffmpeg.failure() from None
