"""Webhook endpoints: their secrets, and what they can ask for."""

import itertools

import pytest

from speechmill.errors import InvalidRequest
from speechmill.request import EVENT_TYPES
from speechmill.store.deliveries import event_of
from speechmill.webhook import MAX_BODY_BYTES, Event, event_body, new_secret, parse_secret, secret_of
from speechmill.webhook_endpoint import (
    GROUPS,
    TOLD_TYPES,
    Endpoint,
    OlderSecret,
    endpoint_view,
    event_filter,
    secret_of_endpoint,
    signing_keys,
)

SERVER = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
ENDPOINT = Endpoint("we_1", "acme", "https://example.com/", ("*",), 1_700_000_000_000, generation=3,
                    older=(OlderSecret(2, 2_000), OlderSecret(1, 1_000)))


def test_a_secret_is_the_same_each_time_and_no_other_is_like_it() -> None:
    secrets = [secret_of_endpoint(server, name, generation)
               for server, name, generation in itertools.product((SERVER, new_secret()), ("we_1", "we_11", "we_2"), (1, 2, 11))]
    assert len(set(secrets)) == len(secrets)
    assert not set(secrets) & {SERVER, secret_of(SERVER, "we_1"), secret_of(SERVER, "acme")}
    assert secret_of_endpoint(SERVER, "we_1", 1) == secrets[0]


def test_the_secret_of_an_endpoint_stays_the_same_from_version_to_version() -> None:
    """Receivers have it: were it derived in another way, none of them would believe us any more."""
    assert secret_of_endpoint(SERVER, "we_0190", 1) == "whsec_dhgDkFgfgEjQ8Dc4iO2QJGpGUG/Ej0ks"


def test_a_secret_reads_the_same_with_padding_and_without() -> None:
    secret = secret_of_endpoint(SERVER, "we_1", 1)
    assert "=" not in secret
    assert len(parse_secret(secret)) == 24


def test_without_a_server_s_secret_there_is_none() -> None:
    with pytest.raises(InvalidRequest, match="SPEECHMILL_WEBHOOKS__SECRET must be whsec_"):
        secret_of_endpoint("", "we_1", 1, "SPEECHMILL_WEBHOOKS__SECRET")


@pytest.mark.parametrize(("now_ms", "generations"), [(999, (3, 2, 1)), (1_000, (3, 2)), (1_999, (3, 2)), (2_000, (3,))])
def test_older_secrets_sign_until_their_time_the_present_one_first(now_ms: int, generations: tuple[int, ...]) -> None:
    wanted = tuple(parse_secret(secret_of_endpoint(SERVER, "we_1", generation)) for generation in generations)
    assert signing_keys(SERVER, ENDPOINT, now_ms) == wanted
    shown = endpoint_view(ENDPOINT, now_ms)
    assert [shown["secret_generation"], *(older["generation"] for older in shown["older_secrets"])] == list(generations)


def test_the_view_of_an_endpoint_has_no_secret() -> None:
    body = event_body(Event("evt_1", "webhook.test", 1), endpoint_view(ENDPOINT, 0)).decode()
    assert "whsec" not in body
    assert len(body) < MAX_BODY_BYTES


def test_every_type_and_every_group_can_be_asked_for() -> None:
    assert set(EVENT_TYPES) < set(TOLD_TYPES)
    assert {"speech.job.*", "book.*", "webhook_endpoint.*"} < set(GROUPS)
    assert event_filter([*TOLD_TYPES, *GROUPS, "*", "*"]) == (*TOLD_TYPES, *GROUPS, "*")


@pytest.mark.parametrize("unknown", ["", "**", "speech", "speech.job", "speech.job.queued", "speech.job.segment", "webhook.test",
                                     "book.*,speech.*", " *", "SPEECH.*", "*.completed", "evil.*"])
def test_what_there_is_not_cannot_be_asked_for(unknown: str) -> None:
    with pytest.raises(InvalidRequest, match=r"events: there is no .*there are \*, "):
        event_filter([unknown])


def test_a_delivery_names_its_event() -> None:
    assert event_of("evt_0190_we_0191") == "evt_0190"
    assert event_of("evt_0190") == "evt_0190"
