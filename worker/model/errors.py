"""What can go wrong with a checkpoint or with what it is asked to speak; drawn whole, the engine's own part included.

    EngineError
    ├── CheckpointError     a file is missing, broken or of another architecture; says which file and what would be right
    ├── TooLittleMemory     weights or slots do not fit; says what would
    ├── BadUtterance        the utterance can't be spoken by this checkpoint, and never will; `param` names the field
    └── (worker/engine/errors.py)
        ├── EngineFull      more utterances wait than the engine keeps; try again
        ├── BrokenNumbers   NaN in this utterance; the others go on
        └── EngineDied      the engine's process ended in the middle

`worker/voices/` maps it to the public tree: nothing below the voices knows of jobs.
"""


class EngineError(Exception):
    """Its message is for people: what is wrong, and what would be right."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class CheckpointError(EngineError):
    """A checkpoint that can't be loaded."""


class TooLittleMemory(EngineError):
    """Weights, or the slots asked for, do not fit into the device's memory."""


class BadUtterance(EngineError):
    """Refused before any GPU time. `param` is the utterance's field: text, voice, language, instructions, reference,
    reference_text or max_frames."""

    def __init__(self, message: str, *, param: str) -> None:
        super().__init__(message)
        self.param = param

    def __reduce__(self) -> "tuple[object, ...]":
        return _bad_utterance, (self.message, self.param)


def _bad_utterance(message: str, param: str) -> BadUtterance:
    """Errors cross a pipe; pickle knows no keyword arguments."""
    return BadUtterance(message, param=param)
