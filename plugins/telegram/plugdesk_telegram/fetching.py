"""Files at Telegram's, fetched while no transaction is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from plugdesk.api import Context, NewFile, RetryLater, Update, format_file_size
from plugdesk.api import gettext as _
from plugdesk_telegram.botapi import BotApi, Refused, TelegramError
from plugdesk_telegram.connections import account_of, api_to, in_words
from plugdesk_telegram.contents import RemoteFile
from plugdesk_telegram.models import Bot
from plugdesk_telegram.updates import mapping, text

MOST = 20 * 1024 * 1024  # https://core.telegram.org/bots/api#getfile
MOST_SHOWN = 20_000_000  # Telegram itself calls it 20 MB
PATIENCE = timedelta(days=1)
RETRY_SECONDS = (5.0, 30.0, 120.0, 600.0)


@dataclass(frozen=True)
class Fetched:
    """The files that came, and a sentence about each that did not."""

    files: tuple[NewFile, ...] = ()
    problems: tuple[str, ...] = ()


def fetch(ctx: Context, bot: Bot, wanted: Sequence[RemoteFile], update: Update) -> Fetched:
    """Fetch files of an update. While Telegram cannot be reached, `RetryLater`: for a day, then it is said that they are missing."""
    if not wanted:
        return Fetched()
    account = account_of(ctx, bot)
    files, problems = list[NewFile](), list[str]()
    ctx.checkpoint()  # a download takes its time
    api, age = api_to(ctx, account), ctx.now - update.at
    for each in wanted:
        try:
            content = _content(api, each)
        except TelegramError as error:
            passes = not isinstance(error, Refused) or error.is_theirs or error.retry_after or error.code == 401
            if passes and age < PATIENCE:
                wait = next((seconds for seconds in RETRY_SECONDS if age.total_seconds() < seconds * 4), RETRY_SECONDS[-1])
                raise RetryLater(getattr(error, "retry_after", 0) or wait, in_words(error, account)) from None
            content = None
            ctx.log.info("A file of update %s could not be fetched: %s", update.external_id, error)
        if content is None:
            problems.append(_missing(each))
        else:
            files.append(NewFile(each.name, content, each.type))
    return Fetched(tuple(files), tuple(problems))


def _content(api: BotApi, file: RemoteFile) -> bytes | None:
    """The bytes of a file; None for one Telegram gives to no bot. A path that has expired is asked for anew."""
    if file.size > MOST:
        return None
    for last in (False, True):
        try:
            path = text(mapping({"result": api.call("getFile", file_id=file.id)}, "result"), "file_path")
            return api.download(path.lstrip("/"), most=MOST) if path else None
        except Refused as error:
            if error.code == 400 and error.says("too big"):
                return None
            if error.code != 404 or last:
                raise
    return None


def _missing(file: RemoteFile) -> str:
    if file.size > MOST:
        return _(
            "(The file “%(name)s” of %(size)s stayed at Telegram: a bot is given at most %(most)s.)",
            name=file.name, size=format_file_size(file.size), most=format_file_size(MOST_SHOWN),
        )  # fmt: skip
    return _("(The file “%(name)s” could not be fetched from Telegram.)", name=file.name)
