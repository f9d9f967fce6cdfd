"""Scripts that are broken on purpose, each in a way that somebody might break them: the machine must notice every one."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """What is wrong with it, and what of which scripts' text (lib.lua included) is put in place of what."""

    name: str
    scripts: tuple[str, ...]
    old: str
    new: str = ""

    def changes(self) -> dict[str, tuple[tuple[str, str], ...]]:
        return dict.fromkeys(self.scripts, ((self.old, self.new),))


ENDING = ("completed", "failed", "cancel", "sweep", "crashed", "released", "spoken", "planned", "beat")
"""Every script that may close a job."""
QUEUEING = ("submit", "planned", "spoken", "failed", "released", "retry", "beat", "sweep", "crashed")
"""Every script that may put units into a queue."""
CRASHING = ("sweep", "crashed")
"""Every script that takes a worker for dead."""

MUTANTS = (
    # Fencing
    Mutant("completed compares no token", ("completed",), "if not owned(ref, token) then", "if false then"),
    Mutant("spoken compares no token", ("spoken",), "if not owned(ref, token) then", "if false then"),
    Mutant("failed compares no token", ("failed",), "if not owned(ref, token) then return {'lost', bells()} end"),
    Mutant("released compares no token", ("released",), "if not owned(ref, token) then return {0, bells()} end"),
    Mutant("a token is given twice", ("claim",), "local token = call('INCR', P .. 'fence')",
           "local token = tonumber(call('GET', P .. 'fence') or '0') + 1; if token % 7 > 0 then call('INCR', P .. 'fence') end"),
    Mutant("a commit whose reply was lost is denied", ("completed",), "'final_token') == token and 1 or 0",
           "'final_token') == token and 0 or 0"),
    Mutant("the token of a lease that ended stays", ENDING, "  call('HDEL', unit_key(ref), 'token')\n"),
    # Where units are
    Mutant("the cursor skips a segment", ("claim",), "call('HINCRBY', job_key(id), 'cursor', 1)",
           "call('HINCRBY', job_key(id), 'cursor', tonumber(f[2]) == 2 and 2 or 1)"),
    Mutant("the cursor stays behind", ("claim",), "call('HINCRBY', job_key(id), 'cursor', 1)",
           "call('HINCRBY', job_key(id), 'cursor', tonumber(f[2]) == 2 and 0 or 1)"),
    Mutant("planning starts at the second segment", ("planned",), "'units', units, 'cursor', 0)", "'units', units, 'cursor', 1)"),
    Mutant("sweep queues again what is still leased", ("sweep",), "local id = job_of(ref)\n  unlease(ref, 'crashed')",
           "local id = job_of(ref)"),
    Mutant("a unit that comes back is forgotten", ("released", "beat"),
           "  call('RPUSH', P .. 'again:' .. id, name_of(ref))\n  enqueue(id, 1, tonumber(characters))"),
    Mutant("a unit that comes back waits twice", ("failed",),
           "  call('RPUSH', P .. 'again:' .. id, name_of(ref))\n  enqueue(id, 1, tonumber(characters))",
           "  call('RPUSH', P .. 'again:' .. id, name_of(ref), name_of(ref))\n  enqueue(id, 1, tonumber(characters))"),
    Mutant("the job ends while a segment is still spoken", ("spoken",),
           "     and call('SCARD', P .. 'leased:' .. id) == 0 and", "     and"),
    Mutant("the job ends while a suspect waits", ("spoken",), " and call('SCARD', P .. 'suspected:' .. id) == 0"),
    Mutant("retry queues a failed unit only", ("retry",), "tonumber(f[4]) - tonumber(f[5]) + call('LLEN', P .. 'again:' .. id)",
           "call('LLEN', P .. 'again:' .. id)"),
    Mutant("retry keeps the old takes", ("retry",), "  call('DEL', P .. 'segments:' .. id)\n"),
    Mutant("a failed job's leases go on", ("failed",), "    unlease(ref, 'stopped')\n"),
    Mutant("a suspect that is given back runs among the others", ("released", "beat", "failed"),
           "  if call('HEXISTS', unit_key(ref), 'group') == 1 then return suspect(ref) end\n"),
    # Suspects
    Mutant("crashes are not counted", CRASHING, "    call('HSET', unit_key(ref), 'crashes', cjson.encode(crashes))\n"),
    Mutant("crashes have no end", CRASHING, "if #crashes < MAX_CRASHES then", "if true then"),
    Mutant("who crashes in company is charged", CRASHING, "not (#refs == 1 and charge(ref, n))", "not charge(ref, n)"),
    Mutant("a group does not split", CRASHING, "(i <= half and 1 or 2)", "1"),
    Mutant("two groups that split are mixed", CRASHING, "    groups = groups + 2\n"),
    Mutant("a bystander joins the suspects", CRASHING, "local set = f[1] or suspect_queue(f[2])",
           "local set = suspect_queue(f[2])"),
    Mutant("each unit of a crash is an incident", ("crashed",), "if #held > 0 then incident(held) end",
           "for _, ref in ipairs(held) do incident({ref}) end"),
    Mutant("a dead worker's younger leases go on", ("sweep",), "incident(call('SMEMBERS', P .. 'held:' .. f[2]))",
           "incident({ref})"),
    Mutant("a lost reply is taken for a crash", ("sweep",), "if beat and tonumber(beat) > NOW - LEASE_MS then", "if false then"),
    Mutant("a dead worker is taken for a living one", ("sweep",), "if beat and tonumber(beat) > NOW - LEASE_MS then",
           "if beat then"),
    Mutant("suspects come one by one", ("claim",),
           "local slots = tonumber(call('HGET', P .. 'worker:' .. worker, 'cap:' .. queue) or '1')", "local slots = 1"),
    Mutant("a group is larger than its worker", ("claim",),
           "local slots = tonumber(call('HGET', P .. 'worker:' .. worker, 'cap:' .. queue) or '1')", "local slots = 100"),
    Mutant("a claimed suspect waits on", ("claim",), "  call('LTRIM', P .. 'group:' .. group, slots, -1)\n"),
    Mutant("a claimed group stands in line", ("claim",),
           "  if call('EXISTS', P .. 'group:' .. group) == 0 then call('RPOP', suspects) end\n"),
    Mutant("a group stands in line twice", ("released", "beat", "sweep", "crashed"),
           "if call('RPUSH', P .. 'group:' .. u[1], ref) == 1 then", "if call('RPUSH', P .. 'group:' .. u[1], ref) then"),
    Mutant("a cancelled suspect stays in its group", ("cancel",), "    call('LREM', P .. 'group:' .. group, 0, ref)\n"),
    Mutant("a cancelled group stands in line", ("cancel",),
           "    if call('EXISTS', P .. 'group:' .. group) == 0 then call('LREM', P .. 'suspects:' .. suspects, 0, group) end\n"),
    # Counters
    Mutant("cancel leaves the depth", ("cancel",), "  count(queue, 0 - tonumber(f[5]), 0 - tonumber(f[6]))"),
    Mutant("cancel leaves the characters", ("cancel",), "  count(queue, 0 - tonumber(f[5]), 0 - tonumber(f[6]))",
           "  count(queue, 0 - tonumber(f[5]), 0)"),
    Mutant("cancel leaves suspects in the depth", ("cancel", "failed"),
           "    count(suspects, -1, 0 - tonumber(call('HGET', unit_key(ref), 'characters')))\n"),
    Mutant("a lease that ends is still counted", ("released",), "  call('HINCRBY', P .. 'leased', f[1], -1)\n"),
    Mutant("a cached segment is counted as spoken", ("spoken",),
           "tally(counts[2] == '1' and 'segments:cached' or 'segments:spoken', 1)",
           "tally('segments:spoken', 1)"),
    Mutant("a worker that is lost keeps its slots", ("sweep",), "  count_slots()\nend\n\nfor", "end\n\nfor"),
    # Ends, events and the outbox
    Mutant("the outbox is written twice", ENDING, "    call('ZADD', P .. 'outbox', NOW, event)",
           "    call('ZADD', P .. 'outbox', NOW, event, NOW, event .. 'x')"),
    Mutant("the outbox is not written", ENDING, "    call('ZADD', P .. 'outbox', NOW, event)\n"),
    Mutant("an end is told of twice", ("completed",), "  record(id, 'speech.job.' .. status)\nend",
           "  record(id, 'speech.job.' .. status)\n  record(id, 'speech.job.' .. status)\nend"),
    Mutant("an event is settled by whoever comes", ("settled",), "if call('HGET', key, 'hold') ~= hold then return 0 end"),
    Mutant("an event is not held while it is tried", ("due",), "call('ZADD', P .. 'outbox', NOW + hold_ms, event)\n"),
    Mutant("a cancelled job never ends", ("released", "spoken", "beat", "sweep"),
           "if call('HGET', job_key(id), 'status') == 'cancelling' and call('SCARD', P .. 'leased:' .. id) == 0 then",
           "if false then"),
    Mutant("progress falls after a retry", ("spoken",), "math.max(before, math.min(99", "math.max(0, math.min(99"),
    Mutant("a deadline ends a job that has ended", ("sweep",),
           "  if may(call('HGET', job_key(id), 'status') or '', 'expired') then",
           "  if call('HGET', job_key(id), 'status') == 'queued' then"),
    Mutant("a deadline outlives its job", ENDING, "  call('ZREM', P .. 'deadlines', id)\n  local keep_s", "  local keep_s"),
    # Keys
    Mutant("a unit outlives its job", ENDING, "do call('DEL', unit_key(id .. '/' .. name)) end", "do end"),
    Mutant("a deleted job leaves its waiters", ("delete", "sweep"), ", P .. 'waiters:' .. id)", ")"),
    Mutant("a deleted job stays listed", ("delete",), "    call('ZREM', P .. 'jobs:' .. f[1], id)\n"),
    Mutant("a record is kept for ever", ("reaped",), "  call('ZADD', P .. 'forget',", "  call('ZADD', P .. 'forgot',"),
    Mutant("dead events are listed for ever", ("sweep",),
           "call('ZREMRANGEBYSCORE', P .. 'dead', '-inf', '(' .. NOW - RESULTS_MS)"),
    # Time
    Mutant("a beat renews nothing", ("beat",), "  if #renewed > 0 then call('ZADD', P .. 'leases', unpack(renewed)) end\n"),
    Mutant("a beat takes back what was claimed just now", ("beat",), " < NOW - reply_ms then", " <= NOW then"),
    Mutant("no amnesty after an outage", ("sweep",), "if call('EXISTS', P .. 'amnesty') == 1 then ended = {} end\n"),
    Mutant("an expired job can be retried", ("retry",), "if tonumber(f[9]) <= NOW then return {'expired', {}} end\n"),
    Mutant("tries have no end", ("failed",), "call('HINCRBY', unit_key(ref), 'tries', 1) < MAX_TRIES", "true"),
    # Shares
    Mutant("weights are not looked at", ("claim",), "tonumber(call('HGET', P .. 'weights', tenant) or '1')", "1"),
    Mutant("a tenant comes back as a newcomer", QUEUEING, "math.max(tag, tonumber(", "math.max(0, tonumber("),
    Mutant("a newcomer starts at nothing", QUEUEING,
           "call('ZADD', ring, math.max(tag, tonumber(call('GET', P .. 'clock:' .. queue) or '0')), tenant)",
           "call('ZADD', ring, tag, tenant)"),
    Mutant("a job pays nothing", ("claim",), "  call('ZADD', jobs, tag + characters, id)\n"),
    # Clients
    Mutant("a repeated submit is a second job", ("submit",), "if call('EXISTS', job_key(id)) == 1 then", "if false then"),
    Mutant("an idempotency key is not kept", ("submit",),
           "if idempotency ~= '' then call('SET', idem_key, id .. ' ' .. print, 'EX', idempotency_s) end\n"),
    Mutant("whoever hangs up cancels for all", ("cancel",), " or call('EXISTS', waiters) == 1 then", " then"),
    Mutant("a promised job is cancelled by a hang-up", ("submit",), "    call('DEL', waiters)\n"),
    # Doorbells
    Mutant("nobody is rung for what comes back", ("failed", "released", "retry"),
           "  if units > 0 then ring_for(queue, units) end\n"),
    Mutant("the sweep rings for nobody", ("sweep",), "then BELLS[depth[i]] = true else", "then else"),
)
