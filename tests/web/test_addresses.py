"""Addresses that lead to no row, however they are written."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from webtest import TestApp

from plugdesk.users.models import User


@pytest.mark.parametrize(
    "path",
    [
        "/tickets/99999999999999999999",
        "/customers/99999999999999999999",
        "/people/999999999999999999",
        "/forms/%00",
        "/customers/-1",
    ],
)
def test_a_number_or_name_no_row_can_have_is_not_found(admin: User, browse: Callable[[User], TestApp], path: str) -> None:
    browse(admin).get(path, status=404)


@pytest.mark.parametrize(
    "path", ["/customers?id=99999999999999999999", "/customers?q=%00", "/journal?before=99999999999999999999", "/system?jobs=x"]
)
def test_a_key_nobody_gave_out_is_the_first_page(admin: User, browse: Callable[[User], TestApp], path: str) -> None:
    browse(admin).get(path, status=200)
