"""What stands on a page, for tests that look at its words and not at its markup."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser


def differences(page: str) -> dict[str, tuple[str, str]]:
    """What a page that was refused shows of two people's work: by label what was typed and what is saved."""
    rows = [[cell.text() for cell in row.css("th, td")] for row in LexborHTMLParser(page).css("tr[data-changed]")]
    return {label: (yours, theirs) for label, yours, theirs in rows}
