"""What stands on a page, for tests that look at its words and not at its markup."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser


def differences(page: str) -> dict[str, tuple[str, str]]:
    """What a page that was refused shows of two people's work: by label what was typed and what is saved, of long texts what differs."""
    found = {}
    for row in LexborHTMLParser(page).css("tr[data-changed]"):
        label, *cells = (cell.text() for cell in row.css("th, td"))
        if len(cells) == 1:
            cells = ["".join(part.text() for part in row.css(f"td[colspan] {name}")) for name in ("ins", "del")]
        yours, theirs = cells
        found[label] = (yours, theirs)
    return found
