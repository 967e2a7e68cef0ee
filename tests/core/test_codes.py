"""Stable names made from what people call things."""

from __future__ import annotations

import pytest

from plugdesk.forms.codes import code_of, free_code


@pytest.mark.parametrize(
    ("label", "code"),
    [("Kind of device", "kind_of_device"), ("Щётка — это «вещь»", "shchetka_eto_veshch"), ("Größe (cm)", "grosse_cm"), ("naïve №5", "naive_no5"),
     ("  ", ""), ("日本", ""), ("a" * 60, "a" * 40), ("x" * 39 + " y", "x" * 39)],
)  # fmt: skip
def test_a_label_as_a_code(label, code):
    assert code_of(label) == code


def test_a_free_code_is_none_of_those_taken():
    assert free_code("Device", {"device", "device_2"}, otherwise="field") == "device_3"
    assert free_code("日本", (), otherwise="field") == "field"
    assert free_code("2nd line", (), otherwise="field") == "field_2nd_line"
