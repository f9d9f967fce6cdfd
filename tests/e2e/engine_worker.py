"""A real worker whose qwen3 voice has an engine process that speaks tones, so that tests can break it.

`python -m tests.e2e.engine_worker speech`

Each step takes a fifth of a second. The file `starts` beside the scratch folder gets a line each time the engine starts; while
the file `no-engine` lies there, it does not. What breaks it in a text: tests/unit/engine/tone_speaker.py; what holds it
up: tests/e2e/held_tones.py.
"""

import os
import sys
from pathlib import Path

from tests.qwen3_tones import ToneStart
from tests.unit.engine.tone_speaker import ToneOptions
from worker import app
from worker.__main__ import main
from worker.voices.qwen3 import Qwen3

FOLDER = Path(os.environ["SPEECHMILL_WORKER__SCRATCH"]).parent
TONES = "tests.e2e.held_tones:speaker"
TONE_OPTIONS = ToneOptions(step_s=0.2, starts_file=FOLDER / "starts", start_s=0.2, unless=FOLDER / "no-engine")

if __name__ == "__main__":
    vars(app)["open_voice"] = lambda settings, watcher: Qwen3(
        ToneStart(TONES, settings.engine, settings.worker, TONE_OPTIONS), watcher)
    sys.exit(main(sys.argv[1:]))
