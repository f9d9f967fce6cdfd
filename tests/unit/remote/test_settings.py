"""SPEECHMILL_REMOTE__…: what stands there is checked at the start."""

import pytest

from speechmill.settings import BadSettings, RemoteSettings, load_settings


@pytest.mark.parametrize(("name", "value", "said"), [
    ("WORKER__VOICE", "remote", "SPEECHMILL_REMOTE__URL must name a speech server"),
    ("REMOTE__URL", "kokoro:8880", "SPEECHMILL_REMOTE__URL: .*http://kokoro:8880/v1"),
    ("REMOTE__URL", "ftp://kokoro/v1", "must be an address like"),
    ("REMOTE__URL", "http://kokoro:99999/v1", "SPEECHMILL_REMOTE__URL"),
    ("REMOTE__URL", "http://me:pass-word@kokoro/v1", "SPEECHMILL_REMOTE__API_KEY is for a key"),
    ("REMOTE__URL", "http://kokoro/v1?x=1", "no query"),
    ("REMOTE__API_KEY", "two words", "SPEECHMILL_REMOTE__API_KEY: .*printable ASCII"),
    ("REMOTE__LANGUAGES", "en,klingonisch!", "'klingonisch!' is no language tag"),
    ("REMOTE__NAME", "a:b", "SPEECHMILL_REMOTE__NAME"),
    ("REMOTE__FIELDS", "azure", "SPEECHMILL_REMOTE__FIELDS"),
    ("REMOTE__SAMPLE_RATE_HZ", "44.1", "SPEECHMILL_REMOTE__SAMPLE_RATE_HZ"),
])
def test_a_wrong_one_is_named_and_no_secret_is_told(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    monkeypatch.setenv(f"SPEECHMILL_{name}", value)
    with pytest.raises(BadSettings, match=said) as error:
        load_settings()
    assert "pass-word" not in error.value.message
    assert "two words" not in error.value.message


@pytest.mark.parametrize(("given", "base"), [
    ("http://kokoro:8880", "http://kokoro:8880/v1"), ("http://kokoro:8880/", "http://kokoro:8880/v1"),
    ("https://api.openai.com/v1", "https://api.openai.com/v1"), ("http://[::1]:8000/v1/", "http://[::1]:8000/v1"),
    ("https://gateway.example/tts", "https://gateway.example/tts"), ("", "")])
def test_a_base_without_a_path_gets_openais(given: str, base: str) -> None:
    assert RemoteSettings(url=given).url == base
