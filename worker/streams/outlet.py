"""Where a streamed job's sound goes: through the encoder into the file that becomes its result, and to those who listen."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from speechmill.request import SpeechSpec
from worker.leases import Lease
from worker.scratch import making
from worker.station import Station
from worker.streams.channel import Channel
from worker.streams.encoder import Encoder, encoding
from worker.times.clock import FileClock
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

_BLOCK = SAMPLE_RATE_HZ
"""Samples that are encoded at once: a stop of the lease is looked for in between."""


@dataclass
class Outlet:
    """Of one attempt. `path` has all that was sent, byte for byte."""

    path: Path
    _lease: Lease
    _encoder: Encoder
    _file: BinaryIO
    _channel: Channel

    def play(self, pcm: Pcm) -> None:
        """Send `pcm`, float32 [n_samples]. Raises Stopped, EncodingFailed, OSError where the disk is full."""
        for start in range(0, len(pcm), _BLOCK):
            self._lease.check()
            self._pass_on(self._encoder.add(pcm[start:start + _BLOCK]))

    def pause(self, n_samples: int) -> None:
        """Send that much silence. Raises as `play`."""
        self.play(np.zeros(n_samples, np.float32))

    @property
    def n_samples(self) -> int:
        """Sent so far, pauses included; before another speed is made of them."""
        return self._encoder.n_given

    def end(self) -> FileClock:
        """Send the rest, and say how long all of it plays, and what when. Raises as `play`."""
        self._pass_on(self._encoder.end())
        self._channel.drain()
        self._file.close()
        return self._encoder.clock

    def _pass_on(self, sound: bytes) -> None:
        if sound:
            self._file.write(sound)
            self._channel.send(sound)


@contextmanager
def outlet(station: Station, lease: Lease, spec: SpeechSpec) -> Iterator[Outlet]:
    """The file goes when the context is left. Raises ScratchFull, EncodingFailed."""
    with making(station.scratch) as folder, encoding(spec.response_format, spec.speed) as encoder:
        path = Path(folder) / f"speech.{spec.response_format}"
        with path.open("wb") as file:
            yield Outlet(path, lease, encoder, file, Channel(station, lease, station.settings.streams))
