"""From a Speak to what the talker reads. No torch; a reference is encoded behind the `References` seam."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from worker.engine.speaker import Reference, Speak
from worker.model import prompting
from worker.model.prompt import Prompt
from worker.model.prompting import Clone, Script, frames_that_fit
from worker.model.reference import Pcm, PreparedReference, check_reference


class LaunchedPrompt(Protocol):
    def ready(self) -> bool:
        """Whether `wait` would return at once."""
        ...

    def wait(self) -> Prompt:
        """Blocks until the device has encoded its reference."""
        ...


class Prompter(Protocol):
    """All that the engine knows of prompts."""

    def check(self, speak: Speak) -> None:
        """Raises BadUtterance where it can't be spoken here. Any thread, no GPU time: for a reference, before it is encoded."""
        ...

    def prompt(self, speak: Speak) -> Prompt:
        """Of one whose reference, if it has any, is prepared. Raises BadUtterance as `check` does, so it needs no check before.
        Any thread."""
        ...

    def launch(self, speak: Speak) -> LaunchedPrompt:
        """Of one whose reference is to be encoded, and that `check` let pass. Only the stepping thread. Raises EngineError."""
        ...


class LaunchedReference(Protocol):
    def ready(self) -> bool:
        """Whether `wait` would return at once."""
        ...

    def wait(self) -> PreparedReference:
        """Blocks until the device has done it."""
        ...


class References(Protocol):
    """Encodes voices to clone, and remembers them. One thread calls it."""

    def launch(self, pcm: Pcm, sha256: str, *, with_codes: bool) -> LaunchedReference:
        """Of a recording that check_reference let pass, and its fingerprint. Raises EngineError."""
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
        reference = None
        if speak.reference is not None:
            reference = speak.reference.prepared
            assert reference is not None, "launch is for those that are not"
            self._prompter.check_prepared(reference, _clone(speak.reference))
        return self._prompt(speak, reference)

    def launch(self, speak: Speak) -> LaunchedPrompt:
        assert self._references is not None, "check refuses a reference where there is no encoder"
        reference = speak.reference
        assert reference is not None
        launched = self._references.launch(reference.pcm, reference.sha256, with_codes=_clone(reference) == "icl")
        return _Launched(launched, partial(self._prompt, speak))

    def _prompt(self, speak: Speak, reference: PreparedReference | None) -> Prompt:
        prompt = self._prompter.prompt(script(speak), reference)
        frames_that_fit(len(prompt), speak.sampling.max_frames, self._slot_positions)
        return prompt


@dataclass(frozen=True)
class _Launched:
    reference: LaunchedReference
    prompt: Callable[[PreparedReference], Prompt]

    def ready(self) -> bool:
        return self.reference.ready()

    def wait(self) -> Prompt:
        return self.prompt(self.reference.wait())


def script(speak: Speak) -> Script:
    """What its prompt is built from."""
    return Script(text=speak.text, language=speak.language, voice=speak.voice, instructions=speak.instructions,
                  clone=_clone(speak.reference), feed=speak.feed,
                  reference_text=speak.reference.text if speak.reference is not None else "")


def _clone(reference: Reference | None) -> Clone:
    if reference is None:
        return "none"
    return "icl" if reference.text else "x_vector"
