"""Everything that the store keeps, read in one go and put into plain Python, key by key (without the prefix)."""

import json
import struct
from collections import defaultdict
from typing import Any

import redis

from speechmill.tasks import KEY_PREFIX
from tests.contract.store.state_machine.clocked_store import LIVES_KEY
from tests.contract.store.state_machine.model.jobs import LogEntry

_DUMP = """
local prefix, lives = ARGV[1], ARGV[2]
local read = {
  string = function(key)
    local value = redis.call('GET', key)
    -- Packed bytes are no text.
    if string.find(key, ':index:', 1, true) then
      value = string.gsub(value, '.', function(c) return string.format('%02x', string.byte(c)) end)
    end
    return value
  end,
  hash = function(key) return redis.call('HGETALL', key) end,
  zset = function(key) return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end,
  set = function(key) return redis.call('SMEMBERS', key) end,
  list = function(key) return redis.call('LRANGE', key, 0, -1) end,
  stream = function(key)
    local entries = {}
    for _, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do entries[#entries + 1] = entry[2] end
    return entries
  end,
}
local out = {}
for _, key in ipairs(redis.call('KEYS', prefix .. '*')) do
  local kind = redis.call('TYPE', key).ok
  local mortal = redis.call('ZSCORE', lives, key) and true or false
  out[#out + 1] = {string.sub(key, #prefix + 1), kind, read[kind](key), mortal}
end
return cjson.encode(out)
"""

PLACE_BYTES = struct.calcsize("<IHH")


class Snapshot:
    """The store at one moment. Ask for a key by its type; one that is not there is empty."""

    def __init__(self, dumped: list[tuple[str, str, Any, bool]]) -> None:
        self._values = {key: _plain(kind, value) for key, kind, value, _ in dumped}
        self._mortal = {key for key, _, _, mortal in dumped if mortal}
        self.keys = frozenset(self._values)
        self._named: defaultdict[str, list[str]] = defaultdict(list)
        for key in sorted(self.keys):
            kind, is_family, name = key.partition(":")
            if is_family:
                self._named[kind].append(name)
        self._log = [LogEntry(e["job"], e["type"], e["status"], int(e["progress"]), int(e["version"]))
                     for e in self._values.get("events", [])]

    @classmethod
    def of(cls, client: redis.Redis) -> "Snapshot":
        return cls(json.loads(client.eval(_DUMP, 0, KEY_PREFIX, LIVES_KEY)))

    def named(self, kind: str) -> list[str]:
        """What stands behind `kind:` in all keys that start so."""
        return list(self._named.get(kind, ()))

    def hash(self, key: str) -> dict[str, str]:
        return dict(self._values.get(key, {}))

    def counts(self, key: str) -> dict[str, int]:
        """A hash of counters, without those that are zero."""
        return {name: int(n) for name, n in self.hash(key).items() if int(n)}

    def scores(self, key: str) -> dict[str, float]:
        """A sorted set, lowest score first."""
        return {member: float(score) for member, score in self._values.get(key, {}).items()}

    def items(self, key: str) -> list[str]:
        """A list, or a set in any order."""
        return list(self._values.get(key, []))

    def text(self, key: str) -> str | None:
        value: str | None = self._values.get(key)
        return value

    def mortal(self, key: str) -> bool:
        """Whether the key ends by itself."""
        return key in self._mortal

    def job(self, job_id: str) -> dict[str, str]:
        return self.hash("job:" + job_id)

    def log(self) -> list[LogEntry]:
        return self._log

    def segment_characters(self, job_id: str) -> list[int]:
        """Of each planned segment, as its index says."""
        index = bytes.fromhex(self.text("index:" + job_id) or "")
        return [characters for _, _, characters in struct.iter_unpack("<IHH", index)]

    def differences(self, other: "Snapshot") -> dict[str, tuple[Any, Any]]:
        """Key -> its value here and there, where they differ."""
        return {key: (self._values.get(key), other._values.get(key)) for key in sorted(self.keys | other.keys)
                if self._values.get(key) != other._values.get(key)}


def _plain(kind: str, value: Any) -> Any:
    if kind in ("hash", "zset"):
        return _pairs(value)
    if kind == "stream":
        return [_pairs(entry) for entry in value]
    return sorted(value) if kind == "set" else value


def _pairs(flat: list[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))
