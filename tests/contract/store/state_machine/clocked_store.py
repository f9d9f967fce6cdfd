"""The product's store and scripts, on a clock that the test moves.

The scripts read the time with Redis's TIME and give keys a life with SET … EX/PX and PEXPIRE. A prelude in front of the very
same text answers the first from a key and notes the second beside it, so that every step happens at a known millisecond and a
failure replays exactly. It also sorts SMEMBERS, whose order Redis leaves open and changes with every start.
"""

import hashlib
from dataclasses import dataclass, field, replace
from typing import TypeVar

import redis

from speechmill.store.client import Policy, Store
from speechmill.store.scripts import Script
from speechmill.store.verbs import Call
from speechmill.tasks import KEY_PREFIX

T = TypeVar("T")

CLOCK_KEY = "test:clock"
"""The time, ms."""
LIVES_KEY = "test:lives"
"""Sorted set: key -> the last millisecond of its life."""

_PRELUDE = f"""
local server, CLOCK, LIVES = redis, '{CLOCK_KEY}', '{LIVES_KEY}'
local now = tonumber(server.call('GET', CLOCK))
local on_clock = {{}}
function on_clock.TIME()
  return {{tostring(math.floor(now / 1000)), tostring(now % 1000 * 1000)}}
end
function on_clock.SET(key, value, ...)
  local options, plain, life, i = {{...}}, {{}}, nil, 1
  while i <= #options do
    if options[i] == 'EX' or options[i] == 'PX' then
      life, i = tonumber(options[i + 1]) * (options[i] == 'EX' and 1000 or 1), i + 2
    else
      plain[#plain + 1], i = options[i], i + 1
    end
  end
  local done = server.call('SET', key, value, unpack(plain))
  if done and life then server.call('ZADD', LIVES, now + life, key) elseif done then server.call('ZREM', LIVES, key) end
  return done
end
for _, other in ipairs({{'EXPIRE', 'EXPIREAT', 'PEXPIREAT', 'SETEX', 'PSETEX', 'GETEX', 'PERSIST'}}) do
  on_clock[other] = function() error(other .. ' runs on the clock of Redis: teach clocked_store.py') end
end
function on_clock.PEXPIRE(key, life) return server.call('ZADD', LIVES, now + life, key) end
function on_clock.DEL(...)
  server.call('ZREM', LIVES, ...)
  return server.call('DEL', ...)
end
function on_clock.SMEMBERS(key)
  local members = server.call('SMEMBERS', key)
  table.sort(members)
  return members
end
local redis = setmetatable({{call = function(name, ...) return (on_clock[name] or function(...)
  return server.call(name, ...) end)(...) end}}, {{__index = server}})
"""

Changes = dict[str, tuple[tuple[str, str], ...]]
"""Of each script's text: (old, new), …"""


@dataclass
class ClockedStore:
    """`changes` breaks scripts on purpose: see mutants.py."""

    client: redis.Redis
    policy: Policy
    changes: Changes = field(default_factory=dict)
    now_ms: int = 1_800_000_000_000

    def __post_init__(self) -> None:
        self._store = Store(self.client, self.policy)
        self._scripts: dict[str, Script] = {}
        self.client.flushdb()
        self.set_clock(self.now_ms)

    def run(self, call: Call[T]) -> T:
        """As Store.run. Raises what it raises."""
        return self._store.run(replace(call, script=self._on_clock(call.script)))

    def set_clock(self, now_ms: int) -> None:
        """Also backwards. What has outlived its life is gone, and stays so when the clock is set back."""
        self.now_ms = now_ms
        self.client.set(CLOCK_KEY, now_ms)
        dead = self.client.zrangebyscore(LIVES_KEY, "-inf", f"({now_ms}")
        if dead:
            self.client.delete(*dead)
            self.client.zrem(LIVES_KEY, *dead)

    def set_weights(self, weights: dict[str, int]) -> None:
        for tenant, weight in weights.items():
            self.client.hset(KEY_PREFIX + "weights", tenant, weight)

    def ring(self, queue: str, times: int) -> None:
        """As Celery does when it is sent doorbells."""
        self.client.rpush(f"{KEY_PREFIX}celery:{queue}", *["bell"] * times)

    def hear(self, queue: str) -> None:
        """A worker takes all of a queue's doorbells, or they are lost."""
        self.client.delete(f"{KEY_PREFIX}celery:{queue}")

    def _on_clock(self, script: Script) -> Script:
        if script.name not in self._scripts:
            text = script.text
            for old, new in self.changes.get(script.name, ()):
                if text.count(old) != 1:
                    raise ValueError(f"{script.name}.lua has {old!r} {text.count(old)} times, not once: say this mutant anew")
                text = text.replace(old, new)
            text = _PRELUDE + text
            self._scripts[script.name] = Script(
                script.name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
        return self._scripts[script.name]
