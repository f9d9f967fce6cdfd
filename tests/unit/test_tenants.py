"""Keys, names, scopes, and who is let in where: what needs no service."""

import hashlib
import re

import pytest
from pydantic import SecretStr, ValidationError

from producer.allowance import Allowance
from producer.auth import refuse_an_open_door
from producer.gate import only_looks, scopes_for
from speechmill.errors import InvalidRequest, RateLimited
from speechmill.settings import BadSettings, ProducerSettings, RedisSettings, Settings
from speechmill.store.tenants import Minute
from speechmill.tenants import Scope, digest, id_of_key, new_key, scopes_of, tenant_name
from speechmill.webhook import new_secret, parse_secret, secret_of


def test_a_key_is_256_random_bits_behind_an_id_that_may_be_shown() -> None:
    key, other = new_key(), new_key()
    assert re.fullmatch(r"sk-sm-[0-9a-f]{16}-[0-9a-f]{64}", key.text)
    assert id_of_key(key.text) == key.id
    assert key.text != other.text
    assert key.id != other.id
    assert key.text not in repr(key)


def test_a_key_is_kept_by_its_sha_256() -> None:
    key = new_key()
    assert digest(key.text) == hashlib.sha256(key.text.encode()).hexdigest()


@pytest.mark.parametrize("text", ["", "sk-sm-", "not needed", "sk-proj-" + "a" * 48, "sk-sm-0123456789abcdef-" + "0" * 63,
                                  "sk-sm-0123456789ABCDEF-" + "0" * 64, "sk-sm-0123456789abcdef-" + "0" * 64 + "\n", "\udcff"])
def test_what_is_no_key_has_no_id(text: str) -> None:
    assert id_of_key(text) is None
    assert len(digest(text)) == 64


@pytest.mark.parametrize("name", ["acme", "a", "0-day", "a" * 63])
def test_a_tenants_name_is_plain(name: str) -> None:
    assert tenant_name(name) == name


@pytest.mark.parametrize("name", ["", "-a", "A", "a:b", "a/b", "..", "a b", "ü", "a" * 64, "a\n", None, 7])
def test_a_name_that_could_stand_for_another_key_or_folder_is_refused(name: object) -> None:
    with pytest.raises(InvalidRequest, match="tenant must be 1 to 63"):
        tenant_name(name)


def test_scopes_are_named_or_refused() -> None:
    assert scopes_of(["speech", "read"]) == {Scope.SPEECH, Scope.READ}
    for wrong in (["all"], []):
        with pytest.raises(InvalidRequest, match="speech, read, admin, metrics"):
            scopes_of(wrong)


@pytest.mark.parametrize(("method", "path", "scopes"), [
    ("GET", "/healthz", ""), ("GET", "/readyz", ""), ("GET", "/metrics", ""), ("GET", "/v1/objects/t/a/results/x", ""),
    ("POST", "/v1/audio/speech", "speech"), ("DELETE", "/v1/audio/speech/jobs/x", "speech"),
    ("GET", "/v1/audio/speech/jobs", "read speech"), ("HEAD", "/v1/audio/speech/jobs/x/content", "read speech"),
    ("GET", "/v1/admin/keys", "admin"), ("POST", "/v1/admin/tenants/x", "admin"),
    ("GET", "/some/route/of/tomorrow", "read speech"), ("PUT", "/some/route/of/tomorrow", "speech")])
def test_a_route_wants_a_key_unless_it_is_named_as_open(method: str, path: str, scopes: str) -> None:
    assert {scope.value for scope in scopes_for(method, path, metrics_need_key=False)} == set(scopes.split())


@pytest.mark.parametrize(("method", "path", "free"), [
    ("GET", "/v1/audio/speech/jobs/x", True), ("HEAD", "/v1/audio/speech/jobs/x/content", True),
    ("GET", "/v1/audio/voices/x", True), ("GET", "/v1/audio/voices/x/preview", False),
    ("POST", "/v1/audio/speech", False), ("DELETE", "/v1/files/x", False)])
def test_looking_is_free_and_a_preview_is_a_request_that_makes_something(method: str, path: str, free: bool) -> None:
    assert only_looks(method, path) is free


def test_metrics_want_a_key_of_their_own_where_that_is_set() -> None:
    assert scopes_for("GET", "/metrics", metrics_need_key=True) == {Scope.METRICS}


@pytest.mark.parametrize(("ms", "said"), [(0, "0ms"), (120, "120ms"), (1_200, "1.2s"), (60_000, "1m0s"), (361_500, "6m1.5s"),
                                          (25_920_000, "7h12m0s")])
def test_times_are_told_as_openai_tells_them(ms: int, said: str) -> None:
    allowance = Allowance(Minute(limit=60, admitted=True, left=59, next_ms=0, full_ms=ms))
    assert allowance.headers() == {"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "59",
                                   "x-ratelimit-reset-requests": said}


def test_who_asks_too_often_is_told_when_to_come_again_within_a_minute() -> None:
    with pytest.raises(RateLimited) as refused:
        Allowance(Minute(limit=1, admitted=False, left=0, next_ms=59_001, full_ms=59_001)).check()
    assert refused.value.retry_after_s == 60


@pytest.mark.parametrize(("host", "alone"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("127.9.9.9", True),
                                             ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("", False)])
def test_loopback_is_known(host: str, alone: bool) -> None:
    assert ProducerSettings(host=host).on_loopback is alone


def test_an_admin_key_that_is_easy_to_guess_is_refused() -> None:
    with pytest.raises(ValidationError, match="32 characters"):
        ProducerSettings(admin_key=SecretStr("short"))


def test_a_producer_that_others_reach_wants_a_key_or_a_word_at_boot() -> None:
    nowhere = RedisSettings(url="redis://127.0.0.1:1/0")

    def settings(**producer: object) -> Settings:
        return Settings(redis=nowhere, producer=ProducerSettings.model_validate(producer))

    with pytest.raises(BadSettings, match=r"PRODUCER__HOST is 0\.0\.0\.0.*ADMIN_KEY.*ALLOW_ANONYMOUS"):
        refuse_an_open_door(settings(host="0.0.0.0"))
    for safe in ({}, {"host": "0.0.0.0", "admin_key": "k" * 32}, {"host": "0.0.0.0", "allow_anonymous": True}):
        refuse_an_open_door(settings(**safe))


def test_each_tenant_signs_with_a_secret_of_its_own() -> None:
    secret = new_secret()
    secrets = {tenant: secret_of(secret, tenant) for tenant in ("local", "acme", "other")}
    assert secrets["local"] == secret
    assert len(set(secrets.values())) == 3
    assert secret_of(secret, "acme") == secrets["acme"]
    assert len(parse_secret(secrets["acme"])) == 32
    with pytest.raises(InvalidRequest, match="whsec_"):
        secret_of("no secret", "acme")
