"""The words by which mail servers without fields tell what they did not deliver, and where the original begins."""

import re

FAILED_SUBJECT = re.compile(
    r"^\W*(?:undeliver(?:ed|able)|(?:mail|message|e-?mail|delivery)\b.{0,30}\b(?:fail|return|status|error|problem|delay|undeliver|reject|not be deliver|not deliver|warning)|"
    r"(?:fail(?:ed|ure)|return(?:ed|ing)?|reject(?:ed)?|bounced?|warning|error|unable|could not|cannot|non[- ]?delivery|nondeliver|permanent|"
    r"delivery|unzustellbar|mail system error|user unknown|postmaster notify|retourné|недоставл|не доставл|сообщение не доставлено|"
    r"ошибка доставки|возврат|не удалось доставить|無法|配信不能|送信エラー|メールエラー|returned to sender).{0,80})",
    re.IGNORECASE | re.DOTALL,
)
SUBJECT_NAMES_FAILURE = re.compile(r"delivery fail|undeliver|not deliver|non remis|недоставл", re.IGNORECASE)
FAILED_TEXT = re.compile(
    r"(?:could ?n[o']t|can ?not|can't|was ?n[o']t|were not|unable to|not able to|failed to|has not been|did not|not yet been)\s+(?:be\s+)?(?:\w+\s+){0,6}?"
    r"(?:deliver|reach|complete|sent|send|found|process|accept|relay)|undeliver|permanent(?:ly)? (?:fatal )?(?:error|fail)|fatal error|"
    r"delivery (?:\w+ ){0,4}(?:fail|error|delay|attempt|problem)|fail(?:ed|ure) (?:\w+ ){0,3}deliver|user unknown|unknown user|no such (?:user|recipient|mailbox|address|person)|"
    r"mailbox (?:is )?(?:full|unavailable|not found|size|quota|disabled)|over ?quota|quota exceeded|recipient(?:s)? (?:\w+ ){0,3}(?:reject|unknown|not|refused|fail)|"
    r"does(?:n't| not) exist|not listed in|(?:is|are) unknown|returned (?:mail|message|to sender|to you|below)|return(?:ed)? (?:the|your|this) (?:e-?mail|message)|"
    r"message (?:\w+ ){0,4}(?:reject|bounced|returned|refused|blocked|undeliver|not deliver|fail)|(?:address|mail|account|user) (?:\w+ ){0,4}(?:reject|disabled|invalid|inactive|unknown|refused)|"
    r"\b[45]\d\d[ -]+#?[45]\.\d{1,3}\.\d{1,3}\b|(?<!\d)5[05]\d[ -]|delivery status|"
    r"не (?:удалось|может быть|было|был[ао]?) (?:\w+ ){0,3}доставл|не доставл|недоставл|получатель не найден|пользователь не найден|ящик переполнен|"
    r"zugestellt|unzustellbar|non recapitabile|impossible de|no se (?:ha )?p(?:udo|odido)|não (?:foi|pôde)|配信|送信|届け",
    re.IGNORECASE,
)
# What only a machine says of a letter. A customer whose parcel "could not be delivered" is no mail server.
FAILED_LETTER = re.compile(
    r"(?:e-?mail|message|mail|recipients?|address(?:es)?|mailbox|following user)\b[^.\n]{0,120}\s(?:could not|can ?not|was not|were not|not be|undeliver|unable|failed|"
    r"rejected|unknown|not exist|not found|no such|postponed)|(?:could not|unable to|did not|failed to|not)\s+(?:be )?(?:deliver(?:ed)?|reach|receive)\b[^.\n]{0,60}"
    r"(?:message|mail|recipient|address|to\s*+:?\s*+<?[^\s@<>]{1,80}@)|delivery of (?:e-?mail|your message)|5\.\d\.\d|(?<!\d)55\d[ -]|"
    r"mailbox (?:is )?(?:unavailable|full)|@[\w.-]+>?\s?[-:.]+\s?(?:no such user|user unknown|unknown user)|не доставлено|не удалось доставить (?:письмо|сообщение)",
    re.IGNORECASE,
)
DELAYED = re.compile(
    r"will (?:continue|keep|be retr)|will (?:re)?try (?:again|to)|be retried|attempts? will continue|delivery (?:\w+ ){0,3}delayed|"
    r"still (?:being )?(?:try|retri|queued)|not yet been delivered|you do not need to (?:resend|do anything)|\bdelayed\b|warning message only|postponed|повторн",
    re.IGNORECASE,
)
FAILED_FOR_GOOD = re.compile(
    r"permanent|\bfatal|user unknown|no such user|does not exist|giv(?:en|ing) up|not going to try|not be delivered for|no longer|"
    r"(?<![\d.])5\d\d[ -]|(?<![\d.])5\.\d{1,3}\.\d{1,3}(?![\d.])",
    re.IGNORECASE,
)
_ORIGINAL = (
    r"(?:below (?:this line )?is|this is a copy|(?:the )?(?:unsent|original|returned|bounced|rejected|undelivered|old|start of) (?:message|e-?mail|mail|text)(?! was received)|"
    r"message header|(?:the )?(?:first|headers?|full|body|beginning|text|copy|header) (?:[\w']+ ){0,5}(?:original|message|your|returned)|included is|returned message|"
    r"your (?:original )?message (?:follows|reads)|unsent message|begin message|forwarded message|(?:the )?(?:header|body|content) (?:was|were|is|follows)|"
    r"transcript of (?:the )?returned|message text follows|исходное сообщение|original mail)"
)
ORIGINAL_BEGINS = re.compile(
    rf"^[ \t>*|]*+(?:(?:-{{2,}}+|={{2,}}+|_{{2,}}+|\+{{2,}}+|(?<=\*\*)|(?<=\*\*[ \t])|(?<=\*\*[ \t]{{2}}))[ \t]*+{_ORIGINAL}[^\n]{{0,100}}|{_ORIGINAL}(?:[^\n]{{0,80}}(?:[:.]|-{{2,}}|follows?|below))?[ \t]*)$"
    r"|^[ \t>|]*(?:Return-Path|Received|Message-ID|MIME-Version|Delivered-To|DKIM-Signature|X-[A-Za-z-]+):[^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
ORIGINAL_TO = re.compile(
    r"^[ \t>|]*(?:To|X-Original-To|X-Failed-Recipients)[ \t]*:[ \t]*(.*(?:\n[ \t]+\S.*){0,5})", re.IGNORECASE | re.MULTILINE
)
ORIGINAL_ID = re.compile(r"^[ \t>|]*Message-ID[ \t]*:\s*<([^<>\s]{1,1000})>", re.IGNORECASE | re.MULTILINE)
FINAL_RECIPIENT = re.compile(r"^[ \t>]*Final-Recipient\s*:\s*rfc822\s*;[ \t]*<?([^\s<>;]{1,320})", re.IGNORECASE | re.MULTILINE)

_ADDRESS = r"[^\s<>()\[\],;:\"'=|*/\\]{1,100}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,10}"
ADDRESS = re.compile(_ADDRESS, re.IGNORECASE)
# How the failed address is written, clearest first.
NAMED = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        rf"^[ \t>*|\[\"]*<?({_ADDRESS})>?[ \t\]\"]*(?:$|:|\.{{3}}|\(|\[|<|-[ \t]|on\s)",
        rf"(?:5\d\d|5\.\d\.\d)[^\n@]{{0,40}}?<?({_ADDRESS})>?",
        rf"(?:recipients?|address(?:ed)?|to|user|account|mailbox|rcpt)(?: address)?\s{{0,3}}[:<(\"', ]{{1,4}}({_ADDRESS})",
    )
)
# Addresses named so that only a report does it.
NAMED_CLEARLY = (
    *NAMED[:2],
    re.compile(rf"(?:deliver\w{{0,30}}|recipients?|rcpt|following)\b[^\n@]{{0,40}}?[ :<\"]({_ADDRESS})", re.IGNORECASE),
)
# Lines of a report that repeat the original's header, and addresses a letter came from.
NOT_FAILED_LINE = re.compile(
    r"^[ \t>]*(?:to|cc|from|reply-to|sender)\s*:\s[^\n]*$|\b(?:from|reply to|contact)\s+<?[^\s@]{1,80}@[^\s]{1,120}",
    re.IGNORECASE | re.MULTILINE,
)
NAMES_FOLLOW = re.compile(r"(?:following|these)\b[^\n]{0,60}|because\s+they\b[^:]{0,120}:", re.IGNORECASE)
LOCAL_PART_ALONE = re.compile(r"^[ \t]+([a-z0-9][\w.+-]{1,40})[ \t]*$", re.IGNORECASE | re.MULTILINE)
