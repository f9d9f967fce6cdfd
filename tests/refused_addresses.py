"""Every form of an address that nothing of ours may call, with the trap's own where a form can carry it: {dotted}, {decimal},
{hex}, {octal}, {octets}, {hexes}, {short}, {wide}, {v6hex} (32 bits as IPv6 writes them) and {port} stand for it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Trap:
    """An IPv4 address of loopback that nobody else listens on, and a port of it."""

    dotted: str
    port: int

    def url(self, form: str) -> str:
        a, b, c, d = map(int, self.dotted.split("."))
        number = a << 24 | b << 16 | c << 8 | d
        return form.format(dotted=self.dotted, port=self.port, decimal=number, hex=f"0x{number:08x}", octal=f"0{number:o}",
                           octets=f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", hexes=f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}",
                           short=f"{a}.{b}.{c << 8 | d}", v6hex=f"{number >> 16:x}:{number & 0xffff:x}",
                           wide="".join(chr(ord(digit) - 48 + 0xFF10) if digit.isdigit() else digit for digit in self.dotted))


FORMS = {
    # Where it leads: IPv4
    "loopback": "https://{dotted}:8443/",
    "loopback, usual port": "https://127.0.0.1/",
    "this host": "https://0.0.0.0:8443/",
    "private 10/8": "https://10.0.0.1:8443/",
    "private 172.16/12": "https://172.16.0.1/",
    "private 192.168/16": "https://192.168.1.1/",
    "carriers' shared": "https://100.64.0.1/",
    "a cloud's metadata": "https://169.254.169.254/latest/meta-data/",
    "another cloud's metadata": "https://100.100.100.200/",
    "a third cloud's": "https://192.0.0.192/",
    "a cloud's host": "https://168.63.129.16/",
    "documentation": "https://203.0.113.1/",
    "benchmarks": "https://198.18.0.1/",
    "6to4 relay": "https://192.88.99.1/",
    "multicast": "https://224.0.0.1/",
    "reserved": "https://240.0.0.1/",
    "broadcast": "https://255.255.255.255/",
    # IPv6
    "IPv6 loopback": "https://[::1]:8443/",
    "IPv6 unspecified": "https://[::]:8443/",
    "IPv4-mapped": "https://[::ffff:{dotted}]:8443/",
    "IPv4-mapped, hexadecimal": "https://[::ffff:{v6hex}]:8443/",
    "IPv4-compatible": "https://[::{v6hex}]:8443/",
    "IPv4-translated": "https://[::ffff:0:{v6hex}]:8443/",
    "NAT64": "https://[64:ff9b::{v6hex}]:8443/",
    "local NAT64": "https://[64:ff9b:1::{v6hex}]:8443/",
    "6to4": "https://[2002:{v6hex}::1]:8443/",
    "Teredo": "https://[2001:0:{v6hex}::1]:8443/",
    "IPv6 discard": "https://[100::1]/",
    "IPv6 documentation": "https://[2001:db8::1]/",
    "unique local": "https://[fd00::1]/",
    "unique local metadata": "https://[fd00:ec2::254]/",
    "link-local": "https://[fe80::1]/",
    "link-local with a zone": "https://[fe80::1%25lo]:8443/",
    "site-local": "https://[fec0::1]/",
    "IPv6 multicast": "https://[ff02::1]/",
    # How it is written
    "decimal": "https://{decimal}:8443/",
    "hexadecimal": "https://{hex}:8443/",
    "octal": "https://{octal}:8443/",
    "octal parts": "https://{octets}:8443/",
    "hexadecimal parts": "https://{hexes}:8443/",
    "three parts": "https://{short}:8443/",
    "two parts": "https://127.1:8443/",
    "one part of zeros": "https://0:8443/",
    "leading zeros": "https://127.000.000.001:8443/",
    "full-width digits": "https://{wide}:8443/",
    "ideographic full stops": "https://127。0。0。1:8443/",
    "trailing dot": "https://{dotted}.:8443/",
    "trailing dot of a name": "https://localhost.:8443/",
    "percent-encoded host": "https://%31%32%37.0.0.1:8443/",
    # Names
    "localhost": "https://localhost:8443/",
    "LOCALHOST": "https://LOCALHOST:8443/",
    "full-width localhost": "https://ｌｏｃａｌｈｏｓｔ:8443/",
    # What stands around the host
    "user and password": "https://user:password@{dotted}:8443/",
    "user": "https://example.com@{dotted}:8443/",
    "a host for a user": "https://{dotted}:8443@example.com/",
    "backslash": "https://example.com\\@{dotted}:8443/",
    "fragment": "https://{dotted}:8443#@example.com/",
    "tab": "https://{dotted}\t:8443/",
    "new line": "https://{dotted}:8443/\r\nHost: example.com",
    "null": "https://{dotted}\x00.example.com:8443/",
    "no slashes": "https:{dotted}:8443/",
    "three slashes": "https:///{dotted}:8443/",
    "no scheme": "//{dotted}:8443/",
    # Schemes and ports
    "http": "http://{dotted}:{port}/",
    "http, usual port": "http://{dotted}/",
    "http to a public host": "http://8.8.8.8/",
    "file": "file:///etc/passwd",
    "ftp": "ftp://{dotted}:{port}/",
    "gopher": "gopher://{dotted}:{port}/_FLUSHALL",
    "unix": "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
    "another port": "https://{dotted}:{port}/",
    "another port of a public host": "https://8.8.8.8:22/",
    "Redis's port": "https://8.8.8.8:6379/",
    "port 0": "https://8.8.8.8:0/",
    "port beyond 16 bits": "https://8.8.8.8:65979/",
    "no host": "https:///",
    "nothing": "https://",
}
