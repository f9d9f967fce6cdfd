"""What the voices with a model need. Looked at by a process of its own: the command line loads no torch."""

import json
import subprocess
import sys

from speechmill.cli.cores import usable_cores
from speechmill.cli.doctor.finding import Finding
from speechmill.cli.voices import Voice

PATIENCE_S = 180


def engine(voice: Voice) -> list[Finding]:
    """Empty for a voice without a model, and where the settings can't be read: services.settings_in_use says so."""
    if voice not in (Voice.QWEN3, Voice.REFERENCE):
        return []
    from speechmill.errors import SpeechmillError
    from speechmill.settings import load_settings

    try:
        settings = load_settings()
    except SpeechmillError:
        return []
    options = settings.engine
    return _ask({"voice": voice.value, "checkpoint": options.checkpoint, "offline": options.offline, "device": options.device,
                 "dtype": options.dtype, "n_slots": settings.worker.speech_slots, "slot_positions": options.slot_positions,
                 "cpu_threads": options.cpu_threads, "n_cores": usable_cores(), "kv_dtype": options.kv_dtype,
                 "decode_attention": options.decode_attention})


def _ask(asked: dict[str, object]) -> list[Finding]:
    # -P: as the workers are started (speechmill/cli/stack/parts.py).
    command = [sys.executable, "-P", "-m", "worker.engine.doctor", json.dumps(asked)]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        return [Finding("engine", "missing", f"no answer within {PATIENCE_S} s", "see whether the GPU hangs: nvidia-smi")]
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        return [Finding("engine", "missing", f"could not be looked at: {last or f'status {done.returncode}'}",
                        "pip install 'speechmill[worker,gpu]' again")]
    return [Finding(**finding) for finding in json.loads(done.stdout)]
