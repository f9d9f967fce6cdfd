"""`speechmill bench engine`: how fast the engine speaks under a steady load, and how near that is to the machine's limits.

It loads torch and takes the GPU, so it is a program of its own: `python -m worker.bench`, with the same options.
"""

import importlib.util
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from speechmill.cli.exits import Exit, Failure
from speechmill.cli.options import in_a_folder

MODULES = ("numpy", "torch", "transformers", "tokenizers", "huggingface_hub")
"""Of our own extras worker and gpu, what the program can't do without."""
GRACE_S = 10.0
"""How long it may take to clear away its weights after Ctrl-C, which it gets as well, or SIGTERM, which is passed on."""


def engine(
    checkpoint: Annotated[str, typer.Option(metavar="NAME", help="What to speak with: a folder, or a name on the Hugging Face "
                                                                 "hub, which is fetched.")] = "",
    random: Annotated[str, typer.Option(metavar="SIZE", help="Instead of a checkpoint: random weights of this size, made now; "
                                                             "tiny, 0.6b or 1.7b. Speed is real, sound is not.")] = "",
    config: Annotated[list[str] | None, typer.Option(
        metavar="engine[,OPTION=VALUE…]", help="How the engine runs, as in engine,cuda_graphs=false,decode_attention=sdpa. May "
                                               "be repeated, to compare; engine if left out.")] = None,
    concurrency: Annotated[str, typer.Option(metavar="N,N…", help="Utterances in flight, one run each; 1,16,64,128,256 if left "
                                                                  "out.")] = "",
    seconds: Annotated[float | None, typer.Option(help="How long each load is measured once it is steady; 20 if left "
                                                       "out.")] = None,
    lengths: Annotated[str, typer.Option(metavar="FROM,TO", help="Seconds that utterances last; 5,20 if left out.")] = "",
    probes: Annotated[int | None, typer.Option(help="Interactive utterances whose first sound is timed; 20 if left out.")] = None,
    compare: Annotated[list[str] | None, typer.Option(
        metavar="PEER", help="Instead, the same texts spoken by the engine and by PEER, one after the other: "
                             "qwen-tts,python=PATH or faster-qwen3-tts,python=PATH (the interpreter of an environment that has "
                             "it), or the URL of anything that speaks OpenAI's audio/speech, "
                             "http://127.0.0.1:8000/v1[,model=NAME][,voice=NAME][,key_env=VARIABLE]. May be repeated.")] = None,
    texts: Annotated[int | None, typer.Option(help="With --compare: least texts of each load, and two for each in flight; 4 if "
                                                   "left out.")] = None,
    limit_s: Annotated[float | None, typer.Option(help="With --compare: nothing new is begun after so many seconds, for each "
                                                       "load of each; 60 if left out.")] = None,
    label: Annotated[str, typer.Option(help="Stands over the table: what was measured, on what.")] = "",
    offline: Annotated[bool, typer.Option("--offline", help="Never ask the hub: what is in its cache must do.")] = False,
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", dir_okay=False, callback=in_a_folder, help="Write the rows there too, one JSON object a line.")] = None,
) -> None:
    """Measure the engine: audio seconds a second, time to the first sound, milliseconds of each part, memory, and the share of
    the speed that this machine could reach at most. A table on stdout, one line for each configuration and load."""
    if bool(checkpoint) == bool(random):
        raise Failure("say what to speak with: either --checkpoint NAME, or --random 1.7b for weights made now.", Exit.USAGE)
    require_modules()
    given = {"checkpoint": checkpoint, "random": random, "concurrency": concurrency, "seconds": seconds, "lengths": lengths,
             "probes": probes, "texts": texts, "limit-s": limit_s, "label": label, "json": json}
    arguments = [part for name, value in given.items() if value not in ("", None) for part in (f"--{name}", str(value))]
    arguments += [part for text in config or [] for part in ("--config", text)]
    arguments += [part for peer in compare or [] for part in ("--compare", peer)]
    arguments += ["--offline"] if offline else []
    status = run_engine_bench(arguments)
    if status:
        raise typer.Exit(status)


def require_modules() -> None:
    """Raises Failure that names what is missing."""
    # Looked up, not imported: torch takes seconds.
    lacking = [module.replace("_", "-") for module in MODULES if importlib.util.find_spec(module) is None]
    if lacking:
        raise Failure(f"not installed here: {', '.join(lacking)}. pip install 'speechmill[worker,gpu]'", Exit.UNAVAILABLE)


def run_engine_bench(arguments: list[str], program: str = "worker.bench") -> int:
    """The exit status of `python -m worker.bench`, or of another program of the engine's."""
    process = subprocess.Popen([sys.executable, "-P", "-m", program, *arguments])

    def pass_on(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        process.terminate()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, pass_on)
    try:
        return process.wait()
    except KeyboardInterrupt:
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
