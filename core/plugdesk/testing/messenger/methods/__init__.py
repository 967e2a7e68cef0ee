"""The methods of the Bot API, by their names in small letters.

https://core.telegram.org/bots/api#available-methods
"""

from __future__ import annotations

from plugdesk.testing.messenger.methods import about, changing, receiving, sending
from plugdesk.testing.messenger.methods.call import Method

METHODS: dict[str, Method] = {
    "getme": about.get_me,
    "setmycommands": about.set_my_commands,
    "getmycommands": about.get_my_commands,
    "deletemycommands": about.delete_my_commands,
    "getchat": about.get_chat,
    "getchatmember": about.get_chat_member,
    "leavechat": about.leave_chat,
    "getfile": about.get_file,
    "getupdates": receiving.get_updates,
    "setwebhook": receiving.set_webhook,
    "deletewebhook": receiving.delete_webhook,
    "getwebhookinfo": receiving.get_webhook_info,
    "sendmessage": sending.send_message,
    "sendphoto": sending.send_photo,
    "senddocument": sending.send_document,
    "sendvoice": sending.send_voice,
    "sendaudio": sending.send_audio,
    "sendvideo": sending.send_video,
    "sendmediagroup": sending.send_media_group,
    "sendchataction": sending.send_chat_action,
    "editmessagetext": changing.edit_message_text,
    "editmessagecaption": changing.edit_message_caption,
    "editmessagereplymarkup": changing.edit_message_reply_markup,
    "deletemessage": changing.delete_message,
    "deletemessages": changing.delete_messages,
    "answercallbackquery": changing.answer_callback_query,
    "setmessagereaction": changing.set_message_reaction,
}

__all__ = ["METHODS"]
