"""Who a request comes from: the tenant of its API key, or the local one where no key is wanted."""

import asyncio
import hmac
import time
from dataclasses import dataclass, field

from producer.allowance import Allowance
from speechmill.errors import StoreUnavailable, Unauthorized
from speechmill.settings import BadSettings, Settings
from speechmill.store import tenants
from speechmill.store.client import AsyncStore, Store
from speechmill.store.tenants import Admission, Asking
from speechmill.tenants import LOCAL_TENANT, Scope, digest, id_of_key, looks_like_key

KNOWN_FOR_S = 1.0
"""How long a key is believed without asking again, and so how long one that was revoked may still work."""
MOST_KNOWN = 10_000

ANYBODY = frozenset({Scope.SPEECH, Scope.READ})
"""What may be done without a key, where none is wanted. Never admin: any web page can make a browser call loopback."""


@dataclass(frozen=True)
class Caller:
    """Who asks, and what for they may. `allowance` is told in the answer."""

    tenant: str
    scopes: frozenset[Scope]
    anonymous: bool = False
    allowance: Allowance = field(default_factory=Allowance)


class Guard:
    """Knows callers by their Authorization header. At most one round trip a request; none where no key is wanted, and none for a
    key that was looked at less than a second ago, unless its tenant's requests are limited."""

    def __init__(self, settings: Settings, store: AsyncStore) -> None:
        self._settings = settings
        self._store = store
        admin_key = settings.producer.admin_key.get_secret_value()
        self._admin_digest = digest(admin_key) if admin_key else ""
        self._known: dict[str, tuple[Admission, float]] = {}
        self._keyless_until = 0.0
        self._any_key = False
        self._looking: asyncio.Task[None] | None = None

    async def caller(self, authorization: str, *, counts: bool) -> Caller:
        """`counts`: against the tenant's requests a minute. Raises Unauthorized, StoreUnavailable."""
        given = _token(authorization)
        if self._admin_digest and hmac.compare_digest(digest(given), self._admin_digest):
            return Caller(LOCAL_TENANT, frozenset(Scope))
        if await self._is_anonymous(given):
            return await self._anonymous(counts)
        if not given:
            raise Unauthorized("This server wants an API key; send it as Authorization: Bearer sk-sm-….", code="missing_api_key")
        known = await self._admitted(given, counts)
        if known.revoked:
            raise Unauthorized("This API key was revoked.", code="revoked_api_key")
        if known.expired:
            raise Unauthorized("This API key has expired.", code="expired_api_key")
        return Caller(known.tenant, known.scopes, allowance=Allowance(known.minute if counts else None))

    async def _admitted(self, key: str, counts: bool) -> Admission:
        print_ = digest(key)
        known, until = self._known.get(print_, (None, 0.0))
        if known and time.monotonic() < until and not (counts and known.limited):
            return known
        key_id = id_of_key(key)
        if key_id is None:
            raise Unauthorized("This is no API key of this server: they look like sk-sm-0123456789abcdef-….")
        known = await self._store.run(tenants.admit(Asking(key_id, print_, counts=counts, requests_a_minute=self._a_minute)))
        if known is None or not hmac.compare_digest(known.digest, print_):
            raise Unauthorized("There is no such API key.")
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[print_] = (known, time.monotonic() + KNOWN_FOR_S)
        return known

    async def _anonymous(self, counts: bool) -> Caller:
        minute = None
        if counts and (self._a_minute or self._any_key):
            asking = Asking(tenant=LOCAL_TENANT, counts=True, requests_a_minute=self._a_minute)
            admission = await self._store.run(tenants.admit(asking))
            minute = admission.minute if admission else None
        return Caller(LOCAL_TENANT, ANYBODY, anonymous=True, allowance=Allowance(minute))

    @property
    def _a_minute(self) -> int:
        return self._settings.limits.requests_a_minute

    async def _is_anonymous(self, given: str) -> bool:
        allowed = self._settings.producer.allow_anonymous
        if allowed:
            # SDKs insist on sending something. What looks like a key of ours was meant as one, and must be right.
            return not looks_like_key(given)
        if allowed is False or self._admin_digest or not self._settings.producer.on_loopback:
            return False
        return not await self._was_a_key_made()

    async def _was_a_key_made(self) -> bool:
        """Asked once a second until there is one; there always will be."""
        if not self._any_key and time.monotonic() >= self._keyless_until:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look())
                self._looking.add_done_callback(lambda look: look.cancelled() or look.exception())  # all who asked may be gone
            await asyncio.shield(self._looking)
        return self._any_key

    async def _look(self) -> None:
        self._any_key = await self._store.run(tenants.any_key())
        self._keyless_until = time.monotonic() + KNOWN_FOR_S


def refuse_an_open_door(settings: Settings) -> None:
    """Raises BadSettings where others than this machine reach the producer and nobody has a key, or said that none is wanted."""
    producer = settings.producer
    if producer.on_loopback or producer.admin_key.get_secret_value() or producer.allow_anonymous:
        return
    store = Store.open(settings)
    try:
        if store.run(tenants.any_key()):
            return
        why = "there is no API key"
    except StoreUnavailable as error:
        why = f"whether there are API keys cannot be told ({error.message})"
    finally:
        store.close()
    raise BadSettings(f"SPEECHMILL_PRODUCER__HOST is {producer.host}, which others reach, and {why}. Set "
                      "SPEECHMILL_PRODUCER__ADMIN_KEY (`openssl rand -hex 24` makes one) to make keys with, or "
                      "SPEECHMILL_PRODUCER__ALLOW_ANONYMOUS=true where everybody who reaches it may use it. docs/tenants.md has "
                      "more.")


def _token(authorization: str) -> str:
    """What stands behind Bearer; of another scheme, all of it, so that it is no key. Some clients send Bearer and nothing."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else authorization.strip()
