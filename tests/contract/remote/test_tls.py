"""A speech server behind https: its certificate counts, and a cancel is as quick."""

import ssl
import threading
from pathlib import Path

import pytest
import trustme

from speechmill.errors import VoiceFailed
from speechmill.settings import RemoteSettings
from tests.contract.remote.listening import heard, remote, say
from tests.contract.remote.speech_server import hang, pcm16, sound, speech_server, tone
from worker.voices.remote.voice import Remote
from worker.voices.seam import Cancelled


def certificate(authority: trustme.CA, host: str = "localhost") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    return context


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> trustme.CA:
    """One that this machine trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return authority


def test_speech_comes_over_https(authority: trustme.CA) -> None:
    with speech_server(sound(), tls=certificate(authority)) as server, remote(server) as voice:
        assert len(heard(say(voice))) == 24_000


@pytest.mark.parametrize("host", ["localhost", "elsewhere.example"])
def test_a_certificate_that_is_not_trusted_or_of_another_host_ends_the_warm_up(authority: trustme.CA, host: str) -> None:
    signed_by = trustme.CA() if host == "localhost" else authority
    with speech_server(sound(), tls=certificate(signed_by, host)) as server:
        with pytest.raises(VoiceFailed, match="certificate is not trusted"):
            Remote(RemoteSettings(url=server.url), speech_slots=4).warm_up()
        assert server.asked == []


def test_a_cancel_ends_a_stream_over_https_at_once(authority: trustme.CA) -> None:
    with speech_server(tls=certificate(authority)) as server, remote(server) as voice:
        server.speech = [hang(server.ended, b"HTTP/1.1 200 OK\r\ncontent-type: audio/pcm\r\n\r\n" + pcm16(tone()))]
        speech = say(voice)
        chunks = speech.chunks()
        next(chunks)
        threading.Timer(0.3, speech.cancel).start()
        with pytest.raises(Cancelled):
            list(chunks)
