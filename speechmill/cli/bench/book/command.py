"""`speechmill bench book`: a long book through the whole system, and the same with one word changed."""

import os
import platform
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from speechmill.cli.bench.stack import CAPPED_NOTE, bench_stack, write_random
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.options import in_a_folder
from speechmill.cli.show import show_table
from speechmill.cli.signals import terminate_as_interrupt
from speechmill.cli.voices import Checkpoint, Voice, require_checkpoint

if TYPE_CHECKING:
    from speechmill.cli.bench.book.measure import Made, Subject


def book(
    words: Annotated[int, typer.Option(min=100, max=2_000_000, help="Words of the book.")] = 100_000,
    chapters: Annotated[int, typer.Option(min=1, max=1000, help="Chapters of the book.")] = 40,
    format: Annotated[str, typer.Option(metavar="NAME,NAME…", help="What is made: m4b, mp3, opus, flac, wav, epub.")] = "m4b",
    voice: Annotated[Voice, typer.Option(help="What speaks.")] = Voice.TONE,
    slots: Annotated[int, typer.Option(min=1, max=512, help="Utterances that are spoken at once.")] = 4,
    checkpoint: Checkpoint = "",
    random: Annotated[str, typer.Option(metavar="SIZE", help="Instead: random weights of this size for the voice qwen3; tiny, "
                                                             "0.6b or 1.7b. Speed is real, sound is not.")] = "",
    limit_s: Annotated[float, typer.Option(min=10, max=86_400, help="Longest that the book may take.")] = 3600,
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", dir_okay=False, callback=in_a_folder, help="Write the figures there too.")] = None,
) -> None:
    """Measure a long book: its plan, all of it to the finished file, and once more with one word changed. A stack is started for
    it, and thrown away."""
    import httpx

    from speechmill.cli.bench.book.manuscript import write
    from speechmill.cli.bench.book.measure import Subject, change_a_word

    if random not in ("", "tiny", "0.6b", "1.7b"):
        raise Failure(f"--random is tiny, 0.6b or 1.7b, not {random!r}.", Exit.USAGE)
    voice = Voice.QWEN3 if random else voice
    manuscript = write(words, chapters)
    changed = change_a_word(manuscript)  # before the book is made, which may take an hour
    settings = {"SPEECHMILL_WORKER__SPEECH_SLOTS": str(slots + 1), "SPEECHMILL_WORKER__RESERVED_SLOTS": "1",
                **({"SPEECHMILL_WORKER__RESPEAK_FLAGGED": "false"} if random else {})}
    with tempfile.TemporaryDirectory(prefix="speechmill-bench-") as folder, terminate_as_interrupt():
        weights = str(write_random(Path(folder) / "random", random)) if random else checkpoint
        require_checkpoint(voice, weights)
        with (bench_stack(Path(folder) / "stack", voice, weights, settings) as stack,
              httpx.Client(base_url=stack.address.url, timeout=60) as http):
            subject = Subject(http, stack.group.id, tuple(format.split(",")), limit_s)
            told = _measure(subject, manuscript, changed)
    if random:
        typer.echo(CAPPED_NOTE)
    typer.echo(f"on {os.cpu_count()} cores, Python {platform.python_version()}")
    if json:
        import json as json_format

        json.write_text(json_format.dumps(told, indent=2) + "\n", "utf-8")


def _measure(subject: "Subject", manuscript: object, first_chapter: str) -> dict[str, object]:
    from speechmill.cli.bench.book.manuscript import Manuscript

    assert isinstance(manuscript, Manuscript)
    typer.echo(f"planning {manuscript.words:,} words in {len(manuscript.chapters)} chapters", err=True)
    plan_s = subject.plan(manuscript)
    typer.echo(f"planned in {plan_s:.1f} s; making the book", err=True)
    whole = subject.make(manuscript)
    typer.echo(f"made in {whole.done_s:.1f} s; changing a word", err=True)
    changed = subject.make_again(whole, first_chapter)
    show_table(("", "SECONDS", "SPOKEN AFTER", "AUDIO H", "X REALTIME", "SEGMENTS", "SPOKEN", "FLAGGED"),
               [("plan", f"{plan_s:.1f}", "", "", "", "", "", ""), _row("the book", whole), _row("one word changed", changed)])
    for name, made in (("the book", whole), ("one word changed", changed)):
        typer.echo(f"CPU seconds, {name}: " + ", ".join(f"{part} {cpu:.1f}" for part, cpu in sorted(made.cpu_s.items())))
    typer.echo("most MiB of a process: " + ", ".join(f"{part} {mib:.0f}" for part, mib in sorted(changed.peak_mib.items())))
    return {"words": manuscript.words, "plan_s": plan_s, "book": asdict(whole), "changed": asdict(changed)}


def _row(name: str, made: "Made") -> tuple[str, ...]:
    return (name, f"{made.done_s:.1f}", f"{made.spoken_s:.1f}", f"{made.audio_s / 3600:.2f}", f"{made.times_realtime:.0f}",
            f"{made.n_segments:,}", f"{made.n_spoken:,}", f"{made.n_flagged:,}")
