"""The engine's process as its worker sees it: started, talked to, ended. No torch."""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Protocol

from worker.engine.arena import Arena, new_arena_file
from worker.engine.errors import EngineDied
from worker.engine.messages import Beat, Broken, Encoded, Failed, News, Progress, Ready, Return, Sound, Start, ToEngine, ToWorker
from worker.engine.speaker import Pcm
from worker.model.errors import EngineError
from worker.model.reference import PreparedReference

log = logging.getLogger("worker.engine")

_LAST_LINES = 8


class Ear(Protocol):
    """Who is told what became of the utterances. Called on the thread that reads from the engine; must not block."""

    def sound(self, speak_id: int, pieces: list[Pcm], *, last: bool, capped: bool) -> None:
        """The next samples, in pieces of at most one second; with `last` nothing follows."""
        ...

    def failed(self, speak_id: int, error: EngineError) -> None:
        ...

    def encoded(self, speak_id: int, reference: PreparedReference) -> None:
        ...


class Child:
    """One life of the engine."""

    def __init__(self, start: Start, arena_blocks: int, ear: Ear) -> None:
        """Starts it. Raises OSError."""
        self._ear = ear
        self._unsent: SimpleQueue[ToEngine | None] = SimpleQueue()     # None: nothing follows
        self._last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self.ready: Ready | None = None
        self.error: EngineError | None = None   # what it said itself of its end
        self.beat = Beat()
        self.proven = False                     # has spoken an utterance to its end
        self.alive = threading.Event()          # set with each sign of life; whoever watches clears it
        self.decided = threading.Event()        # ready, or ended
        self.ended = threading.Event()
        self._process, self._connection, self._arena = _launch(arena_blocks)
        self._relay = threading.Thread(target=self._relay_lines, name="engine-lines", daemon=True)
        self._relay.start()
        self._writer = threading.Thread(target=self._write_forever, name="engine-writer", daemon=True)
        self._writer.start()
        threading.Thread(target=self._read_forever, name="engine-reader", daemon=True).start()
        self.send(start)

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, message: ToEngine) -> None:
        """From any thread, in order; never waits, not for a child that hangs either: who cancels may be a heartbeat. A child
        that has ended hears nothing, and whoever watches it sees that."""
        self._unsent.put(message)

    def ask_for_stacks(self) -> None:
        """Each thread's stack goes to the log, also of a process that hangs (worker/engine/__main__.py)."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGUSR1)

    def kill(self) -> None:
        """And whatever it has started. Returns once it is gone."""
        if self._process.poll() is None:
            self._kill_group()
        self.ended.wait()

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def why_it_ended(self) -> EngineError:
        """For people. Once it has ended."""
        if self.error is not None:
            return self.error
        code = self._process.returncode
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        last = " | ".join(self._last_lines)
        return EngineDied(f"The engine's process {how}.{f' Its last lines: {last}' if last else ''}")

    def _write_forever(self) -> None:
        try:
            while (message := self._unsent.get()) is not None:
                self._connection.send(message)
        except OSError:
            pass  # it has ended, as the reader sees
        except Exception:
            log.exception("the engine cannot be told")
            self._process.kill()

    def _read_forever(self) -> None:
        try:
            while True:
                self._take(self._connection.recv())
                self.alive.set()
        except (EOFError, OSError):
            pass
        except Exception:
            log.exception("the engine cannot be understood")
        finally:
            self._bury()

    def _take(self, message: ToWorker) -> None:
        match message:
            case Progress(line):
                log.info("%s", line)
            case Beat():
                self.beat = message
            case Ready():
                self.ready = message
                self.beat = Beat(rss_bytes=message.rss_bytes)
                self.decided.set()
            case Broken(error):
                self.error = error
            case list():
                for news in message:
                    self._take_news(news)

    def _take_news(self, news: News) -> None:
        match news:
            case Failed(speak_id, error):
                self._ear.failed(speak_id, error)
            case Encoded(speak_id, reference):
                self._ear.encoded(speak_id, reference)
            case Sound():
                self._take_sound(news)

    def _take_sound(self, sound: Sound) -> None:
        """Copied out at once: a caller who reads slowly holds no block that others wait for."""
        pieces = [self._arena.read(written) for written in sound.written]
        if sound.written:
            self.send(Return(tuple(written.block for written in sound.written)))
        self.proven = self.proven or sound.last
        self._ear.sound(sound.speak_id, pieces, last=sound.last, capped=sound.capped)

    def _bury(self) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        self._kill_group()  # it may have ended by itself, and what it had started would live on and hold the relay's pipe open
        self._process.wait()
        self._relay.join(1.0)  # its last lines say why
        self._unsent.put(None)
        self._writer.join()
        self._connection.close()
        self.ended.set()
        self.decided.set()

    def _relay_lines(self) -> None:
        """Its log, and whatever libraries print there, become lines of ours."""
        assert self._process.stdout
        level = logging.WARNING
        with self._process.stdout as lines:
            for line in lines:
                text = line.decode("utf-8", "replace").rstrip()
                name, _, rest = text.partition(" ")
                known = logging.getLevelNamesMapping().get(name)
                if text:
                    self._last_lines.append(text)
                if known is not None:
                    level = known
                    source, _, said = rest.partition(": ")
                    logging.getLogger(source).log(level, "%s", said)
                elif text:
                    # It continues the line before: a traceback, a dump of stacks.
                    log.log(level, "%s", text)


def _launch(arena_blocks: int) -> tuple[subprocess.Popen[bytes], Connection, Arena]:
    ours, theirs = socket.socketpair()
    arena_fd = new_arena_file(arena_blocks)
    try:
        arena = Arena(arena_fd)
        # A session of its own: Ctrl-C is for the worker, which then lets its units finish.
        process = subprocess.Popen([sys.executable, "-m", "worker.engine", str(theirs.fileno()), str(arena_fd)],
                                   pass_fds=(theirs.fileno(), arena_fd), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True)
    except BaseException:
        ours.close()
        raise
    finally:
        # Ours would keep the socket open after its end, and that is how it ends.
        theirs.close()
        os.close(arena_fd)
    return process, Connection(ours.detach()), arena
