"""Settings come from the environment; a wrong one stops the start and is named."""

import pytest
from pydantic import ValidationError

from speechmill.cli.configuration import page
from speechmill.settings import BadSettings, Settings, WorkerSettings, load_settings
from speechmill.webhook import new_secret


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
    ("SPEECHMILL_WEBHOOKS__SECRET", "my-secret", "SPEECHMILL_WEBHOOKS__SECRET: .*must be whsec_ and then"),
    ("SPEECHMILL_WORKER__VOICE", "qwen3", "SPEECHMILL_ENGINE__CHECKPOINT must name .* is qwen3"),
    ("SPEECHMILL_ENGINE__DEVICE", "tpu", "SPEECHMILL_ENGINE__DEVICE"),
    ("SPEECHMILL_REDIS__URL", "http://redis:6379", "SPEECHMILL_REDIS__URL: .*redis://user:password@host:6379/0"),
    ("SPEECHMILL_REDIS__URL", "redis://redis/0?ssl_ca_certs=ca.pem", "ssl_ca_certs, which is for rediss:// alone"),
    ("SPEECHMILL_REDIS__URL", "rediss://redis/0?ssl_cert_reqs=none", "knows no option 'ssl_cert_reqs'"),
    ("SPEECHMILL_REDIS__URL", "rediss://redis/0?ssl_ca_certs=/no/such/ca.pem", "no file which can be read: /no/such/ca.pem"),
])
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSettings, match=said):
        load_settings()


@pytest.mark.parametrize(("speech_slots", "cpu_slots", "reserved", "speech_batch", "cpu_batch"), [
    (4, 4, 1, 3, 3),
    (256, 4, 8, 248, 2),
    (256, 2, 255, 1, 1),
    (256, 64, 8, 248, 56),
])
def test_what_a_gpu_keeps_free_never_takes_more_than_half_of_a_cpu_worker(
        speech_slots: int, cpu_slots: int, reserved: int, speech_batch: int, cpu_batch: int) -> None:
    worker = WorkerSettings(speech_slots=speech_slots, cpu_slots=cpu_slots, reserved_slots=reserved)
    assert (worker.batch_slots("speech"), worker.batch_slots("cpu")) == (speech_batch, cpu_batch)


def test_settings_do_not_change_and_do_not_show_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = new_secret()
    monkeypatch.setenv("SPEECHMILL_WEBHOOKS__SECRET", secret)
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.redis.url = "redis://elsewhere"  # type: ignore[misc]
    assert secret.removeprefix("whsec_") not in repr(settings)


def test_the_password_of_redis_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECHMILL_REDIS__URL", "rediss://mill:very_secret@redis.example:6379/0")
    settings = load_settings()
    assert settings.redis.url.startswith("rediss://mill:very_secret@")
    assert "very_secret" not in repr(settings)


def test_every_setting_is_described_on_the_configuration_page() -> None:
    text = page()
    for group, info in Settings.model_fields.items():
        for field, setting in info.annotation.model_fields.items():  # type: ignore[union-attr]
            assert f"`SPEECHMILL_{group}__{field}`".upper() in text
            assert setting.description
