"""The engine: continuous batching of utterances, one frame of 80 ms a step. It decides and computes nothing: the scheduler says
what to launch, a runner and a codec launch it. No torch.

    submit ──> inbox ──> arrivals ──> scheduler ──> runner ──> voicing ──> listener
    (any thread)   (references encoded)   (slots)   (codes)    (codec)
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from worker.engine.arrivals import Arrivals
from worker.engine.errors import BrokenNumbers
from worker.engine.inbox import Arrival, Inbox, Limits
from worker.engine.options import EngineOptions
from worker.engine.prompter import Prompter
from worker.engine.runner import Codec, LaunchedFrames, Runner
from worker.engine.scheduler import Scheduler, Step
from worker.engine.speaker import Listener, Speak, SpeakerInfo
from worker.engine.utterance import Ending, Utterance
from worker.engine.voicing import Voicing
from worker.model.config import SAMPLE_RATE_HZ
from worker.model.errors import EngineError
from worker.model.prompt import Prompt
from worker.model.reference import PreparedReference

LOOK_S = 1e-4
"""How often it is looked whether sound has come, while a frame of milliseconds is waited for."""


@dataclass(frozen=True)
class EngineParts:
    """What an engine is put together from (worker/engine/build.py). `device_gauges`: figures of the device, by name."""

    runner: Runner
    codec: Codec
    prompter: Prompter
    info: SpeakerInfo
    device_gauges: Callable[[], dict[str, float]] = dict


@dataclass(frozen=True)
class _Unread:
    """A frame that was launched and not looked at."""

    rows: Sequence[Utterance]
    frames: LaunchedFrames


@dataclass
class _Counts:
    steps: int = 0
    prefills: int = 0
    launches: int = 0
    frames: int = 0          # of all rows, those in flight past an end included
    samples: int = 0         # told


class Engine:
    """A Speaker (worker/engine/speaker.py). `submit` and `cancel` from any thread; everything else from one.

    At most n_slots + options.max_waiting utterances are inside, and interactive_slots fewer of batch class.
    """

    def __init__(self, parts: EngineParts, options: EngineOptions, listener: Listener) -> None:
        self.info = parts.info
        self._runner, self._prompter, self._listener = parts.runner, parts.prompter, listener
        self._device_gauges = parts.device_gauges
        places = parts.runner.n_slots + options.max_waiting
        self._inbox = Inbox(Limits(places=places, batch_places=places - options.interactive_slots))
        self._arrivals = Arrivals(parts.prompter)
        self._scheduler = Scheduler(parts.runner, interactive_slots=options.interactive_slots)
        self._voicing = Voicing(parts.codec)
        self._utterances: dict[int, Utterance] = {}
        self._unread: _Unread | None = None
        self._counts = _Counts()

    def submit(self, speak: Speak) -> None:
        """Raises EngineFull before any work, BadUtterance before any GPU time."""
        self._inbox.enter(speak)
        try:
            prompt = self._prompted(speak)
        except BaseException:
            self._inbox.leave(speak.id)
            raise
        self._inbox.put(Arrival(speak, prompt))

    def cancel(self, speak_id: int) -> None:
        """Carried out when the next step begins: its slot is free then, and the listener hears nothing more of it."""
        self._inbox.cancel(speak_id)

    def step(self) -> bool:
        """A frame of everything that is being spoken. Raises RuntimeError where the books do not balance: a process that has
        lost a slot must not go on."""
        self._take_in()
        step = self._scheduler.next()
        launched = self._launch(step)
        self._read_the_frame_before()
        self._unread = launched
        self._voicing.launch(n_rows=len(step.rows))
        self._tell(wait=launched is None)
        return self._goes_on()

    def gauges(self) -> dict[str, float]:
        counts, slots, waiting = self._counts, self._scheduler.slots, self._scheduler.waiting
        return {
            "slots_used": slots.n_slots - slots.n_free,
            "slots_free": slots.n_free,
            "waiting_interactive": len(waiting.interactive),
            "waiting_batch": len(waiting.batch),
            "waiting_for_reference": len(self._arrivals),
            "inside": self._inbox.n_inside,
            "steps": counts.steps,
            "frames": counts.frames,
            "prefills": counts.prefills,
            "launches": counts.launches,
            "audio_s": counts.samples / SAMPLE_RATE_HZ,
            "mean_rows": counts.frames / max(counts.launches, 1),
            **self._device_gauges(),
        }

    def _prompted(self, speak: Speak) -> Prompt | None:
        """None where the stepping thread has a reference to encode first."""
        reference = speak.reference
        if reference is None or reference.prepared is not None:
            return self._prompter.prompt(speak)
        self._prompter.check(speak)
        reference.sha256  # noqa: B018 - known from here on: the thread that steps has no milliseconds for it
        return None

    def _take_in(self) -> None:
        arrivals, cancelled = self._inbox.take()
        self._arrivals.add(arrivals)
        for speak_id in cancelled:
            self._drop(speak_id)
        is_busy = bool(self._utterances or self._unread or self._voicing.has_launched)
        for speak, prompted in self._arrivals.prompted(wait=not is_busy):
            if isinstance(prompted, EngineError):
                self._fail(speak.id, prompted)
            else:
                self._queue(speak, prompted)

    def _queue(self, speak: Speak, prompt: Prompt) -> None:
        if speak.reference is not None and speak.reference.is_kept and speak.reference.prepared is None:
            assert prompt.speaker is not None, "a reference lends its voice at least"
            self._listener.encoded(speak.id, PreparedReference(prompt.speaker, prompt.reference_codes,
                                                               speak.reference.sha256))
        room = self._runner.slot_positions - len(prompt)  # the prompter has refused what leaves too little
        sampling = replace(speak.sampling, max_frames=min(speak.sampling.max_frames, room))
        utterance = Utterance(speak.id, prompt, sampling, interactive=speak.interactive, streamed=speak.streamed)
        self._utterances[speak.id] = utterance
        self._scheduler.add(utterance)

    def _drop(self, speak_id: int) -> None:
        """It was cancelled, wherever it is."""
        self._arrivals.drop(speak_id)
        utterance = self._utterances.pop(speak_id, None)
        if utterance is not None:
            self._scheduler.cancel(utterance)
            self._voicing.drop(utterance)
        self._inbox.leave(speak_id)

    def _launch(self, step: Step) -> _Unread | None:
        at_once = self._runner.prefill_batch
        for first in range(0, len(step.joins), at_once):
            self._runner.prefill([utterance.join() for utterance in step.joins[first:first + at_once]])
            self._counts.prefills += 1
        for utterance in step.joins:
            self._voicing.joined(utterance)
        if not step.rows:
            return None
        self._counts.launches += 1
        self._counts.frames += len(step.rows)
        return _Unread(step.rows, self._runner.decode([utterance.slot for utterance in step.rows]))

    def _read_the_frame_before(self) -> None:
        """While the device works on the one just launched."""
        if self._unread is None:
            return
        while self._voicing.has_launched and not self._unread.frames.ready():
            if self._tell(wait=False):  # at once: whoever listens would otherwise wait for the end of the frame
                self._listener.flush()
            time.sleep(LOOK_S)
        for utterance in self._scheduler.commit(self._unread.rows, self._unread.frames.wait()):
            if utterance.ending is Ending.BROKEN:
                self._voicing.drop(utterance)
                self._fail(utterance.id, BrokenNumbers(
                    f"the model's numbers broke (NaN or infinity) in frame {utterance.n_frames} of this utterance; "
                    "another seed may speak it"))
            else:
                self._voicing.ended(utterance)

    def _tell(self, *, wait: bool) -> bool:
        """Whether there was anything to tell."""
        told = False
        for sound in self._voicing.finished(wait=wait):
            told = True
            utterance = sound.utterance
            self._counts.samples += len(sound.pcm)
            if sound.last:
                self._forget(utterance.id)
            self._listener.sound(utterance.id, sound.pcm, last=sound.last,
                                 capped=sound.last and utterance.ending is Ending.CAPPED)
        return told

    def _fail(self, speak_id: int, error: EngineError) -> None:
        self._forget(speak_id)
        self._listener.failed(speak_id, error)

    def _forget(self, speak_id: int) -> None:
        self._utterances.pop(speak_id, None)
        self._inbox.leave(speak_id)

    def _goes_on(self) -> bool:
        self._counts.steps += 1
        works = bool(self._utterances or self._arrivals or self._unread or self._voicing.has_launched)
        if not works:
            self._scheduler.check_integrity()
            if self._inbox.n_taken:
                raise RuntimeError(f"nothing is being spoken, but {self._inbox.n_taken} utterances have a place in the engine")
        self._check_nobody_is_lost()
        return works or not self._inbox.is_empty

    def _check_nobody_is_lost(self) -> None:
        """An utterance that no part holds would never end, and one that only a part holds would never leave it."""
        held = not self._scheduler.is_idle or self._voicing.holds_any
        if not self._utterances and held:
            raise RuntimeError("no utterance is left, but the scheduler or the codec still has one")
        if self._utterances and not held and not self._voicing.has_launched:
            raise RuntimeError(f"utterances {sorted(self._utterances)} are neither in the scheduler nor in the codec")
