"""Settings come from the environment; a wrong one stops the start and is named."""

import pytest
from pydantic import ValidationError

from speechmill.cli.configuration import page
from speechmill.settings import BadSettings, Settings, load_settings


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("SPEECHMILL_"):
            monkeypatch.delenv(name)


def test_a_setting_is_its_group_and_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECHMILL_S3__BUCKET", "books")
    monkeypatch.setenv("SPEECHMILL_PRODUCER__CORS_ORIGINS", "https://a.example, https://b.example")
    settings = load_settings()
    assert settings.s3.bucket == "books"
    assert settings.producer.cors_origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(("name", "value", "said"), [
    ("SPEECHMILL_PRODUCER__PORT", "many", "SPEECHMILL_PRODUCER__PORT"),
    ("SPEECHMILL_BLOBS__KIND", "tape", "'folder' or 's3'"),
    ("SPEECHMILL_WORKER__SPEECH_SLOTS", "1", "greater than or equal to 2"),
    ("SPEECHMILL_WORKER__RESERVED_SLOTS", "4", "SPEECHMILL_WORKER: .*batch work would never run"),
    ("SPEECHMILL_WORKER__COLOUR", "red", "SPEECHMILL_WORKER__COLOUR"),
    ("SPEECHMILL_COLOUR", "red", "No such setting: SPEECHMILL_COLOUR"),
    ("SPEECHMILL_WEBHOOKS__ALLOW_CIDRS", "10.0.0.0/99", "SPEECHMILL_WEBHOOKS__ALLOW_CIDRS"),
])
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSettings, match=said):
        load_settings()


def test_settings_do_not_change_and_do_not_show_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECHMILL_WEBHOOKS__SECRET", "whsec_very_secret")
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.redis.url = "redis://elsewhere"
    assert "very_secret" not in repr(settings)


def test_every_setting_is_described_on_the_configuration_page() -> None:
    text = page()
    for group, info in Settings.model_fields.items():
        for field, setting in info.annotation.model_fields.items():  # type: ignore[union-attr]
            assert f"`SPEECHMILL_{group}__{field}`".upper() in text
            assert setting.description
