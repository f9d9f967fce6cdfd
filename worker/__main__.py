"""`python -m worker speech|cpu|health|ready`: run a worker, or say by the exit status how the one on this host is."""

import sys

from speechmill.log import set_up_logging
from speechmill.settings import BadSettings, load_settings
from worker.health import is_alive, is_ready

USAGE = """usage: python -m worker speech|cpu|health|ready
  speech  speaks segments with the voice of SPEECHMILL_WORKER__VOICE
  cpu     plans, joins and encodes long jobs, and delivers webhooks
  health  exit status 0 if a worker on this host beats
  ready   exit status 0 if one takes units: it has warmed up, and was not told to stop
"""

QUESTIONS = {"health": is_alive, "ready": is_ready}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in ("speech", "cpu", *QUESTIONS):
        sys.stderr.write(USAGE)
        return 2
    try:
        settings = load_settings()
    except BadSettings as error:
        sys.stderr.write(f"{error.message}\n")
        return 2
    if arguments[0] in QUESTIONS:
        return 0 if QUESTIONS[arguments[0]](settings) else 1
    set_up_logging(settings.log)
    from worker.app import run

    return run(arguments[0], settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
