"""What a request to each route carries so that it does its work, and which object each row of `access.txt` means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MISSING = 999_999
NO_NAME = "nowhere"

# The parts of an address, by the row's object. A value is the name of a thing of the world, or with = a text.
OBJECTS: Mapping[str, Mapping[str, str]] = {
    "-": {}, "ticket": {}, "session": {"user_id": "person"}, "key": {}, "form": {}, "plugin": {}, "file": {"plugin": "=button", "name": "=css/base.css"}, "token": {}, "mailbox": {}, "letter": {}, "bot": {}, "update": {}, "webhook": {"key": "webhook_key"}, "billingsbot": {"bot_id": "their_bot"}, "rule": {}, "billingsrule": {"rule_id": "their_rule"}, "replay": {}, "billingsreplay": {"replay_id": "their_replay"}, "group": {}, "job": {}, "delivery": {}, "message": {},
    "style": {"name": "=css/base.css"}, "view": {"slug": "=open"}, "bin": {"number": "bin"}, "failed": {"message_id": "failed"}, "answered": {"message_id": "answered"}, "arrived": {"message_id": "arrived"},
    "queued": {"message_id": "queued"}, "secret": {"key": "secret"}, "upload": {"key": "upload"}, "customer": {}, "ann": {"user_id": "ann"},
    "colleague": {"user_id": "agent_id"}, "anothers": {"user_id": "ann"}, "field": {"code": "=priority"}, "status": {"code": "=in_progress"}, "section": {}, "press": {"plugin": "=button", "name": "=press"}, "button": {"plugin": "=button"},
    "deskwide": {"plugin": "=demo"}, "chatter": {"number": "chatter", "message": "=1"}, "billings": {"mailbox_id": "their_mailbox"}, "person": {"user_id": "person"}, "absence": {"user_id": "person"},
    "payable": {"number": "payable"}, "paypress": {"number": "payable", "plugin": "=button", "name": "=press"}, "payfailed": {"message_id": "payfailed"},
    "process": {"name": "=repair"}, "action": {}, "billingsaction": {"action_id": "their_action"}, "act": {"code": "=payment_received"}, "payact": {"number": "payable", "code": "=payment_received"}, "payrefuse": {"number": "payable", "code": "=refuse"},
    "wanted": {"code": "=a-question"}, "link": {}, "requestform": {}, "billingsrequestform": {"request_form_id": "their_request_form"},
    "billingsact": {"number": "elsewhere", "code": "=payment_received"},
    "tag": {}, "signinlink": {"token": "sign_in_link"}, "bobsrequest": {"number": "bobs"},
    "canned": {"plugin": "=faq", "name": "=canned"}, "paycanned": {"number": "payable", "plugin": "=faq", "name": "=canned"},
    "answer": {}, "billingsanswer": {"answer_id": "their_answer"}, "ownanswer": {"answer_id": "own_answer"}, "folder": {}, "ownfolder": {"folder_id": "own_folder"},
    "merged": {"number": "merged"}, "linked": {"other": "bobs"}, "paid": {"message_id": "paid"}, "payfile": {"key": "payfile"}, "clara": {"user_id": "clara"},
}  # fmt: skip

# Which part of the address is taken away for the column `missing`; every other object is its rule's last part.
MISSING_PART: Mapping[str, str] = {
    "plugin": "plugin",
    "deskwide": "plugin",
    "style": "name",
    "file": "plugin",
    "press": "number",
    "paypress": "number",
    "button": "plugin",
    "chatter": "number",
}

SERVERS = {
    f"{kind}_{name}": value
    for kind in ("imap", "smtp")
    for name, value in (("host", "mail.example"), ("port", "993"), ("security", "tls"))
}
MAILBOX = {"address": "new@desk.example", "password": "s3cret", "untested": "1", **SERVERS}

# A value that is {thing} stands for that thing of the world.
BODIES: Mapping[str, Mapping[str, Any]] = {
    "POST /sign-in": {"email": "nobody@desk.example", "password": "wrong wrong wrong"},
    "POST /portal/sign-in": {"email": "ann@home.example", "password": "wrong wrong wrong"},
    "POST /portal/profile": {"name": "Ann B. Carter", "language": "en"},
    "POST /portal/profile/password": {"password": "eleven grey herons"},
    "POST /portal/sign-in/link": {"email": "ann@home.example"},
    "POST /portal/requests/<int:number>/replies": {"text": "Still beeping."},
    "POST /portal/requests/<int:number>/reading": {"last": "{arrived}"},
    "POST /set-up": {"desk": "Mine", "name": "Eve", "email": "eve@evil.example", "password": "eleven grey herons", "language": "en", "zone": "Europe/Berlin"},
    "POST /p/<slug>/csat/<token>": {"mark": "4", "comment": "Quick"},
    "POST /account": {"name": "Somebody Else", "language": "en", "zone": "Europe/Berlin", "theme": ""},
    "POST /account/preferences": {"theme": "dark"},
    "POST /account/password": {"old": "{password}", "password": "eleven grey herons stand"},
    "POST /tickets": {"form": "{slug}", "customer": "new@home.example", "name": "Carol", "subject": "Called", "text": "She called."},
    "POST /tickets/fields": {"form": "{slug}", "asked_id": "new", "field-priority-here": "1", "field-priority": "high"},
    "POST /tickets/<int:number>/assignment": {"group": "{group_id}"},
    "POST /tickets/<int:number>/form": {"form": "{slug}"},
    "POST /tickets/<int:number>/status": {"status": "waiting"},
    "POST /tickets/<int:number>/fields": {"field-priority-here": "1", "field-priority": "high"},
    "POST /tickets/<int:number>/subject": {"subject": "Another one"},
    "POST /tickets/<int:number>/watching": {"on": "1"},
    "POST /tickets/<int:number>/draft": {"mode": "reply", "text": "Dear Ann"},
    "POST /tickets/<int:number>/notes": {"text": "A note"},
    "POST /tickets/<int:number>/replies": {"text": "An answer", "seen": "{last}"},
    "POST /tickets/<int:number>/merging": {"into": "{bobs}"},
    "POST /tickets/<int:number>/splitting": {"message": "{message_id}", "subject": "The picture"},
    "POST /tickets/<int:number>/links": {"other": "{bobs}", "kind": "related"},
    "POST /tickets/<int:number>/subtasks": {"whom": "{whom}", "text": "Who knows?"},
    "POST /messages/<int:message_id>/correction": {"text": "Try the other cable, please."},
    "POST /messages/<int:message_id>/forwardings": {"to": "expert@other.example", "comment": "Please look"},
    "POST /uploads": {"file": b"Hello"},
    "POST /customers/<int:user_id>": {"name": "Ann B. Carter", "kind": "person"},
    "POST /customers/<int:user_id>/joining": {"other": "{ann}"},
    "POST /customers/<int:user_id>/identities": {"value": "ann@work.example"},
    "POST /tickets/selection": {"do": "accept", "ticket": "{number}"},
    "POST /tickets/<int:number>/tags": {"name": "VIP"},
    "POST /customers/<int:user_id>/tags": {"name": "VIP"},
    "POST /tags": {"name": "Spare part", "tone": "red"},
    "POST /tags/<int:tag_id>": {"name": "Gold", "tone": "amber"},
    "POST /forms": {"name": "Repairs"},
    "POST /forms/<slug>": {"name": "Helpdesk", "language": "en"},
    "POST /forms/<slug>/agents": {"who": "{stranger_key}"},
    "POST /forms/<slug>/agents/rights": {"only_assignee": "1"},
    "POST /forms/<slug>/fields": {"kind": "text", "label": "Room"},
    "POST /forms/<slug>/fields/<code>": {"label": "Urgency", "choice-code": "normal", "choice-label": "Normal", "choice-tone": ""},
    "POST /forms/<slug>/fields/order": {"order": "{fields}"},
    "POST /forms/<slug>/statuses/order": {"order": "{statuses}"},
    "POST /forms/<slug>/fields/preview": {"kind": "text", "label": "Room"},
    "POST /forms/<slug>/sections": {"title": "Workshop"},
    "POST /forms/<slug>/sections/<section>": {"title": "Shipping"},
    "POST /forms/<slug>/sections/<section>/move": {"by": "up"},
    "POST /forms/<slug>/statuses": {"name": "Waiting for parts", "kind": "pending"},
    "POST /forms/<slug>/statuses/behaviour": {"waits_on_reply": "1", "reopen_days": "7"},
    "POST /forms/<slug>/statuses/<code>": {"name": "At work", "kind": "open"},
    "POST /forms/<slug>/statuses/<code>/deletion": {"move_to": "new"},
    "POST /forms/<slug>/statuses/<code>/move": {"by": "up"},
    "POST /forms/<slug>/x/email/mailboxes": MAILBOX,
    "POST /forms/<slug>/x/email/mailboxes/<int:mailbox_id>": MAILBOX | {"address": "other@desk.example"},
    "POST /forms/<slug>/x/email/test": MAILBOX | {"imap_host": "127.0.0.1", "smtp_host": "127.0.0.1", "mailbox": "{mailbox_id}"},
    "POST /forms/<slug>/x/routing/rules": {"name": "Another", "group": "{group_id}", "is_on": "1"},
    "POST /forms/<slug>/x/routing/rules/<int:rule_id>": {"name": "Other", "group": "{group_id}", "version": "{rule_version}"},
    "POST /forms/<slug>/x/routing/rules/<int:rule_id>/switch": {"on": ""},
    "POST /forms/<slug>/x/routing/order": {"order": "{rules}"},
    "POST /forms/<slug>/x/routing/ready/<code>": {"group-high": "{group_id}"},
    "POST /forms/<slug>/x/routing/replays": {"name": "Another", "group": "{group_id}", "most": "100"},
    "POST /forms/<slug>/x/workflow/actions": {"name": "Another", "statuses": "new", "agents": "1", "assignment": "leave"},
    "POST /forms/<slug>/x/workflow/actions/<int:action_id>": {"name": "Other", "statuses": "new", "agents": "1", "version": "{action_version}"},
    "POST /forms/<slug>/x/workflow/actions/<int:action_id>/switch": {"on": ""},
    "POST /forms/<slug>/x/workflow/actions/<int:action_id>/move": {"by": "up", "status": "new"},
    "POST /forms/<slug>/x/workflow/order": {"order": "{actions}"},
    "POST /forms/<slug>/x/workflow/tickets/<int:number>/<code>": {"text": "It is here."},
    "POST /p/<slug>/webform/<code>": {"token": "{form_token}", "work": "{form_work}", "email": "ann@home.example", "subject": "Hello", "text": "Hi"},
    "POST /p/<slug>/webform/<code>/fields": {"field-priority-here": "1", "field-priority": "high"},
    "POST /forms/<slug>/x/webform/forms": {"title": "Another", "fields-row": "@text", "ask-@text": "1", "is_on": "1"},
    "POST /forms/<slug>/x/webform/forms/<int:request_form_id>": {"title": "Other", "fields-row": "@text", "ask-@text": "1", "version": "{request_form_version}"},
    "POST /forms/<slug>/x/webform/forms/<int:request_form_id>/switch": {"on": ""},
    "POST /forms/<slug>/x/webform/forms/<int:request_form_id>/move": {"by": "up"},
    "POST /forms/<slug>/x/webform/order": {"order": "{request_forms}"},
    "POST /tickets/<int:number>/inserts/<plugin>/<name>": {"code": "{answer_code}"},
    "POST /x/faq/answers": {"name": "Another", "text": "Hello"},
    "POST /x/faq/answers/<int:answer_id>": {"name": "Other", "text": "Hello", "shared": "1", "where": "some", "forms": "{answer_form}", "version": "{answer_revision}"},
    "POST /x/faq/answers/<int:answer_id>/move": {"by": "up"},
    "POST /x/faq/answers/order": {"order": "{answer_code}"},
    "POST /x/faq/folders": {"name": "Another"},
    "POST /x/faq/folders/<int:folder_id>": {"name": "Other"},
    "POST /x/faq/folders/<int:folder_id>/move": {"by": "down"},
    "POST /people": {"name": "New Person", "email": "new@desk.example", "role": "agent"},
    "POST /people/<int:user_id>": {"name": "Ivan the Terrible", "email": "ivan@desk.example", "role": "agent"},
    "POST /account/absences": {"first_day": "2027-05-01"},
    "POST /people/<int:user_id>/shifts": {"fixed": "1", "day-0": "9-18"},
    "POST /people/<int:user_id>/absences": {"first_day": "2027-05-01"},
    "POST /groups": {"name": "Night watch"},
    "POST /groups/<int:group_id>": {"name": "Day watch", "seen": "{group_seen}"},
    "POST /first-steps/mailbox": {"address": "first@desk.example"},
    "POST /x/demo/messenger": {"name": "Emma Clark"},
    "POST /x/demo/messenger/<int:number>/messages": {"text": "Hello"},
    "POST /x/demo/letters": {"customer": "ann@home.example", "text": ""},
    "POST /extensions/<plugin>/forms/<slug>/settings": {"set_days": "7", "set_invitation": "How was it?", "set_thanks": "Thanks", "set_comment_minutes": "10", "version": "0"},
    "POST /extensions/<plugin>/forms/<slug>/test": {"set_words": "Try", "version": "0"},
    "POST /extensions/<plugin>/desk/settings": {"set_days": "7", "set_invitation": "How was it?", "set_thanks": "Thanks", "set_comment_minutes": "10", "version": "0"},
}  # fmt: skip

QUERIES: Mapping[str, str] = {
    "GET /search": "?q=till",
    "GET /search/palette": "?q=till",
    "GET /customers/lookup": "?q=bob",
    "GET /tags/lookup": "?q=vip",
    "GET /live/changes": "?since=0",
    "GET /forms/<slug>/x/routing/why": "?ticket={number}",
}
