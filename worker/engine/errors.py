"""Why an utterance that was accepted has no sound. The tree is drawn in worker/model/errors.py."""

from worker.model.errors import EngineError


class EngineFull(EngineError):
    """More utterances wait than the engine keeps (EngineOptions.max_waiting)."""


class BrokenNumbers(EngineError):
    """NaN or infinity in this utterance's logits. Its slot is free again; nothing else was touched."""


class EngineDied(EngineError):
    """The engine's process ended, or was ended, with this utterance in flight."""
