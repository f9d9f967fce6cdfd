"""`speechmill bench guide`: what each optimisation of Qwen3-TTS is worth on this machine, one row each.

A program of its own, as `bench engine` is: `python -m worker.bench.guide`, with the same options.
"""

from pathlib import Path
from typing import Annotated

import typer

from speechmill.cli.bench.engine import require_modules, run_engine_bench
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.options import in_a_folder


def guide(
    checkpoint: Annotated[str, typer.Option(metavar="NAME", help="What to speak with: a folder, or a name on the Hugging Face "
                                                                 "hub, which is fetched.")] = "",
    random: Annotated[str, typer.Option(metavar="SIZE", help="Instead of a checkpoint: random weights of this size, made now; "
                                                             "tiny, 0.6b or 1.7b. Speed is real, sound is not.")] = "",
    reference_python: Annotated[Path | None, typer.Option(
        metavar="PATH", help="The Python interpreter of an environment that has qwen-tts; this one's if left out.")] = None,
    rows: Annotated[list[str] | None, typer.Option(
        metavar="PATTERN", help="Only rows whose name matches, as in 'engine*'. May be repeated; all if left out.")] = None,
    limit_s: Annotated[float | None, typer.Option(help="Longest that a row may take; 300 if left out.")] = None,
    total_s: Annotated[float | None, typer.Option(help="Longest that all rows together may take.")] = None,
    batch: Annotated[int | None, typer.Option(help="Utterances spoken together, where not alone; 32 if left out.")] = None,
    side_by_side: Annotated[int | None, typer.Option(metavar="N", help="Rows made ready at once, each with the weights in "
                                                                       "the GPU's memory; measured is one at a time. 1 if left "
                                                                       "out.")] = None,
    device: Annotated[str, typer.Option(help="Where to compute: auto, cuda or cpu.")] = "",
    frames: Annotated[int | None, typer.Option(help="Of an utterance of qwen-tts, 80 ms each; 24 if left out.")] = None,
    rounds: Annotated[int | None, typer.Option(help="Calls of qwen-tts for each load; 2 if left out.")] = None,
    seconds: Annotated[float | None, typer.Option(help="How long the engine is measured under each load; 3 if left out.")] = None,
    label: Annotated[str, typer.Option(help="Stands over the table: what was measured, on what.")] = "",
    offline: Annotated[bool, typer.Option("--offline", help="Never ask the hub: what is in its cache must do.")] = False,
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", dir_okay=False, callback=in_a_folder, help="Write the rows there too, one JSON object a line.")] = None,
) -> None:
    """Measure each optimisation by itself, for the unmodified qwen-tts package and for the engine: audio seconds a second alone
    and together, the gain, memory, time until ready, and a word. A row that can't run here says why."""
    if bool(checkpoint) == bool(random):
        raise Failure("say what to speak with: either --checkpoint NAME, or --random 1.7b for weights made now.", Exit.USAGE)
    require_modules()
    given = {"checkpoint": checkpoint, "random": random, "reference-python": reference_python, "limit-s": limit_s,
             "total-s": total_s, "batch": batch, "side-by-side": side_by_side, "device": device, "frames": frames,
             "rounds": rounds, "seconds": seconds, "label": label, "json": json}
    arguments = [part for name, value in given.items() if value not in ("", None) for part in (f"--{name}", str(value))]
    arguments += [part for pattern in rows or [] for part in ("--rows", pattern)]
    status = run_engine_bench([*arguments, *(["--offline"] if offline else [])], "worker.bench.guide")
    if status:
        raise typer.Exit(status)
