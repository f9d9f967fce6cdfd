"""From a Speak to what the talker reads. No torch; a reference is encoded behind the `References` seam."""

from typing import Protocol

from worker.engine.speaker import Reference, Speak
from worker.model import prompting
from worker.model.prompt import Prompt
from worker.model.prompting import Clone, Script, frames_that_fit
from worker.model.reference import Pcm, PreparedReference, check_reference


class Prompter(Protocol):
    """All that the engine knows of prompts."""

    def check(self, speak: Speak) -> None:
        """Raises BadUtterance where it can't be spoken here. Any thread, no GPU time: for a reference, before it is encoded."""
        ...

    def prompt(self, speak: Speak) -> Prompt:
        """Raises BadUtterance as `check` does, so who has no reference needs no check before. Any thread; but a reference that
        is not prepared costs GPU time the first time: only the stepping thread may ask for it. Raises EngineError."""
        ...


class References(Protocol):
    """Encodes voices to clone, and remembers them. One thread calls it."""

    def prepare(self, pcm: Pcm, *, with_codes: bool) -> PreparedReference:
        ...


class CheckpointPrompter:
    """The prompts of one checkpoint, each of which fits a slot. `references` is None where the checkpoint can't clone."""

    def __init__(self, prompter: prompting.Prompter, references: References | None, *, slot_positions: int) -> None:
        self._prompter, self._references, self._slot_positions = prompter, references, slot_positions

    def check(self, speak: Speak) -> None:
        reference = speak.reference
        n_positions = self._prompter.count_positions(script(speak), 0 if reference is None else reference.n_frames)
        if reference is not None and reference.prepared is not None:
            self._prompter.check_prepared(reference.prepared, _clone(reference))
        elif reference is not None:  # after the script: that this checkpoint clones nobody is the better answer
            check_reference(reference.pcm)
        frames_that_fit(n_positions, speak.sampling.max_frames, self._slot_positions)

    def prompt(self, speak: Speak) -> Prompt:
        prepared = None
        if speak.reference is not None:
            prepared = speak.reference.prepared or self._encoded(speak.reference)
        prompt = self._prompter.prompt(script(speak), prepared)
        frames_that_fit(len(prompt), speak.sampling.max_frames, self._slot_positions)
        return prompt

    def _encoded(self, reference: Reference) -> PreparedReference:
        assert self._references is not None, "check refuses a reference where there is no encoder"
        return self._references.prepare(reference.pcm, with_codes=_clone(reference) == "icl")


def script(speak: Speak) -> Script:
    """What its prompt is built from."""
    return Script(text=speak.text, language=speak.language, voice=speak.voice, instructions=speak.instructions,
                  clone=_clone(speak.reference), feed=speak.feed,
                  reference_text=speak.reference.text if speak.reference is not None else "")


def _clone(reference: Reference | None) -> Clone:
    if reference is None:
        return "none"
    return "icl" if reference.text else "x_vector"
