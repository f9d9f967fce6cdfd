"""/v1/webhook_endpoints, as the commands use it."""

from typing import Any

from speechmill.cli.api import Api, one_name

ENDPOINTS = "/v1/webhook_endpoints"
PAGE = 100

View = dict[str, Any]
"""As the HTTP interface shows it."""


class EndpointsApi(Api):
    """Raises Failure, as Api does."""

    def endpoints(self) -> list[View]:
        return self._all(ENDPOINTS)

    def add(self, body: View) -> View:
        """With its secret."""
        return self._json("POST", ENDPOINTS, json=body)

    def update(self, endpoint: str, changes: View) -> View:
        return self._json("POST", _path(endpoint), json=changes)

    def delete(self, endpoint: str) -> None:
        self._json("DELETE", _path(endpoint))

    def rotate(self, endpoint: str, overlap_s: int) -> View:
        """With its new secret."""
        return self._json("POST", f"{_path(endpoint)}/rotate_secret", json={"overlap_s": overlap_s})

    def test(self, endpoint: str) -> View:
        return self._json("POST", f"{_path(endpoint)}/test")

    def deliveries(self, endpoint: str, limit: int) -> list[View]:
        found: list[View] = self._json("GET", f"{_path(endpoint)}/deliveries", params={"limit": limit})["data"]
        return found

    def redeliver(self, endpoint: str, event: str) -> None:
        self._json("POST", f"{_path(endpoint)}/deliveries/{one_name(event, 'event', 'evt_0199c0ffee')}/redeliver")

    def _all(self, path: str) -> list[View]:
        found: list[View] = []
        query: dict[str, str | int] = {"limit": PAGE}
        while True:
            page = self._json("GET", path, params=query)
            found += page["data"]
            if not page["has_more"]:
                return found
            query["after"] = page["last_id"]


def _path(endpoint: str) -> str:
    return f"{ENDPOINTS}/{one_name(endpoint, 'webhook endpoint', 'we_0199c0ffee')}"
