"""Which addresses webhooks may reach, and in which forms."""

import asyncio
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from speechmill.address import Policy, Target, check_at_submit, check_url, is_public, resolve
from speechmill.errors import InvalidRequest
from speechmill.lookup import Lookup
from speechmill.settings import WebhookSettings
from tests.refused_addresses import FORMS, Trap

OPEN = Policy()
LOOPBACK = Policy.of(WebhookSettings(allow_cidrs=("127.0.0.0/8", "::1/128")))
PROXIED = Policy.of(WebhookSettings(egress_proxy="http://proxy.example:3128"))


class Names:
    """A name server: each call is answered with the next of `answers`, and the last one again and again."""

    def __init__(self, *answers: list[str] | OSError) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    def getaddrinfo(self, host: str, port: int, **_: Any) -> list[tuple[Any, Any, Any, str, tuple[Any, ...]]]:
        answer = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append((host, port))
        if isinstance(answer, OSError):
            raise answer
        return [(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
                for address in answer]

    @property
    def lookup(self) -> Lookup:
        return Lookup(self.getaddrinfo)


NO_SUCH_NAME = socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def refusal(url: str, policy: Policy = OPEN) -> str:
    with pytest.raises(InvalidRequest) as caught:
        check_url(url, policy)
    assert caught.value.param == "webhook.url"
    assert caught.value.message.startswith("webhook.url ")
    return caught.value.message


# Forms of URLs

@pytest.mark.parametrize(("url", "target"), [
    ("https://example.com", Target("https", "example.com", 443, "/", None)),
    ("https://example.com:443/hook", Target("https", "example.com", 443, "/hook", None)),
    ("https://example.com:8443/hook?a=b&c=%20", Target("https", "example.com", 8443, "/hook?a=b&c=%20", None)),
    ("HTTPS://Hooks.Example.COM/Path", Target("https", "hooks.example.com", 443, "/Path", None)),
    ("https://example.com?q=1", Target("https", "example.com", 443, "/?q=1", None)),
    ("https://1password.example/x", Target("https", "1password.example", 443, "/x", None)),
    ("https://8.8.8.8/x", Target("https", "8.8.8.8", 443, "/x", ipaddress.ip_address("8.8.8.8"))),
    ("https://[2606:4700:4700:0::1111]:8443/", Target("https", "2606:4700:4700::1111", 8443, "/",
                                                     ipaddress.ip_address("2606:4700:4700::1111"))),
    ("https://münchen.example/x", Target("https", "xn--mnchen-3ya.example", 443, "/x", None)),
    ("https://faß.example/x", Target("https", "xn--fa-hia.example", 443, "/x", None)),      # IDNA 2003 made it fass.example
    ("https://例え。テスト/x", Target("https", "xn--r8jz45g.xn--zckzah", 443, "/x", None)),
])
def test_a_usual_url_is_taken_apart(url: str, target: Target) -> None:
    assert check_url(url, OPEN) == target


@pytest.mark.parametrize(("url", "authority"), [
    ("https://example.com/", "example.com"),
    ("https://example.com:443/", "example.com"),
    ("https://example.com:8443/", "example.com:8443"),
    ("https://[2606:4700:4700::1111]/", "[2606:4700:4700::1111]"),
    ("https://[2606:4700:4700::1111]:8443/", "[2606:4700:4700::1111]:8443"),
])
def test_the_host_header_leaves_the_usual_port_out(url: str, authority: str) -> None:
    assert check_url(url, OPEN).authority == authority


@pytest.mark.parametrize(("url", "wanted"), [
    # scheme
    ("http://example.com/", "must start with https://"),
    ("ftp://example.com/", "must start with https://"),
    ("file:///etc/passwd", "must start with https://"),
    ("gopher://example.com:6379/_FLUSHALL", "must start with https://"),
    ("//example.com/", "must start with https://"),
    ("example.com/hook", "must start with https://"),
    ("", "must start with https://"),
    # ports
    ("https://example.com:80/", "must use port 443 or 8443, not 80"),
    ("https://example.com:22/", "must use port 443 or 8443, not 22"),
    ("https://example.com:6379/", "must use port 443 or 8443, not 6379"),
    ("https://example.com:0/", "must use port 443 or 8443, not 0"),
    ("https://example.com:65979/", "must use port 443 or 8443, not 65979"),    # 443 modulo 2^16
    ("https://example.com:+443/", "at most a port"),
    ("https://example.com:-1/", "at most a port"),
    ("https://example.com:/", "at most a port"),
    ("https://example.com:44³/", "is not a URL|at most a port"),
    ("https://example.com:443:443/", "at most a port"),
    # no host
    ("https://", "needs a host"),
    ("https:///hook", "needs a host"),
    ("https:example.com", "needs a host"),
    ("https://:443/", "needs a host"),
    # user names
    ("https://user:pw@example.com/", "no user name or password"),
    ("https://user@example.com/", "no user name or password"),
    ("https://@example.com/", "no user name or password"),
    ("https://example.com:443@127.0.0.1/", "no user name or password"),
    ("https://example.com%40127.0.0.1/", "not a name"),
    # fragments, control characters, backslashes
    ("https://example.com/#top", "no fragment"),
    ("https://example.com/#", "no fragment"),
    ("https://127.0.0.1#@example.com/", "no fragment"),
    ("https://example.com\\@127.0.0.1/", "backslashes"),
    ("https:\\\\example.com/", "backslashes"),
    (" https://example.com/", "no spaces"),
    ("https://example.com/a b", "no spaces"),
    ("https://exam\tple.com/", "no spaces, control characters"),
    ("https://example.com/\r\nX-Injected: 1", "no spaces, control characters"),
    ("https://example.com/\x00", "control characters"),
    ("https://example.com/é", "percent-encode"),
    ("https://example.com/?q=é", "percent-encode"),
    # names
    ("https://example.com./", "no dot at the end"),
    ("https://example..com/", "single dots"),
    ("https://.example.com/", "not a name"),
    ("https://-example.com/", "inner hyphens"),
    ("https://exa_mple.com/", "letters, digits"),
    ("https://exa%6dple.com/", "not a name"),
    (f"https://{'a' * 64}.com/", "not a name"),
    (f"https://{'a.' * 127}com/", "not a name"),
    ("https://ex*mple.com/", "not a name"),
    ("https://exam\u2028ple.com/", "IDNA"),
    ("https://xn--\u00e9.com/", "IDNA"),
    ("https://example.com\uff0f@127.0.0.1/", "is not a URL|IDNA|not a name"),    # a full-width slash
])
def test_an_odd_url_is_refused_with_what_would_be_right(url: str, wanted: str) -> None:
    assert any(part in refusal(url) for part in wanted.split("|")), refusal(url)


@pytest.mark.parametrize(("url", "wanted"), [
    ("https://2130706433/", "has a number for a host"),
    ("https://134744072/", "has a number for a host"),                    # 8.8.8.8: public, but nobody writes it like that
    ("https://0x7f000001/", "has a number for a host"),
    ("https://0x7f.0.0.1/", "has a number for a host"),
    ("https://0X7F.1/", "has a number for a host"),
    ("https://127.0.0.0x1/", "has a number for a host"),
    ("https://0x/", "has a number for a host"),
    ("https://017700000001/", "has a number for a host"),
    ("https://0177.0.0.1/", "has a number for a host"),
    ("https://127.0.0.01/", "has a number for a host"),
    ("https://127.1/", "has a number for a host"),
    ("https://127.0.1/", "has a number for a host"),
    ("https://1.2.3.4.5/", "has a number for a host"),
    ("https://256.256.256.256/", "has a number for a host"),
    ("https://example.1/", "has a number for a host"),
    ("https://127.0.0.1./", "no dot at the end"),
    ("https://１２７.０.０.１/", "has a number for a host"),                # full-width digits
    ("https://①②⑦.⓪.⓪.①/", "has a number for a host"),
    ("https://127。0。0。1/", "has a number for a host"),                  # ideographic full stops
    ("https://[::ffff:127.0.0.1]/", "must give an IPv4 address as such: 127.0.0.1"),
    ("https://[::ffff:8.8.8.8]/", "must give an IPv4 address as such: 8.8.8.8"),
    ("https://[::ffff:7f00:1]/", "must give an IPv4 address as such: 127.0.0.1"),
    ("https://[fe80::1%eth0]/", "must name no network interface"),
    ("https://[fe80::1%25eth0]/", "must name no network interface"),
    ("https://[2606:4700::1%251]/", "must name no network interface"),
    ("https://[127.0.0.1]/", "not an IPv6 address|is not a URL"),
    ("https://[v1.x]/", "not an IPv6 address|is not a URL|at most a port"),
    ("https://[::1/", "is not a URL"),
    ("https://::1/", "at most a port"),
    ("https://[]/", "not an IPv6 address|is not a URL"),
    ("https://[::1].example.com/", "is not a URL|at most a port"),
])
@pytest.mark.parametrize("policy", [OPEN, LOOPBACK], ids=["open", "loopback listed"])
def test_an_address_in_an_odd_form_is_refused_even_where_listed(url: str, wanted: str, policy: Policy) -> None:
    assert any(part in refusal(url, policy) for part in wanted.split("|")), refusal(url, policy)


# Addresses

NOT_PUBLIC = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1",
    "127.255.255.254", "168.63.129.16", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1",
    "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::2", "::7f00:1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1",
    "2001::1", "2001:0:4136:e378::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1",
    "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fdff::1", "fe80::1", "fec0::1", "ff02::1", "ff0e::1",
    "4000::1", "ffff::1",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "126.1.1.1", "128.0.0.1",
          "168.63.129.15", "169.253.1.1", "172.15.0.1", "172.32.0.1", "192.0.1.1", "192.167.1.1", "198.17.0.1", "198.20.0.1",
          "223.255.255.1", "::ffff:8.8.8.8", "2001:200::1", "2001:4860:4860::8888", "2003::1", "2606:4700:4700::1111",
          "2a00:1450:4001::1"]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused_alone_and_behind_a_name(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    refusal(f"https://[{address}]/" if ":" in address else f"https://{address}/")
    with pytest.raises(InvalidRequest, match="must lead to public addresses"):
        resolve(check_url("https://a.example/", OPEN), OPEN, Names([address]).lookup, 1)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
    [found] = resolve(check_url("https://a.example/", OPEN), OPEN, Names([address]).lookup, 1)
    assert is_public(found)


def test_every_special_purpose_network_is_refused_from_its_first_to_its_last_address() -> None:
    for network in map(ipaddress.ip_network, ("0.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "192.0.0.0/24", "224.0.0.0/4",
                                              "240.0.0.0/4", "::/96", "::ffff:0:0/104", "64:ff9b::/96", "64:ff9b:1::/48",
                                              "2001::/32", "2002::/16", "fc00::/7", "fe80::/10", "ff00::/8")):
        assert not is_public(network[0])
        assert not is_public(network[-1])


def test_a_refused_literal_names_itself_and_the_setting_that_would_allow_it() -> None:
    message = refusal("https://10.0.0.1/")
    assert "10.0.0.1 is not one" in message
    assert "SPEECHMILL_WEBHOOKS__ALLOW_CIDRS" in message


def test_a_refusal_does_not_tell_where_an_inside_name_leads() -> None:
    with pytest.raises(InvalidRequest) as caught:
        resolve(check_url("https://redis.corp.example/", OPEN), OPEN, Names(["10.9.8.7"]).lookup, 1)
    assert "10.9.8.7" not in caught.value.message


# Names

def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    with pytest.raises(InvalidRequest, match=r"not all addresses of a\.example are"):
        resolve(check_url("https://a.example/", OPEN), OPEN, Names(["8.8.8.8", "10.0.0.1"]).lookup, 1)


def test_addresses_keep_their_order_and_come_once() -> None:
    names = Names(["2606:4700:4700::1111", "8.8.8.8", "8.8.8.8"])
    found = resolve(check_url("https://a.example:8443/", OPEN), OPEN, names.lookup, 1)
    assert [str(address) for address in found] == ["2606:4700:4700::1111", "8.8.8.8"]
    assert names.asked == [("a.example", 8443)]


def test_a_mapped_address_is_dialled_as_the_ipv4_address_that_was_judged() -> None:
    assert resolve(check_url("https://a.example/", OPEN), OPEN, Names(["::ffff:8.8.8.8"]).lookup, 1) == (
        ipaddress.IPv4Address("8.8.8.8"),)


def test_a_name_is_asked_for_once_and_what_was_judged_is_what_comes_back() -> None:
    names = Names(["8.8.8.8"], ["127.0.0.1"])
    found = resolve(check_url("https://rebind.example/", OPEN), OPEN, names.lookup, 1)
    assert [str(address) for address in found] == ["8.8.8.8"]
    assert len(names.asked) == 1


def test_a_literal_is_never_looked_up() -> None:
    names = Names(NO_SUCH_NAME)
    assert resolve(check_url("https://8.8.8.8/", OPEN), OPEN, names.lookup, 1) == (ipaddress.ip_address("8.8.8.8"),)
    assert names.asked == []


def test_a_delivery_needs_a_name_that_resolves() -> None:
    with pytest.raises(socket.gaierror):
        resolve(check_url("https://a.example/", OPEN), OPEN, Names(NO_SUCH_NAME).lookup, 1)


def test_the_systems_own_names_are_looked_up() -> None:
    assert resolve(check_url("http://localhost:1/", LOOPBACK), LOOPBACK, Lookup(), 5)[0].is_loopback


# What the operator lists

@pytest.mark.parametrize("url", ["https://127.0.0.1/", "http://127.0.0.1/", "http://127.0.0.1:5000/hook", "https://[::1]:9/",
                                 "http://localhost:5000/"])
def test_a_listed_address_may_be_called_by_http_and_on_any_port(url: str) -> None:
    target = check_url(url, LOOPBACK)
    assert all(address.is_loopback for address in resolve(target, LOOPBACK, Names(["127.0.0.1", "::1"]).lookup, 1))


@pytest.mark.parametrize("url", ["http://8.8.8.8/", "https://8.8.8.8:22/", "http://10.0.0.1/", "https://10.0.0.1/"])
def test_listing_a_network_loosens_nothing_for_other_addresses(url: str) -> None:
    refusal(url, LOOPBACK)


@pytest.mark.parametrize(("url", "wanted"), [("http://a.example/", "must start with https://"),
                                             ("https://a.example:22/", "must use port 443 or 8443, not 22")])
@pytest.mark.parametrize("addresses", [["8.8.8.8"], ["127.0.0.1", "8.8.8.8"]])
def test_http_and_other_ports_need_every_address_of_a_name_to_be_listed(url: str, wanted: str, addresses: list[str]) -> None:
    with pytest.raises(InvalidRequest, match=wanted):
        resolve(check_url(url, LOOPBACK), LOOPBACK, Names(addresses).lookup, 1)


def test_a_name_may_have_public_and_listed_addresses_over_https() -> None:
    assert len(resolve(check_url("https://a.example/", LOOPBACK), LOOPBACK, Names(["127.0.0.1", "8.8.8.8"]).lookup, 1)) == 2


# Behind an egress proxy

@pytest.mark.parametrize("url", ["https://localhost/", "https://redis/", "https://db.internal/", "https://printer.local/",
                                 "https://metadata.google.internal/", "https://a.localhost/", "https://router.home.arpa/",
                                 "https://127.0.0.1/", "http://example.com/", "https://example.com:22/"])
def test_what_the_url_alone_gives_away_is_refused_before_the_proxy_is_asked(url: str) -> None:
    refusal(url, PROXIED)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_that_is_refused_without_a_proxy_is_refused_with_one(form: str) -> None:
    refusal(Trap("127.1.2.3", 5000).url(form), PROXIED)


def test_public_names_are_left_to_the_proxy() -> None:
    assert check_url("https://internal.example.com:8443/", PROXIED).host == "internal.example.com"


# When a job comes in

def submit(url: str, names: Names, policy: Policy = OPEN, timeout_s: float = 30) -> None:
    asyncio.run(check_at_submit(url, policy, names.lookup, timeout_s))


def test_a_name_that_leads_inside_is_refused_at_submit() -> None:
    with pytest.raises(InvalidRequest, match="must lead to public addresses") as caught:
        submit("https://a.example/", Names(["192.168.1.1"]))
    assert caught.value.param == "webhook.url"


def test_a_public_name_passes_at_submit() -> None:
    submit("https://a.example/", Names(["8.8.8.8"]))


def test_a_name_that_does_not_resolve_yet_passes_at_submit() -> None:
    submit("https://a.example/", Names(NO_SUCH_NAME))


@pytest.mark.parametrize(("url", "policy"), [("https://8.8.8.8/", OPEN), ("https://a.example/", PROXIED)])
def test_nothing_is_looked_up_at_submit_where_there_is_no_need(url: str, policy: Policy) -> None:
    names = Names(["127.0.0.1"])
    submit(url, names, policy)
    assert names.asked == []


class StuckNames:
    """A name server that does not answer until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.n_asked = 0

    def getaddrinfo(self, *_: Any, **__: Any) -> list[tuple[Any, Any, Any, str, tuple[Any, ...]]]:
        self.n_asked += 1
        self.let_go.wait(60)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]


@pytest.fixture
def stuck() -> Iterator[StuckNames]:
    names = StuckNames()
    yield names
    names.let_go.set()


def test_a_slow_name_server_holds_nobody_up(stuck: StuckNames) -> None:
    lookup, started = Lookup(stuck.getaddrinfo), time.monotonic()
    asyncio.run(check_at_submit("https://a.example/", OPEN, lookup, 0.1))
    with pytest.raises(TimeoutError):
        resolve(check_url("https://a.example/", OPEN), OPEN, lookup, 0.1)
    assert time.monotonic() - started < 30


def test_lookups_under_way_are_bounded(stuck: StuckNames) -> None:
    lookup = Lookup(stuck.getaddrinfo, at_once=3)
    futures: list[Future[Any]] = [lookup.start("a.example", 443) for _ in range(10)]
    assert sum(future.done() for future in futures) == 7
    with pytest.raises(OSError, match="too many name lookups"):
        futures[-1].result()
    stuck.let_go.set()
    assert len(futures[0].result(60)) == 1
    assert stuck.n_asked == 3


def test_a_bounded_lookup_is_free_again_after_it_ended() -> None:
    lookup = Lookup(Names(NO_SUCH_NAME).getaddrinfo, at_once=1)
    for _ in range(5):
        with pytest.raises(socket.gaierror):
            lookup.start("a.example", 443).result(60)
