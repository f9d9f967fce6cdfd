"""How much memory each process takes, at rest and for the longest text."""

from pathlib import Path

import pytest

from tests.e2e.stack import Stack, running_stack

MIB = 1024


def resident_mib(stack: Stack, name: str, field: str = "VmRSS") -> float:
    """MiB of a part now, or at its peak (VmHWM)."""
    status = Path(f"/proc/{stack.programs[name].pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(field)) / MIB


def novel(characters: int) -> str:
    sentence = "It was a sentence much like the others, number {}, and it went on for about as long as they did. "
    text, n = [], 0
    while characters > 0:
        line = sentence.format(n)[:characters]
        text.append(line)
        characters -= len(line)
        n += 1
    return "".join(text)


def test_at_rest_the_parts_are_small(stack: Stack) -> None:
    assert resident_mib(stack, "producer") <= 120
    assert resident_mib(stack, "cpu") <= 150


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_text_of_a_megabyte_stays_small_and_memory_does_not_grow_with_length(tmp_path_factory: pytest.TempPathFactory) -> None:
    peaks = {}
    for characters in (250_000, 1_000_000):
        with running_stack(tmp_path_factory.mktemp("long"), WORKER__LEASE_S="10") as stack:
            job = stack.wait(stack.create(novel(characters), response_format="flac", speed=1)["id"], timeout_s=800)
            assert job["status"] == "completed"
            assert job["segments"]["total"] > characters / 280
            peaks[characters] = {name: resident_mib(stack, name, "VmHWM") for name in ("producer", "speech", "cpu")}
    print(peaks)
    for name, peak in peaks[1_000_000].items():
        assert peak < 400
        assert peak - peaks[250_000][name] < 100, peaks
