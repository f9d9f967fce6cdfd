"""Which addresses the service calls for a client: public ones, over https, and none that leads inside.

A client chooses the URL and we make the call from within our network, so every rule here refuses more than it must rather
than less. Two entry points:

- `check_at_submit`: when a job comes in. Tells the client of a bad URL at once; a name that does not resolve passes.
- `check_url`, then `resolve`: at every attempt. The caller dials one of the very addresses that `resolve` returned: a name
  that answers a public address now and 127.0.0.1 a moment later (DNS rebinding) gains nothing.
"""

import asyncio
import ipaddress
import re
from dataclasses import dataclass
from typing import Literal, NoReturn
from urllib.parse import SplitResult, urlsplit

import idna

from speechmill.errors import InvalidRequest
from speechmill.lookup import Address, Lookup
from speechmill.settings import WebhookSettings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PORTS = (443, 8443)
PARAM = "webhook.url"
_DEFAULT_PORTS = {"https": 443, "http": 80}

# The IANA special-purpose registries, and what lies beside them. `is_global` alone is not enough: it holds 224.0.0.1,
# 192.0.0.192, 64:ff9b::/96, 2002::/16 and ::7f00:1 for global, and differs between versions of Python.
_NOT_PUBLIC_V4 = tuple(ipaddress.IPv4Network(network) for network in (
    "0.0.0.0/8",            # this host
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",                   # private
    "100.64.0.0/10",        # shared by carriers; a cloud keeps its metadata here
    "127.0.0.0/8",          # loopback
    "168.63.129.16/32",     # a public address on which Azure's hosts answer their guests
    "169.254.0.0/16",       # link-local; most clouds keep their metadata here
    "192.0.0.0/24",         # protocol assignments; a cloud keeps its metadata here
    "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",               # documentation
    "192.88.99.0/24",       # 6to4 relays
    "198.18.0.0/15",        # benchmarks
    "224.0.0.0/4",          # multicast
    "240.0.0.0/4",          # reserved, and broadcast
))
# Whatever is outside global unicast is refused as a whole: ::/96 (IPv4-compatible), 64:ff9b::/96 and 64:ff9b:1::/48 (NAT64),
# 100::/64 (discard), fc00::/7 (unique local), fe80::/10 and fec0::/10 (link- and site-local), ff00::/8 (multicast).
_GLOBAL_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = tuple(ipaddress.IPv6Network(network) for network in (
    "2001::/23",            # protocol assignments: Teredo, which carries an IPv4 address, and ORCHID
    "2001:db8::/32", "3fff::/20",                                      # documentation
    "2002::/16",            # 6to4: carries an IPv4 address
))

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LOOKS_LIKE_A_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_AUTHORITY = re.compile(r"(?:\[(?P<v6>[^\[\]]*)\]|(?P<host>[^\[\]:]+))(?::(?P<port>[0-9]{1,5}))?")
_INSIDE_NAMES = re.compile(r"[^.]+|.*\.(?:localhost|local|internal|lan|home\.arpa)")


@dataclass(frozen=True)
class Policy:
    """What is allowed beyond the rules. `by_name`: an egress proxy looks names up, so only the URL can be judged here, and
    the proxy itself must refuse to dial private addresses."""

    listed: tuple[Network, ...] = ()
    by_name: bool = False

    @classmethod
    def of(cls, settings: WebhookSettings) -> "Policy":
        return cls(tuple(map(ipaddress.ip_network, settings.allow_cidrs)), by_name=bool(settings.egress_proxy))

    def lists(self, address: Address) -> bool:
        """Whether the operator listed `address`; http and any port are then allowed too."""
        return any(_inner(address) in network for network in self.listed)


@dataclass(frozen=True)
class Target:
    """A URL that passed `check_url`, taken apart."""

    scheme: Literal["https", "http"]
    host: str                # ASCII, lower case; an IPv6 address without its brackets
    port: int
    path: str                # with the query; starts with "/"
    literal: Address | None  # when the host is an address

    @property
    def authority(self) -> str:
        """What the Host header says (RFC 9110 §7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def ordinary(self) -> bool:
        """Whether any public address may be called like this; if not, only one that the operator listed."""
        return self.scheme == "https" and self.port in PORTS


def check_url(url: str, policy: Policy) -> Target:
    """Judge `url` without looking its name up. Raises InvalidRequest(param="webhook.url") that says what would be right."""
    parts = _split(url)
    place = _AUTHORITY.fullmatch(parts.netloc)
    if place is None:
        _refuse("needs a host, and after it at most a port, as in https://example.com:8443/hook")
    literal = _literal(place["host"], place["v6"])
    host = str(literal) if literal else _name(place["host"] or "")
    scheme: Literal["https", "http"] = "https" if parts.scheme == "https" else "http"
    port = int(place["port"]) if place["port"] else _DEFAULT_PORTS[scheme]
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = Target(scheme, host, port, path, literal)
    if literal:
        _judge(target, (literal,), policy)
    else:
        _judge_name(target, policy)
    return target


def resolve(target: Target, policy: Policy, lookup: Lookup, timeout_s: float) -> tuple[Address, ...]:
    """The addresses to dial, in order. Every one that the name has must be allowed, else InvalidRequest is raised: a name
    with an address inside is no receiver's. Raises OSError when the name has none, or none is known in time."""
    if target.literal:
        return (_inner(target.literal),)
    addresses = lookup.start(target.host, target.port).result(timeout_s)
    _judge(target, addresses, policy)
    return tuple(map(_inner, addresses))


async def check_at_submit(url: str, policy: Policy, lookup: Lookup, timeout_s: float = 1.0, *, param: str = PARAM) -> None:
    """Judge `url` when a client names it, as `param`. A name that does not resolve in time passes: the receiver may be set up
    later, and every delivery checks again. Raises InvalidRequest that names `param`."""
    try:
        await _check(url, policy, lookup, timeout_s)
    except InvalidRequest as error:
        raise InvalidRequest(f"{param}{error.message.removeprefix(PARAM)}", param=param) from None


async def _check(url: str, policy: Policy, lookup: Lookup, timeout_s: float) -> None:
    target = check_url(url, policy)
    if target.literal or policy.by_name:
        return
    try:
        addresses = await asyncio.wait_for(asyncio.wrap_future(lookup.start(target.host, target.port)), timeout_s)
    except OSError:
        return
    _judge(target, addresses, policy)


def is_public(address: Address) -> bool:
    """Whether `address` is one host on the public internet. An IPv4 address mapped into IPv6 is judged as IPv4."""
    address = _inner(address)
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not any(address in network for network in _NOT_PUBLIC_V4)
    return (address in _GLOBAL_UNICAST_V6 and address.is_global
            and not any(address in network for network in _NOT_PUBLIC_V6))


def _split(url: str) -> SplitResult:
    if any(character <= " " or character in "\x7f\\" for character in url):
        _refuse("must hold no spaces, control characters or backslashes; percent-encode them")
    if "#" in url:
        _refuse("must have no fragment; leave out # and what follows it")
    try:
        parts = urlsplit(url)
    except ValueError:
        _refuse("is not a URL; give one like https://example.com/hook")
    if parts.scheme not in _DEFAULT_PORTS:
        _refuse("must start with https://")
    if "@" in parts.netloc:
        _refuse("must hold no user name or password; events are signed instead")
    if not (parts.path + parts.query).isascii():
        _refuse("has characters beyond ASCII in its path or query; percent-encode them")
    return parts


def _literal(host: str | None, v6: str | None) -> Address | None:
    """The address, if the host is one in its usual form: four decimal numbers, or IPv6 in brackets."""
    try:
        if v6 is None:
            return ipaddress.IPv4Address(host or "")
        address = ipaddress.IPv6Address(v6)
    except ValueError:
        if v6 is None:
            return None
        _refuse("has something in brackets that is not an IPv6 address")
    if address.scope_id is not None:
        _refuse("must name no network interface (%…) in an IPv6 address")
    if address.ipv4_mapped:
        _refuse(f"must give an IPv4 address as such: {address.ipv4_mapped}")
    return address


def _name(host: str) -> str:
    """`host` as DNS has it (UTS #46 and IDNA 2008 for what is beyond ASCII)."""
    try:
        name = host.lower() if host.isascii() else idna.encode(host, uts46=True, std3_rules=True).decode()
    except UnicodeError:
        _refuse("has a host name that IDNA does not allow; give a name like example.com")
    if len(name) > 253 or not _NAME.fullmatch(name):
        _refuse("has a host that is not a name: labels of letters, digits and inner hyphens with single dots between them, "
                "and no dot at the end")
    if _LOOKS_LIKE_A_NUMBER.fullmatch(name):
        _refuse("has a number for a host; give a name, or an IPv4 address as four decimal numbers without leading zeros")
    return name


def _judge_name(target: Target, policy: Policy) -> None:
    """What can be said of a name before it is looked up."""
    if not target.ordinary and (policy.by_name or not policy.listed):
        _refuse_extraordinary(target)
    if policy.by_name and _INSIDE_NAMES.fullmatch(target.host):
        _refuse("has a host name of a private network; give one that is public")


def _judge(target: Target, addresses: tuple[Address, ...], policy: Policy) -> None:
    if all(map(policy.lists, addresses)):
        return
    if not target.ordinary:
        _refuse_extraordinary(target)
    if not all(policy.lists(address) or is_public(address) for address in addresses):
        # The address that a name led to is not told: it may be one of ours that the client should not learn.
        what = f"{target.host} is not one" if target.literal else f"not all addresses of {target.host} are"
        _refuse(f"must lead to public addresses, and {what}. For a receiver on a private network, whoever runs this server "
                "lists all its addresses in SPEECHMILL_WEBHOOKS__ALLOW_CIDRS")


def _refuse_extraordinary(target: Target) -> NoReturn:
    if target.scheme != "https":
        _refuse("must start with https://")
    _refuse(f"must use port {PORTS[0]} or {PORTS[1]}, not {target.port}")


def _inner(address: Address) -> Address:
    """The IPv4 address inside ::ffff:0:0/96; any other address itself."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _refuse(why: str) -> NoReturn:
    raise InvalidRequest(f"{PARAM} {why}.", param=PARAM)
