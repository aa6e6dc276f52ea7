"""Settings are read once, completely, and their faults come together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.settings import Settings, SettingsFault

EXAMPLE = Path(__file__).parents[2] / "config" / "example.env"


def test_example_lists_every_setting_and_nothing_else() -> None:
    listed = set(re.findall(r"^MULTAQA_([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE))
    assert listed == {name.upper() for name in Settings.model_fields}


def test_example_values_are_the_defaults() -> None:
    lines = re.findall(r"^(MULTAQA_[A-Z_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE)
    assert Settings.load(dict(lines)) == Settings.load({})


def test_faults_are_reported_together() -> None:
    with pytest.raises(SettingsFault) as caught:
        Settings.load(
            {
                "MULTAQA_WORKERS": "3",
                "MULTAQA_PUBLIC_URL": "meet.example.org",
                "MULTAQA_MEDIA_ADDRESS": "here",
            }
        )
    message = str(caught.value)
    assert all(name in message for name in ("MULTAQA_WORKERS", "MULTAQA_PUBLIC_URL", "MULTAQA_MEDIA_ADDRESS"))


def test_faults_of_fields_and_of_combinations_are_reported_together() -> None:
    with pytest.raises(SettingsFault) as caught:
        Settings.load(
            {
                "MULTAQA_PORT": "many",
                "MULTAQA_PUBLC_URL": "https://meet.example.org",
                "MULTAQA_WORKERS": "3",
                "MULTAQA_MEDIA_ADDRESS": "here",
            }
        )
    told = [fault.split()[0].rstrip(":") for fault in caught.value.faults]
    assert sorted(told) == [
        "MULTAQA_MEDIA_ADDRESS",
        "MULTAQA_PORT",
        "MULTAQA_PUBLC_URL",
        "MULTAQA_WORKERS",
    ]


def test_demo_refuses_to_leave_loopback() -> None:
    with pytest.raises(SettingsFault, match="loopback"):
        Settings.load({"MULTAQA_HOST": "0.0.0.0"}, mode="demo")


def test_loopback_has_several_names_but_a_public_origin_has_one() -> None:
    assert "http://localhost:8000" in Settings.load({}).origins
    assert Settings.load({"MULTAQA_PUBLIC_URL": "https://meet.example.org"}).origins == {
        "https://meet.example.org"
    }


@pytest.mark.parametrize(
    ("told", "origin"),
    [
        ("https://Meet.Example.org/", "https://meet.example.org"),
        ("https://meet.example.org:443", "https://meet.example.org"),
        ("http://meet.example.org:8080", "http://meet.example.org:8080"),
        ("https://ملتقى.مثال", "https://xn--pgb2cedx.xn--mgbh0fb"),
        ("https://[2001:DB8::1]:444", "https://[2001:db8::1]:444"),
    ],
)
def test_public_url_is_told_as_browsers_write_it(told: str, origin: str) -> None:
    """Else the Origin of every page would be foreign."""
    settings = Settings.load({"MULTAQA_PUBLIC_URL": told})
    assert (settings.url, settings.origins) == (origin, frozenset({origin}))


@pytest.mark.parametrize(
    "url",
    ["meet.example.org", "ftp://a.org", "https://a.org/x", "https://a.org?x", "https://u@a.org", "http://a:99999"],
)
def test_public_url_is_an_origin_and_nothing_else(url: str) -> None:
    with pytest.raises(SettingsFault, match="MULTAQA_PUBLIC_URL"):
        Settings.load({"MULTAQA_PUBLIC_URL": url})


def test_loopback_may_be_of_the_newer_kind() -> None:
    settings = Settings.load({"MULTAQA_HOST": "::1"})
    assert settings.url == "http://[::1]:8000"
    assert settings.url in settings.origins


@pytest.mark.parametrize(
    ("environment", "host"),
    [
        ({}, "127.0.0.1"),
        ({"MULTAQA_HOST": "0.0.0.0", "MULTAQA_PUBLIC_URL": "http://localhost:8000"}, "0.0.0.0"),
        ({"MULTAQA_PUBLIC_URL": "https://meet.example.org"}, "0.0.0.0"),
        ({"MULTAQA_MEDIA_ADDRESS": "192.0.2.1"}, "0.0.0.0"),
    ],
)
def test_media_keeps_to_loopback_only_when_nobody_comes_from_elsewhere(
    environment: dict[str, str], host: str
) -> None:
    assert Settings.load(environment).media_host == host


def test_a_misspelt_name_is_a_fault() -> None:
    with pytest.raises(SettingsFault, match="MULTAQA_PUBLC_URL is not a setting"):
        Settings.load({"MULTAQA_PUBLC_URL": "https://meet.example.org"})
