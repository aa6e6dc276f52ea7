"""Moderators approve and merge while attendees vote, and 300 people answer a poll; Redis dies in the middle."""

from __future__ import annotations

import asyncio
import random

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from sqlmodel import Session

from server.actions import conference
from tests.e2e.chromium import PHONE, profile
from tests.e2e.conftest import Urls
from tests.e2e.house import House, database
from tests.e2e.steps import ask, button
from tests.e2e.words import word
from tests.support import client
from tests.support.people import Someone, enrol
from tests.support.services import RedisServer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(180)]
VOTERS = 300
AT_ONCE = 12
FIRST, AGAIN, OTHER = "كيف نحافظ على حماس المتطوّعين؟", "كيف نحافظ على حماس المتطوعين بعد شهر؟", "متى تُنشر الشرائح؟"
EACH = VOTERS // 3
