"""What holds for espeak alone: plain text stays plain, and its process may fail in every way that a process can."""

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from speechmill.errors import VoiceFailed
from tests.contract.espeak_programs import faulty, on_path, wheel
from worker.voices.espeak import Espeak
from worker.voices.espeak_program import EspeakProgram, find_espeak
from worker.voices.seam import SAMPLE_RATE_HZ, Cancelled, Pcm, Speech, Utterance


@pytest.fixture(scope="module", params=["on PATH", "in the wheel"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> EspeakProgram:
    return on_path(tmp_path_factory.mktemp("bin")) if request.param == "on PATH" else wheel()


@pytest.fixture(scope="module")
def espeak(program: EspeakProgram) -> Espeak:
    voice = Espeak(program)
    voice.warm_up()
    return voice


@pytest.fixture
def broken(program: EspeakProgram, tmp_path: Path) -> Callable[..., Espeak]:
    """An espeak voice that is warm, and from then on runs a shell command instead of speaking."""

    def broken(fault: str, stall_s: float = 30) -> Espeak:
        broken_program, armed = faulty(program, tmp_path, fault)
        voice = Espeak(broken_program)
        voice.warm_up()
        voice._stall_s = stall_s  # not before: a warm-up on a busy machine takes its time
        armed.touch()
        return voice

    return broken


def say(voice: Espeak, text: str) -> Speech:
    return voice.speak(Utterance(text=text, voice="classic", language="en", seed=0))


def heard(voice: Espeak, text: str) -> Pcm:
    return np.concatenate(list(say(voice, text).chunks()))


def seconds(voice: Espeak, text: str) -> float:
    return len(heard(voice, text)) / SAMPLE_RATE_HZ


# --- plain text

@pytest.mark.parametrize("between", ["", "\u00ad", "\u200c", "\x00", "\ue000"])
def test_phoneme_brackets_are_not_obeyed(espeak: Espeak, between: str) -> None:
    # As phonemes this is the one word "hello"; as text it is a handful of letters and "at".
    assert seconds(espeak, f"[{between}[h@'loU]]") > 1.3 * seconds(espeak, "hello")


def test_brackets_keep_their_pause(espeak: Espeak) -> None:
    assert heard(espeak, "a [b] c").tobytes() == heard(espeak, "a (b) c").tobytes()


def test_embedded_commands_are_not_obeyed(espeak: Espeak) -> None:
    assert heard(espeak, "Hello \x01400S world, how are you?").tobytes() \
        == heard(espeak, "Hello  400S world, how are you?").tobytes()


def test_markup_is_not_obeyed(espeak: Espeak) -> None:
    assert seconds(espeak, "Hello <break time='30s'/> there.") < 8
    assert seconds(espeak, "<speak>Hello</speak>") > seconds(espeak, "Hello")


def test_text_that_looks_like_options_is_spoken(espeak: Espeak) -> None:
    assert seconds(espeak, "-v evil") > 1.1 * seconds(espeak, "evil")


# --- a process that fails

def test_a_hung_process_is_given_up(broken: Callable[..., Espeak]) -> None:
    voice = broken("exec sleep 60", stall_s=0.5)
    began = time.monotonic()
    with pytest.raises(VoiceFailed, match=r"hung: no sound for 0\.5 s"):
        heard(voice, "Hello.")
    assert time.monotonic() - began < 30


def test_a_process_that_hangs_after_its_last_sound_is_given_up(broken: Callable[..., Espeak]) -> None:
    voice = broken("exec >&-; exec sleep 60", stall_s=2)
    with pytest.raises(VoiceFailed, match=r"did not end within 2 s"):
        heard(voice, "Hello.")


def test_cancel_kills_a_process_that_hangs(broken: Callable[..., Espeak], tmp_path: Path) -> None:
    voice = broken(f"echo $$ > {tmp_path}/new && mv {tmp_path}/new {tmp_path}/pid; exec sleep 60", stall_s=30)
    speech = say(voice, "Hello.")
    ended_at: list[float] = []

    def read() -> None:
        with pytest.raises(Cancelled):
            list(speech.chunks())
        ended_at.append(time.monotonic())

    reader = threading.Thread(target=read)
    reader.start()
    while not (tmp_path / "pid").exists():
        time.sleep(0.01)
    cancelled_at = time.monotonic()
    speech.cancel()
    reader.join(30)
    assert ended_at[0] - cancelled_at < 15, "neither the end of its stall nor its own"
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_failed_process_is_quoted(broken: Callable[..., Espeak]) -> None:
    voice = broken("echo 'phontab: no such file' >&2; exit 3")
    with pytest.raises(VoiceFailed, match=r"exit code 3\. phontab: no such file"):
        heard(voice, "Hello.")


def test_a_crashed_process_is_named_by_its_signal(broken: Callable[..., Espeak]) -> None:
    voice = broken("kill -SEGV $$")
    with pytest.raises(VoiceFailed, match="killed by SIGSEGV"):
        heard(voice, "Hello.")


def test_a_crash_midway_fails_although_sound_came(broken: Callable[..., Espeak], program: EspeakProgram) -> None:
    voice = broken(f"{' '.join(program.command)} \"$@\"; exit 9")
    speech = say(voice, "Hello.")
    with pytest.raises(VoiceFailed, match="exit code 9"):
        list(speech.chunks())


def test_output_that_is_not_wav_is_refused(broken: Callable[..., Espeak]) -> None:
    with pytest.raises(VoiceFailed, match="not WAV"):
        heard(broken("echo 'I am not a WAV file, am I'; exit 0"), "Hello.")


def test_wav_of_another_kind_is_refused(broken: Callable[..., Espeak]) -> None:
    stereo = r"printf 'RIFF____WAVEfmt \020\000\000\000\001\000\002\000\104\254\000\000____\004\000\020\000data____'; exit 0"
    with pytest.raises(VoiceFailed, match="2 channels"):
        heard(broken(stereo), "Hello.")


def test_wav_that_ends_early_is_refused(broken: Callable[..., Espeak]) -> None:
    with pytest.raises(VoiceFailed, match="ends before its first sample"):
        heard(broken("printf 'RIFF____WAVEfmt '; exit 0"), "Hello.")


def test_sound_without_an_end_is_given_up(broken: Callable[..., Espeak]) -> None:
    endless = r"printf 'RIFF____WAVEfmt \020\000\000\000\001\000\001\000\042\126\000\000____\002\000\020\000data____'"
    with pytest.raises(VoiceFailed, match="did not come to an end"):
        heard(broken(f"{endless}; exec cat /dev/zero"), "Hi")


def test_a_program_that_is_gone_says_so(espeak: Espeak, tmp_path: Path, program: EspeakProgram) -> None:
    launcher, _armed = faulty(program, tmp_path, "exit 1")
    voice = Espeak(launcher)
    voice.warm_up()
    Path(launcher.command[0]).unlink()
    with pytest.raises(VoiceFailed, match="does not start"):
        heard(voice, "Hello.")


def test_a_program_that_cannot_speak_fails_the_warm_up(broken: Callable[..., Espeak]) -> None:
    with pytest.raises(VoiceFailed, match="no audio today"):
        broken("echo 'no audio today' >&2; exit 1").warm_up()


def test_before_its_warm_up_it_says_so() -> None:
    with pytest.raises(VoiceFailed, match="before it was warmed up"):
        heard(Espeak(), "Hello.")


# --- where it comes from

def test_its_version_is_part_of_the_revision(program: EspeakProgram) -> None:
    version, data = program.version()
    assert version[0].isdigit()
    assert data.is_dir()
    assert Espeak(program).warm_up().revision == f"1-espeak-ng-{version}"


def test_no_language_is_offered_that_has_no_sound(espeak: Espeak) -> None:
    for language in espeak.warm_up().languages:
        chunks = list(espeak.speak(Utterance(text="Ꮳ 12 ab", voice="classic", language=language, seed=0)).chunks())
        assert np.abs(np.concatenate(chunks)).max() > 0.05, language


def test_without_a_program_on_path_the_wheel_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert find_espeak() == wheel()


def test_with_neither_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(VoiceFailed, match=r"apt-get install espeak-ng.*speechmill\[local\]"):
        Espeak().warm_up()


def test_the_wheel_speaks_from_a_folder_far_down(tmp_path: Path) -> None:
    *command, data = wheel().command
    deep = tmp_path / ("a" * 120) / ("b" * 120)
    deep.mkdir(parents=True)
    (deep / "data").symlink_to(data)
    voice = Espeak(EspeakProgram((*command, str(deep / "data")), "a deep wheel"))
    voice.warm_up()
    assert seconds(voice, "Hello.") > 0.3


def test_the_library_is_never_loaded_into_this_process(espeak: Espeak) -> None:
    heard(espeak, "Hello.")
    assert "espeakng_loader" not in sys.modules
    maps = Path("/proc/self/maps")
    assert not maps.exists() or "espeak" not in maps.read_text()


def test_an_espeak_on_path_comes_before_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = on_path(tmp_path)
    found = shutil.which("espeak-ng")
    assert here.command == (found,)
    assert find_espeak() == here
