"""`speechmill bench soak`: mixed load on an engine for long: does each utterance end once, does memory grow?

A program of its own, as `bench engine` is: `python -m worker.bench.soak`, with the same options.
"""

from pathlib import Path
from typing import Annotated

import typer

from speechmill.cli.bench.engine import require_modules, run_engine_bench
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.options import in_a_folder


def soak(
    checkpoint: Annotated[str, typer.Option(metavar="NAME", help="What to speak with: a folder, or a name on the Hugging Face "
                                                                 "hub, which is fetched.")] = "",
    random: Annotated[str, typer.Option(metavar="SIZE", help="Instead of a checkpoint: random weights of this size, made now; "
                                                             "tiny, 0.6b or 1.7b. Half the time CustomVoice, half of it Base, "
                                                             "which clones.")] = "",
    minutes: Annotated[float | None, typer.Option(help="How long in all; 10 if left out.")] = None,
    slots: Annotated[int | None, typer.Option(help="Utterances spoken at once; 8 if left out.")] = None,
    every: Annotated[float | None, typer.Option(metavar="SECONDS", help="Time between two looks at the memory; 5 if left "
                                                                        "out.")] = None,
    longest: Annotated[float | None, typer.Option(metavar="SECONDS", help="Longest utterance; 20 if left out. From there down to "
                                                                          "one frame, most are short.")] = None,
    limit: Annotated[float | None, typer.Option(metavar="MIB", help="Most that memory may grow in an hour, in the second half; "
                                                                    "64 if left out.")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads that a CPU computes with; torch's own choice if left out.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of everything that is drawn by chance.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Never ask the hub: what is in its cache must do.")] = False,
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", dir_okay=False, callback=in_a_folder, help="Write the report there too.")] = None,
) -> None:
    """Load an engine's process with utterances of every kind for long: short and long, streamed, cloned, cancelled, too many.
    Ends with status 1 where one did not end exactly once, a slot did not come back, or memory grew beyond the limit."""
    if bool(checkpoint) == bool(random):
        raise Failure("say what to speak with: either --checkpoint NAME, or --random tiny for weights made now.", Exit.USAGE)
    require_modules()
    given = {"checkpoint": checkpoint, "random": random, "minutes": minutes, "slots": slots, "every": every,
             "longest": longest, "limit": limit, "threads": threads, "seed": seed, "json": json}
    arguments = [part for name, value in given.items() if value not in ("", None) for part in (f"--{name}", str(value))]
    status = run_engine_bench([*arguments, *(["--offline"] if offline else [])], "worker.bench.soak")
    if status:
        raise typer.Exit(status)
