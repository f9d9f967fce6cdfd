"""Keys, tenants and usage, two ways: through the producer, with a key of scope admin, or on the host, straight on Redis. The
second one makes the first key."""

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from speechmill.cli.api import CLIENT_KEY, Api
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.stack.folder import DataFolder

View = dict[str, Any]
"""As the HTTP interface shows it."""

REDIS = "SPEECHMILL_REDIS__URL"
PAGE = 100


class Administration(Protocol):
    """Raises Failure."""

    def make_key(self, tenant: str, name: str, scopes: list[str], expires_in_s: int | None) -> View: ...

    def keys(self, tenant: str) -> list[View]: ...

    def revoke_key(self, key_id: str) -> View: ...

    def tenants(self) -> list[View]: ...

    def tenant(self, name: str) -> View: ...

    def set_tenant(self, name: str, limits: dict[str, Any]) -> View: ...

    def usage(self, tenant: str, days: int) -> list[View]:
        """Of one tenant, or with '' of all."""
        ...


def administration(url: str, data: Path) -> AbstractContextManager[Administration]:
    """Through the producer at `url` where there is a key to show it; else on the Redis that SPEECHMILL_REDIS__URL names, or that
    of the stack which runs on the folder `data`."""
    if os.environ.get(CLIENT_KEY):
        return ThroughProducer(url)
    from speechmill.cli.administration_on_redis import on_redis

    return on_redis(_redis_url(data))


class ThroughProducer(Api):
    """/v1/admin."""

    def make_key(self, tenant: str, name: str, scopes: list[str], expires_in_s: int | None) -> View:
        return self._json("POST", "/v1/admin/keys", json={
            "tenant": tenant, "name": name, "scopes": scopes, "expires_in_s": expires_in_s})

    def keys(self, tenant: str) -> list[View]:
        return self._all("/v1/admin/keys", **({"tenant": tenant} if tenant else {}))

    def revoke_key(self, key_id: str) -> View:
        return self._json("POST", f"/v1/admin/keys/{self._one_name(key_id)}/revoke")

    def tenants(self) -> list[View]:
        return self._all("/v1/admin/tenants")

    def tenant(self, name: str) -> View:
        return self._json("GET", f"/v1/admin/tenants/{self._one_name(name)}")

    def set_tenant(self, name: str, limits: dict[str, Any]) -> View:
        return self._json("POST", f"/v1/admin/tenants/{self._one_name(name)}", json=limits)

    def usage(self, tenant: str, days: int) -> list[View]:
        return self._all("/v1/admin/usage", days=days, **({"tenant": tenant} if tenant else {}))

    def own_usage(self, days: int) -> View:
        return self._json("GET", "/v1/usage", params={"days": days})

    def _all(self, path: str, **query: str | int) -> list[View]:
        found: list[View] = []
        after = ""
        while True:
            page = self._json("GET", path, params={**query, "limit": PAGE, **({"after": after} if after else {})})
            found += page["data"]
            if not page["has_more"]:
                return found
            after = page["last_id"]

    @staticmethod
    def _one_name(name: str) -> str:
        """As one part of a path."""
        if not name.replace("-", "").isalnum() or not name.isascii():
            raise Failure(f"{name!r} is neither a key's id nor a tenant's name.", Exit.USAGE)
        return name


def _redis_url(data: Path) -> str:
    running = DataFolder(data).noted()
    url = os.environ.get(REDIS) or (running.redis_url if running else "")
    if not url:
        raise Failure(f"no stack runs on {data}. Set {CLIENT_KEY} to a key of scope admin and --url to the server's address; or, "
                      f"on its host, --data to the folder of `speechmill up`, or {REDIS} to its Redis.", Exit.USAGE)
    return url
