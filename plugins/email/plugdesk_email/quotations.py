"""Which lines of a letter are older letters quoted in it."""

import re

from plugdesk_email.attribution import attribution_start, header_block_end, is_divider, is_rule

MAX_LINES = 50_000

_ABOVE_THIS_LINE = re.compile(
    r"^[\s>#*=\-]*(?:please )?(?:пишите|ответьте|отвечайте|reply|write|type your reply)\s+(?:выше|above)\s+(?:этой|this)\s+(?:строки|линии|line)\b",
    re.IGNORECASE,
)


def quoted_lines(lines: list[str]) -> list[bool]:
    """For each line whether it is quoted: marked by `>`, or below a line that says an older letter begins there.

    Below an attribution only the marked lines are the quotation, so that an answer written under it stays.
    """
    quoted = [False] * len(lines)
    index, count = 0, min(len(lines), MAX_LINES)
    while index < count:
        line = lines[index].lstrip()
        if not line:
            pass
        elif line.startswith(">") and line.rstrip() != ">:":
            quoted[index] = not line.startswith(">>>") or _is_in_quotation(lines, index)
        elif _ABOVE_THIS_LINE.match(line) or is_divider(line) or header_block_end(lines, index) is not None:
            _quote_all_below(lines, quoted, index)
            break
        elif (first := attribution_start(lines, index)) is not None:
            quoted[first : index + 1] = [True] * (index + 1 - first)
            following = next((each.lstrip() for each in lines[index + 1 :] if each.strip()), ">")
            if not following.startswith(">"):
                _quote_all_below(lines, quoted, first)
                break
        index += 1
    return quoted


def _quote_all_below(lines: list[str], quoted: list[bool], first: int) -> None:
    """From `first` on everything is older; so are lines drawn just above."""
    while first and (not lines[first - 1].strip() or is_rule(lines[first - 1])):
        first -= 1
    quoted[first:] = [True] * (len(lines) - first)


def _is_in_quotation(lines: list[str], index: int) -> bool:
    """Whether `>>>` is a deep quotation and not the prompt of a program."""
    near = [line.strip() for line in lines[max(index - 3, 0) : index] if line.strip()]
    return bool(near) and (near[-1].startswith(">") or near[-1].endswith(":"))
