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


def test_demo_refuses_to_leave_loopback() -> None:
    with pytest.raises(SettingsFault, match="loopback"):
        Settings.load({"MULTAQA_HOST": "0.0.0.0"}, mode="demo")


def test_loopback_has_several_names_but_a_public_origin_has_one() -> None:
    assert "http://localhost:8000" in Settings.load({}).origins
    assert Settings.load({"MULTAQA_PUBLIC_URL": "https://meet.example.org"}).origins == {
        "https://meet.example.org"
    }


def test_a_misspelt_name_is_a_fault() -> None:
    with pytest.raises(SettingsFault, match="MULTAQA_PUBLC_URL is not a setting"):
        Settings.load({"MULTAQA_PUBLC_URL": "https://meet.example.org"})
