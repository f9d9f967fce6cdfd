"""espeak-ng's command line, as far as speechmill uses it, over the library of the espeakng-loader wheel.

    python -I -S -X utf8 espeak_child.py LIBRARY DATA --version
    python -I -S -X utf8 espeak_child.py LIBRARY DATA --voices
    python -I -S -X utf8 espeak_child.py LIBRARY DATA --stdin --stdout -b 1 -v VOICE   < UTF-8 text   > WAV
    python -I -S -X utf8 espeak_child.py LIBRARY DATA --words -v VOICE   < UTF-8 text   > a line of JSON, and WAV

The line is what the program can't say: [[character, sample], …], where in the text and in the sound each word begins.

A program of its own, so that espeak-ng (GPL-3.0-or-later) is never loaded into a worker; and one process an utterance,
because the library's sound depends on what it has spoken before. It imports the standard library alone.

The calls are those of espeak-ng's speak_lib.h.
"""

import ctypes
import json
import os
import struct
import sys
from collections.abc import Callable, Iterator

_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_DONT_EXIT = 0x8000
_POS_CHARACTER = 1
_CHARS_UTF8 = 1
_ENDPAUSE = 0x1000   # a pause after the last sentence, as the binary has it
_GENDERS = "-MF-"
_LIST_TERMINATED = 0
_WORD = 1


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),     # characters, from 1
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),    # milliseconds
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_char), ctypes.c_int, ctypes.POINTER(_Event))


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),      # pairs of a priority byte and a C string; a zero byte ends them
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


def main(library: str, data: str, *arguments: str) -> None:
    espeak = ctypes.CDLL(library)
    os.chdir(data)   # espeak-ng cuts a data path off after some 160 characters, and environments lie deeper than that
    sample_rate_hz = espeak.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, b".", _INITIALIZE_DONT_EXIT)
    if sample_rate_hz <= 0:
        raise SystemExit(f"espeak-ng does not start with the data in {data}")
    if arguments == ("--version",):
        print(f"eSpeak NG text-to-speech: {_version(espeak)}  Data at: {data}")  # noqa: T201  a program's output
    elif arguments == ("--voices",):
        print(*_voices(espeak), sep="\n")  # noqa: T201
    elif arguments[0] == "--words":
        _speak_with_words(espeak, arguments[-1], sys.stdin.buffer.read(), sample_rate_hz)
    else:
        _speak(espeak, arguments[-1], sys.stdin.buffer.read(), sample_rate_hz)


def _version(espeak: ctypes.CDLL) -> str:
    espeak.espeak_Info.restype = ctypes.c_char_p
    version: bytes = espeak.espeak_Info(None)
    return version.decode()


def _voices(espeak: ctypes.CDLL) -> Iterator[str]:
    """The table that `espeak-ng --voices` prints."""
    espeak.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    yield "Pty Language       Age/Gender VoiceName          File                 Other Languages"
    for voice in _until_null(espeak.espeak_ListVoices(None)):
        (priority, language), *others = _languages(voice.languages)
        name = voice.name.decode().replace(" ", "_")
        yield (f"{priority:2}  {language:15} {voice.age or '--':>2}/{_GENDERS[voice.gender & 3]}      {name:18} "
               f"{voice.identifier.decode():20} {''.join(f'({tag} {pty})' for pty, tag in others)}")


def _until_null(voices: "ctypes._Pointer[ctypes._Pointer[_Voice]]") -> Iterator[_Voice]:
    n = 0
    while voices[n]:
        yield voices[n].contents
        n += 1


def _languages(address: int) -> Iterator[tuple[int, str]]:
    while priority := ctypes.string_at(address, 1)[0]:
        tag = ctypes.string_at(address + 1)
        yield priority, tag.decode()
        address += 1 + len(tag) + 1


def _speak(espeak: ctypes.CDLL, voice: str, text: bytes, sample_rate_hz: int) -> None:
    sound = sys.stdout.buffer
    sound.write(_wav_header(sample_rate_hz))

    def take(samples: "ctypes._Pointer[ctypes.c_char]", n_samples: int, _events: object) -> int:
        if samples and n_samples:
            try:
                sound.write(ctypes.string_at(samples, n_samples * 2))
            except OSError:
                os._exit(1)  # whoever listened is gone; an exception could not leave this call from C
        return 0

    _synthesize(espeak, voice, text, take)
    sound.flush()


def _speak_with_words(espeak: ctypes.CDLL, voice: str, text: bytes, sample_rate_hz: int) -> None:
    sound = bytearray()
    words: list[tuple[int, int]] = []

    def take(samples: "ctypes._Pointer[ctypes.c_char]", n_samples: int, events: "ctypes._Pointer[_Event]") -> int:
        n = 0
        while events[n].type != _LIST_TERMINATED:
            if events[n].type == _WORD:
                words.append((events[n].text_position - 1, events[n].sample))
            n += 1
        if samples and n_samples:
            sound.extend(ctypes.string_at(samples, n_samples * 2))
        return 0

    _synthesize(espeak, voice, text, take)
    sys.stdout.buffer.write(json.dumps(words).encode() + b"\n" + _wav_header(sample_rate_hz) + sound)
    sys.stdout.buffer.flush()


def _synthesize(espeak: ctypes.CDLL, voice: str, text: bytes, take: Callable[..., int]) -> None:
    if espeak.espeak_SetVoiceByName(voice.encode()) != 0:
        raise SystemExit(f"The specified espeak-ng voice does not exist: {voice}")
    callback = _Callback(take)
    espeak.espeak_SetSynthCallback(callback)
    # Neither espeakSSML nor espeakPHONEMES among the flags: the text is plain text.
    failed = espeak.espeak_Synth(text + b"\0", ctypes.c_size_t(len(text) + 1), 0, _POS_CHARACTER, 0,
                                 _CHARS_UTF8 | _ENDPAUSE, None, None)
    if failed:
        raise SystemExit(f"espeak_Synth failed with error {failed}")


def _wav_header(sample_rate_hz: int) -> bytes:
    """RIFF header of 16-bit mono PCM whose length is not known yet, as the binary writes it to a pipe."""
    length = 0x7FFFF000
    return struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", length + 36, b"WAVE", b"fmt ", 16, 1, 1, sample_rate_hz,
                       sample_rate_hz * 2, 2, 16, b"data", length)


if __name__ == "__main__":
    main(*sys.argv[1:])
