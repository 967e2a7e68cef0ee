"""The judge nobody here wrote: aiogram drives the local messenger, and its models know every key that comes.

aiogram takes seconds to import: only these tests do so, when they run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from plugdesk.testing.messenger import LocalMessenger, Person, new_file, picture
from tests.core.testing.messenger.calls import Api

if TYPE_CHECKING:
    from aiogram import Bot

pytestmark = pytest.mark.needs("aiogram")


@pytest.fixture
def judged(messenger: LocalMessenger, token: str) -> Callable[[Callable[[Bot], Awaitable[None]]], list[Any]]:
    """`judged(story)` runs the story with aiogram's bot; every answer is checked, and returned in the end."""

    def run(story: Callable[[Bot], Awaitable[None]]) -> list[Any]:
        from aiogram import Bot
        from aiogram.client.session.aiohttp import AiohttpSession
        from aiogram.client.telegram import TelegramAPIServer

        seen = []

        class Strict(AiohttpSession):
            def check_response(self, bot: Any, method: Any, status_code: int, content: str) -> Any:
                answer = super().check_response(bot, method, status_code, content)
                raw = self.json_loads(content)["result"]
                assert _plain(answer.result) == raw
                assert list(_strangers(answer.result)) == []
                seen.append(answer.result)
                return answer

        async def play() -> None:
            async with Strict(api=TelegramAPIServer.from_base(messenger.address)) as session:
                await story(Bot(token, session=session))

        asyncio.run(play())
        return seen

    return run


def _plain(result: Any) -> Any:
    if isinstance(result, list):
        return [_plain(each) for each in result]
    return result.model_dump(mode="json", by_alias=True, exclude_unset=True) if hasattr(result, "model_dump") else result


def _strangers(result: Any, path: str = "") -> Iterator[str]:
    """Keys that the documented type of a value does not have."""
    if isinstance(result, list):
        for index, each in enumerate(result):
            yield from _strangers(each, f"{path}[{index}]")
    elif hasattr(result, "model_fields_set"):
        yield from (f"{path}.{key}" for key in result.model_extra or {})
        for name in result.model_fields_set:
            yield from _strangers(getattr(result, name, None), f"{path}.{name}")


def test_the_judge_finds_a_misspelt_key() -> None:
    from aiogram.types import Update

    person = {"id": 1, "is_bot": False, "first_name": "Ann", "lastname": "Carter"}
    message = {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}, "from": person, "txt": "x"}
    update = Update.model_validate({"update_id": 1, "message": message})
    assert sorted(_strangers(update)) == [".message.from_user.lastname", ".message.txt"]


def test_everything_a_person_does_is_an_update_as_documented(
    judged: Any, messenger: LocalMessenger, api: Api, ann: Person, bob: Person, token: str
) -> None:
    api.ok("getUpdates", allowed_updates=["message", "edited_message", "my_chat_member", "message_reaction"])
    first = ann.write(
        token, "<b>The</b> <a href='https://example.com'>till</a> <pre><code class='language-py'>x</code></pre> /help", html=True
    )
    ann.write(token, "Again", reply_to=first, forwarded_from="Carl")
    ann.send_photo(token, caption="Look")
    ann.send_document(token, b"%PDF", "чек.pdf", "Receipt")
    ann.send_voice(token)
    ann.send_audio(token)
    ann.send_video(token)
    ann.send_video_note(token)
    ann.send_sticker(token)
    ann.send_location(token, 55.75, 37.61)
    ann.send_album(token, [new_file("photo", picture()), new_file("photo", picture(30, 30))], "Two")
    ann.share_contact(token)
    ann.edit(first, "Never mind")
    ann.block(token)
    ann.unblock(token)
    group = messenger.group("Team", ann, [bob, token])
    bob.write(group, "Hey @shop_bot")
    group.promote(token)
    bob.react(bob.write(group, "All"), "👍")
    group.rename("Crew")
    group.remove(bob)
    group.become_supergroup()
    kinds: list[str] = []

    async def fetch(bot: Bot) -> None:
        for update in await bot.get_updates():
            kinds.append(update.event_type)

    judged(fetch)
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "message": 21,
        "edited_message": 1,
        "my_chat_member": 4,
        "message_reaction": 1,
    }


def test_every_method_takes_what_aiogram_sends_and_gives_what_it_expects(
    judged: Any, messenger: LocalMessenger, ann: Person, token: str
) -> None:
    pressed = []

    async def work(bot: Bot) -> None:
        from aiogram.types import (
            BotCommand,
            BufferedInputFile,
            InlineKeyboardButton,
            InlineKeyboardMarkup,
            InputMediaDocument,
            InputMediaPhoto,
            KeyboardButton,
            LinkPreviewOptions,
            ReactionTypeEmoji,
            ReplyKeyboardMarkup,
            ReplyKeyboardRemove,
            ReplyParameters,
        )

        await bot.get_me()
        asked = (await bot.get_updates())[-1].message
        assert asked is not None
        stars = InlineKeyboardMarkup(
            inline_keyboard=[
                [InlineKeyboardButton(text="5", callback_data="5"), InlineKeyboardButton(text="Site", url="https://example.com")]
            ]
        )
        sent = await bot.send_message(
            ann.id,
            "<b>Hi</b> 👍 https://example.com",
            parse_mode="HTML",
            reply_markup=stars,
            reply_parameters=ReplyParameters(message_id=asked.message_id),
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )
        keyboard = ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="My number", request_contact=True)]], resize_keyboard=True)
        await bot.send_message(ann.id, "Your number?", reply_markup=keyboard)
        await bot.send_message(ann.id, "No", reply_markup=ReplyKeyboardRemove())
        file = BufferedInputFile(b"hello", "чек.txt")
        document = (await bot.send_document(ann.id, file, caption="_Receipt_", parse_mode="MarkdownV2")).document
        photo = await bot.send_photo(ann.id, BufferedInputFile(picture(), "a.png"))
        await bot.send_voice(ann.id, BufferedInputFile(b"OggS", "a.ogg"), duration=3)
        await bot.send_audio(ann.id, BufferedInputFile(b"ID3", "a.mp3"), title="Song", performer="Ann", duration=4)
        await bot.send_video(ann.id, BufferedInputFile(b"ftyp", "a.mp4"), duration=5)
        assert document and photo.photo
        await bot.send_media_group(
            ann.id,
            [
                InputMediaPhoto(media=photo.photo[-1].file_id, caption="One"),
                InputMediaPhoto(media=BufferedInputFile(picture(), "b.png")),
            ],
        )
        await bot.send_media_group(
            ann.id, [InputMediaDocument(media=BufferedInputFile(b"a", "a.txt")), InputMediaDocument(media=document.file_id)]
        )
        fetched = await bot.get_file(document.file_id)
        assert fetched.file_path
        content = await bot.download_file(fetched.file_path)
        assert content is not None and content.read() == b"hello"
        await bot.send_chat_action(ann.id, "typing")
        pressed.append(ann.press(ann.chat(token).messages[1], "5"))
        query = (await bot.get_updates(offset=-1))[0].callback_query
        assert query is not None
        await query.answer("Thanks!")
        await bot.edit_message_reply_markup(chat_id=ann.id, message_id=sent.message_id)
        await bot.edit_message_text("Thanks: <b>5</b>", chat_id=ann.id, message_id=sent.message_id, parse_mode="HTML")
        await bot.edit_message_caption(chat_id=ann.id, message_id=photo.message_id, caption="Later")
        await bot.set_message_reaction(ann.id, asked.message_id, [ReactionTypeEmoji(emoji="👍")])
        await bot.delete_message(ann.id, sent.message_id)
        await bot.delete_messages(ann.id, [photo.message_id])
        await bot.set_my_commands([BotCommand(command="help", description="What I can do")])
        await bot.get_my_commands()
        await bot.get_chat(ann.id)
        await bot.get_chat_member(ann.id, ann.id)
        await bot.set_webhook("https://desk.example/in", secret_token="secret", allowed_updates=["message", "callback_query"])
        await bot.get_webhook_info()
        await bot.delete_webhook(drop_pending_updates=True)
        group = messenger.group("Team", ann, [token])
        await bot.get_chat(group.id)
        for member in (ann.id, bot.id):
            await bot.get_chat_member(group.id, member)
        group.promote(token)
        await bot.get_chat_member(group.id, bot.id)
        await bot.leave_chat(group.id)

    judged(work)
    assert pressed[0].answer.text == "Thanks!"
    assert [message.html for message in ann.chat(token).messages if message.file][:1] == ["<i>Receipt</i>"]


def test_every_refusal_is_understood(judged: Any, messenger: LocalMessenger, ann: Person, bob: Person, token: str) -> None:
    group = messenger.group("Team", ann, [token])
    group.become_supergroup()

    async def fail(bot: Bot) -> None:
        from aiogram import exceptions as wrong

        with pytest.raises(wrong.TelegramBadRequest, match="chat not found"):
            await bot.send_message(bob.id, "x")
        with pytest.raises(wrong.TelegramMigrateToChat) as moved:
            await bot.send_message(group.id, "x")
        assert group.became and moved.value.migrate_to_chat_id == group.became.id
        ann.block(token)
        with pytest.raises(wrong.TelegramForbiddenError, match="bot was blocked by the user"):
            await bot.send_message(ann.id, "x")
        messenger.fail("getMe", 429, "Too Many Requests: retry after 3", retry_after=3)
        with pytest.raises(wrong.TelegramRetryAfter) as limited:
            await bot.get_me()
        assert limited.value.retry_after == 3
        messenger.fail("getMe", 500, "Internal Server Error")
        with pytest.raises(wrong.TelegramServerError):
            await bot.get_me()
        await bot.set_webhook("https://desk.example/in")
        with pytest.raises(wrong.TelegramConflictError, match="webhook is active"):
            await bot.get_updates()
        messenger.revoke(token)
        with pytest.raises(wrong.TelegramUnauthorizedError):
            await bot.get_updates()

    judged(fail)
