"""Keys, tenants and usage by the store's own verbs, on the host of the system's Redis."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from speechmill.cli.administration import View
from speechmill.cli.exits import Exit, Failure
from speechmill.errors import SpeechmillError
from speechmill.settings import Settings, explain
from speechmill.store import tenants
from speechmill.store.client import Store
from speechmill.tenant_views import key_view, tenant_view, usage_view
from speechmill.tenants import TenantLimits, new_key, scopes_of, tenant_name

ALL = 100_000
"""More than anybody has."""


@contextmanager
def on_redis(url: str) -> Iterator["OnRedis"]:
    """Inside, what goes wrong is a Failure."""
    try:
        store = Store.open(Settings.model_validate({"redis": {"url": url}}))
    except ValueError as error:
        raise Failure(explain(error), Exit.USAGE) from None
    try:
        yield OnRedis(store)
    except SpeechmillError as error:
        raise Failure(error.message, Exit.UNAVAILABLE if error.http_status == 503 else Exit.USAGE) from None
    finally:
        store.close()


class OnRedis:
    """An Administration."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def make_key(self, tenant: str, name: str, scopes: list[str], expires_in_s: int | None) -> View:
        key = new_key()
        record = self._store.run(tenants.make_key(key, tenant_name(tenant), name, scopes_of(scopes),
                                                  None if expires_in_s is None else expires_in_s * 1000))
        return {**key_view(record), "key": key.text}

    def keys(self, tenant: str) -> list[View]:
        return [key_view(key) for key in self._store.run(tenants.keys(tenant, after="", limit=ALL)) or ()]

    def revoke_key(self, key_id: str) -> View:
        record = self._store.run(tenants.revoke_key(key_id))
        if record is None:
            raise Failure(f"there is no API key {key_id!r}.", Exit.NOT_FOUND)
        return key_view(record)

    def tenants(self) -> list[View]:
        return [self.tenant(name) for name in self._names()]

    def tenant(self, name: str) -> View:
        return tenant_view(name, self._store.run(tenants.tenant_limits(tenant_name(name))))

    def set_tenant(self, name: str, limits: dict[str, Any]) -> View:
        return tenant_view(name, self._store.run(tenants.set_limits(tenant_name(name), TenantLimits(**limits))))

    def usage(self, tenant: str, days: int) -> list[View]:
        return [usage_view(self._store.run(tenants.usage(name, days))) for name in ([tenant] if tenant else self._names())]

    def _names(self) -> list[str]:
        return self._store.run(tenants.tenants(after="", limit=ALL))
