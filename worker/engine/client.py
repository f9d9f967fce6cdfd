"""The engine as a worker has it: utterances go in and sound comes out, whatever becomes of the process behind.

One thread keeps the engine: starts it, watches it, replaces it when it died, hung or grew too large. Utterances that come
meanwhile wait for the next one; those that were in flight in a process that died fail with EngineDied. No torch.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from worker.engine.child import Child
from worker.engine.errors import EngineDied
from worker.engine.messages import Cancel, Ready, Start
from worker.engine.speaker import Pcm, Speak, SpeakerInfo
from worker.engine.speaking import Speaking
from worker.engine.watch import Silence, limit_bytes
from worker.model.errors import EngineError
from worker.model.reference import PreparedReference

log = logging.getLogger(__name__)

_TICK_S = 0.1
_STACKS_S = 0.5
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0


@dataclass(frozen=True)
class StartOptions:
    """How to start an engine and when to replace it. `factory` and `options`: see messages.Start.

    `start_timeout_s` is how long loading and warm-up may take; `stall_s` how long a step may be silent; `recycle_rss_bytes`:
    see watch.limit_bytes. After `starts` starts in a row that failed, it is beyond recovery. `arena_blocks` seconds of sound
    may be on their way.
    """

    factory: str
    options: object
    start_timeout_s: float = 900.0
    stall_s: float = 30.0
    recycle_rss_bytes: int | None = None
    starts: int = 3
    arena_blocks: int = 256


class EngineClient:
    """`on_death` is told once of each process that died with utterances in flight, by their ids, before any of them fails;
    it may block. `on_broken`: the engine is beyond recovery, and whatever waits for it is about to fail."""

    def __init__(self, options: StartOptions, *, on_death: Callable[[Sequence[int]], None] = lambda _: None,
                 on_broken: Callable[[EngineError], None] = lambda _: None) -> None:
        self._options = options
        self._on_death = on_death
        self._on_broken = on_broken
        self._changed = threading.Condition()
        self._child: Child | None = None                # the one that takes utterances
        self._in_flight: dict[int, Speaking] = {}       # in the process that takes utterances, or finishes its last ones
        self._waiting: dict[int, Speaking] = {}         # for the next one
        self._info: SpeakerInfo | None = None
        self._broken: EngineError | None = None
        self._closing = threading.Event()
        self._looked_at: float | None = None            # when the keeper last did anything
        self._keeper = threading.Thread(target=self._keep, name="engine-keeper", daemon=True)

    # --- for any thread

    def start(self) -> SpeakerInfo:
        """Blocks until it is warm. Raises CheckpointError, TooLittleMemory, or EngineDied when it ends, takes too long or is
        closed."""
        self._keeper.start()
        with self._changed:
            self._changed.wait_for(lambda: self._info or self._broken or self._closing.is_set())
            if self._info is None:
                raise self._broken or EngineDied("The engine was closed while it started.")
            return self._info

    def speak(self, speak: Speak) -> Speaking:
        """Does not wait. `speak.id` must be the caller's own and new; what is wrong with the utterance is raised by `chunks`."""
        speaking = Speaking(speak, self._forget)
        with self._changed:
            child = self._child
            if self._closing.is_set():
                speaking.cancel()
            elif self._broken:
                speaking.fail(EngineDied(self._broken.message))
            elif child is None:
                self._waiting[speak.id] = speaking
            else:
                self._in_flight[speak.id] = speaking
        if child and not speaking.cancelled:
            _send(child, speaking)
        return speaking

    @property
    def gauges(self) -> dict[str, float]:
        """What the speaker says of itself, and the process's steps and memory; empty while there is none."""
        child = self._child
        if child is None:
            return {}
        beat = child.beat
        return {**beat.gauges, "steps": beat.n_steps, "rss_bytes": beat.rss_bytes}

    @property
    def pid(self) -> int | None:
        """Of the process that takes utterances; None while there is none."""
        child = self._child
        return child.pid if child else None

    @property
    def well(self) -> bool:
        """Whether it speaks or is about to: somebody looks after it, and it is not beyond recovery."""
        if self._broken:  # perhaps before the keeper first looked
            return False
        return self._looked_at is None or time.monotonic() - self._looked_at < self._options.stall_s

    def close(self) -> None:
        """Ends the process; what is in flight ends as cancelled."""
        self._closing.set()
        with self._changed:
            self._changed.notify_all()
            left = [*self._in_flight.values(), *self._waiting.values()]
        for speaking in left:
            speaking.cancel()
        if self._keeper.is_alive():
            self._keeper.join()

    def _forget(self, speaking: Speaking) -> None:
        with self._changed:
            self._waiting.pop(speaking.speak.id, None)
            was_in_flight = self._in_flight.pop(speaking.speak.id, None)
            child = self._child
        if was_in_flight and child:
            child.send(Cancel(speaking.speak.id))

    # --- for the thread that reads from the engine (worker/engine/child.py: Ear)

    def sound(self, speak_id: int, pieces: list[Pcm], *, last: bool, capped: bool) -> None:
        with self._changed:
            speaking = self._in_flight.pop(speak_id, None) if last else self._in_flight.get(speak_id)
        if speaking:  # else it was cancelled
            speaking.hear(pieces, last=last, capped=capped)

    def failed(self, speak_id: int, error: EngineError) -> None:
        with self._changed:
            speaking = self._in_flight.pop(speak_id, None)
        if speaking:
            speaking.fail(error)

    def encoded(self, speak_id: int, reference: PreparedReference) -> None:
        with self._changed:
            speaking = self._in_flight.get(speak_id)
        if speaking:
            speaking.encoded = reference

    # --- the keeper's own thread

    def _keep(self) -> None:
        """One life of the engine after the other."""
        n_failed, pause_s = 0, 0.0
        while not self._closing.is_set():
            try:
                child, ready = self._start_one()
            except EngineError as error:
                if self._closing.is_set():
                    return None
                n_failed += 1
                if self._info is None or n_failed >= self._options.starts:
                    return self._give_up(error)
                log.error("the engine does not start: %s", error.message)
            else:
                n_failed = 0
                self._open(child, ready)
                self._watch(child, ready)
                self._close(child)
                pause_s = 0.0 if child.proven else pause_s
            if pause_s:
                self._pause(pause_s)
            pause_s = min(max(_FIRST_PAUSE_S, 2 * pause_s), _LONGEST_PAUSE_S)
        return None

    def _start_one(self) -> tuple[Child, Ready]:
        """Blocks until it is warm. Raises EngineError."""
        try:
            child = Child(Start(self._options.factory, self._options.options), self._options.arena_blocks, self)
        except OSError as error:
            raise EngineDied(f"The engine's process can't be started: {error}.") from None
        log.info("engine process %d starts", child.pid)
        try:
            return child, self._wait_until_ready(child)
        except EngineError:
            child.kill()
            raise

    def _wait_until_ready(self, child: Child) -> Ready:
        deadline = time.monotonic() + self._options.start_timeout_s
        while not child.decided.wait(_TICK_S):
            if self._closing.is_set():
                raise EngineDied("The engine was closed while it started.")
            if self._look() > deadline:
                child.ask_for_stacks()
                time.sleep(_STACKS_S)
                raise EngineDied(f"The engine was not ready within {self._options.start_timeout_s:g} s (start_timeout_s).")
        if child.ready is None:
            raise child.why_it_ended()
        info = child.ready.info
        if self._info and (info.name, info.revision) != (self._info.name, self._info.revision):
            raise EngineDied(f"The checkpoint under a running worker has changed from revision {self._info.revision} to "
                             f"{info.revision}. Restart the worker.")
        return child.ready

    def _open(self, child: Child, ready: Ready) -> None:
        for note in ready.info.notes:
            log.info("engine: %s", note)
        log.info("engine process %d is ready with %.1f GiB of memory", child.pid, ready.rss_bytes / 2**30)
        with self._changed:
            self._child = child
            self._info = ready.info
            waited, self._waiting = self._waiting, {}
            self._in_flight.update(waited)
            self._changed.notify_all()
        for speaking in waited.values():
            _send(child, speaking)

    def _watch(self, child: Child, ready: Ready) -> None:
        """Until its end, be it by itself or by us."""
        silence = Silence(self._options.stall_s)
        limit = limit_bytes(self._options.recycle_rss_bytes, ready.rss_bytes)
        if limit is None and self._options.recycle_rss_bytes:
            log.warning("a fresh engine has more memory than recycle_rss_bytes allows: it is never replaced")
        before = time.monotonic()
        while not child.ended.wait(_TICK_S) and not self._closing.is_set():
            now = self._look()
            if child.alive.is_set():
                child.alive.clear()
                silence.heard()
            if silence.look(now - before):
                log.error("engine process %d has hung: no sign of life for %g s", child.pid, self._options.stall_s)
                child.ask_for_stacks()
                child.ended.wait(_STACKS_S)
                break
            if self._child and limit is not None and child.beat.rss_bytes > limit:
                log.warning("engine process %d has grown to %.1f GiB: it finishes what it speaks, and is replaced",
                            child.pid, child.beat.rss_bytes / 2**30)
                with self._changed:
                    self._child = None
            if not self._child and not self._in_flight:
                break
            before = now
        child.kill()

    def _close(self, child: Child) -> None:
        """Whatever is in flight now has died with it."""
        with self._changed:
            self._child = None
            casualties, self._in_flight = list(self._in_flight.values()), {}
        if casualties and not self._closing.is_set():
            error = child.why_it_ended()
            log.error("%s %d utterances were in flight.", error.message, len(casualties))
            # On a thread of its own: it may wait for Redis, and the engine should be warm again by then.
            threading.Thread(target=self._tell, args=(casualties, error), name="engine-death", daemon=True).start()

    def _tell(self, casualties: list[Speaking], error: EngineError) -> None:
        try:
            self._on_death([speaking.speak.id for speaking in casualties])
        finally:
            for speaking in casualties:
                speaking.fail(EngineDied(error.message))

    def _give_up(self, error: EngineError) -> None:
        with self._changed:
            self._broken = error
            known = self._info is not None
            self._changed.notify_all()
        if known:
            self._on_broken(error)
        with self._changed:
            waited, self._waiting = self._waiting, {}
        for speaking in waited.values():
            speaking.fail(EngineDied(error.message))

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self._look() < until and not self._closing.wait(_TICK_S):
            pass

    def _look(self) -> float:
        self._looked_at = time.monotonic()
        return self._looked_at


def _send(child: Child, speaking: Speaking) -> None:
    child.send(speaking.speak)
    if speaking.cancelled:  # before it was sent: that message may have come too early
        child.send(Cancel(speaking.speak.id))
