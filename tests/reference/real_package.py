"""The reference voice over the real package, with empty modules for what the package imports and never uses here."""

from collections.abc import Callable

from tests.parity.oracle_imports import import_qwen_tts
from worker.engine.speaker import Listener
from worker.reference import build
from worker.reference.speaker import ReferenceSpeaker


def speaker(options: object, listener: Listener, report: Callable[[str], None]) -> ReferenceSpeaker:
    """A process.Factory."""
    import_qwen_tts()
    return build.speaker(options, listener, report)
