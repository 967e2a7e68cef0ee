"""Writing, changing, ordering and deleting answers and their folders. Commands: they never commit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from plugdesk.api import (
    LANGUAGES,
    Conflict,
    Context,
    Invalid,
    NotAllowed,
    NotFound,
    User,
    all_forms,
    check_template,
    clean_template,
    index_text,
    known_variables,
    row_number,
    text_of_html,
)
from plugdesk.api import gettext as _
from plugdesk_faq.models import Answer, AnswerForm, Folder, Picture, Version
from plugdesk_faq.pictures import keep_pictures, pictures_named, release_pictures
from plugdesk_faq.queries import folder_for
from plugdesk_faq.rights import PLUGIN, can_change, can_read, can_share, can_share_some

LONGEST_NAME, LONGEST_BODY, MOST_ANSWERS, MOST_FOLDERS = 150, 200_000, 20_000, 500


@dataclass(frozen=True)
class AnswerInput:
    """An answer as somebody wrote it; what each means stands at `Answer`. Not `shared`: it is the writer's own."""

    name: str
    body: str
    folder_id: int | None = None
    shared: bool = False
    everywhere: bool = True
    form_ids: Collection[int] = ()
    language: str = ""
    original_id: int | None = None


def write_answer(ctx: Context, given: AnswerInput, *, by: User) -> Answer:
    """Write a new answer, at the end of its folder. Raises `Invalid` by control, `NotAllowed` where it may not be shared."""
    if not (by.active and by.is_agent):
        raise NotAllowed(_("Only agents may do this."))
    _may_share(ctx, given, by)
    checked, pictures = _checked(ctx, given, by)
    last = ctx.db.scalar(sa.select(sa.func.max(Answer.position)).where(Answer.folder_id.is_not_distinct_from(given.folder_id)))
    number = ctx.db.scalar(sa.select(sa.func.count(Answer.id))) or 0
    if number >= MOST_ANSWERS:
        raise Invalid(_("There can be %(most)s answers. Delete some first.", most=MOST_ANSWERS))
    answer = Answer(
        created_at=ctx.now, created_by_id=by.id, changed_at=ctx.now, changed_by_id=by.id, revision=1,
        position=0 if last is None else last + 1, article=None, links=[], last_used_at=None, **checked,
    )  # fmt: skip
    _link(answer, given)
    ctx.db.add(answer)
    keep_pictures(ctx, answer, pictures)
    ctx.db.flush()  # the answer's id, which its first version points at
    keep_version(ctx, answer, by)
    if answer.is_shared:
        journal(ctx, "answer_written", by, _("Wrote the answer “%(name)s”", name=answer.name), answer)
    return answer


def change_answer(ctx: Context, answer: Answer, given: AnswerInput, *, by: User, revision: int | None) -> Answer:
    """Change an answer; what it said stays as a version. `Conflict` when somebody else has changed it since the page was shown."""
    may_change(ctx, answer, by)
    same_as_shown(ctx, answer, revision)
    _may_share(ctx, given, by)
    if answer.article is not None and not given.shared:
        raise Invalid(problems={"shared": _("It is an article, too: take the article away before you make it your own.")})
    checked, pictures = _checked(ctx, given, by, answer)
    for name, value in checked.items():
        setattr(answer, name, value)
    keep_pictures(ctx, answer, pictures)
    _link(answer, given)
    touch(ctx, answer, by)
    if answer.is_shared:
        journal(ctx, "answer_changed", by, _("Changed the answer “%(name)s”", name=answer.name), answer)
    return answer


def delete_answer(ctx: Context, answer: Answer, *, by: User) -> None:
    """Delete an answer with its versions, and its article with it; its translations stay, as answers by themselves."""
    may_change(ctx, answer, by)
    if answer.is_shared:
        journal(ctx, "answer_deleted", by, _("Deleted the answer “%(name)s”", name=answer.name), answer)
    release_pictures(ctx, answer)
    ctx.db.delete(answer)


def use_answer(ctx: Context, answer: Answer, *, by: User) -> None:
    """It was put into what somebody writes."""
    if not can_read(ctx.db, by, answer):
        raise NotFound(_("There is no such answer."))
    counted = sa.update(Answer).where(Answer.id == answer.id)
    ctx.db.execute(counted.values(times_used=Answer.times_used + 1, last_used_at=ctx.now))


def put_in_order(ctx: Context, order: Sequence[str], *, by: User) -> None:
    """The answers with these ids in this order; only those `by` may change move, others keep their places."""
    rows = _rows_in_order(ctx, Answer, order)
    rows = [each for each in rows if can_change(ctx.db, by, each)]
    for row, place in zip(rows, sorted(each.position for each in rows), strict=True):
        row.position = place
    _spread(rows)


def move_answer(ctx: Context, answer: Answer, folder_id: int | None, *, by: User) -> None:
    """Into another folder, or out of all of them (None)."""
    may_change(ctx, answer, by)
    answer.folder_id = _folder(ctx, folder_id, shared=answer.is_shared, by=by)


def add_folder(ctx: Context, name: str, *, shared: bool, by: User) -> Folder:
    """Add a folder, a shared one or one's own. Raises `Invalid` by control."""
    may_keep_folder(ctx, None if shared else by.id, by)
    last = ctx.db.scalar(sa.select(sa.func.max(Folder.position)))
    if (ctx.db.scalar(sa.select(sa.func.count(Folder.id))) or 0) >= MOST_FOLDERS:
        raise Invalid(_("There can be %(most)s folders. Delete some first.", most=MOST_FOLDERS))
    folder = Folder(name=_name(name), owner_id=None if shared else by.id, position=0 if last is None else last + 1)
    ctx.db.add(folder)
    ctx.db.flush()  # the folder's id, for answers that are to go into it
    return folder


def rename_folder(ctx: Context, folder: Folder, name: str, *, by: User) -> None:
    may_keep_folder(ctx, folder.owner_id, by)
    folder.name = _name(name)


def delete_folder(ctx: Context, folder: Folder, *, by: User) -> None:
    """Delete a folder; its answers stay, in none."""
    may_keep_folder(ctx, folder.owner_id, by)
    ctx.db.delete(folder)


def order_folders(ctx: Context, order: Sequence[str], *, by: User) -> None:
    """The folders with these ids in this order; only those `by` may change move."""
    shared = can_share_some(ctx.db, by)
    rows = [each for each in _rows_in_order(ctx, Folder, order) if each.owner_id == by.id or (each.owner_id is None and shared)]
    for row, place in zip(rows, sorted(each.position for each in rows), strict=True):
        row.position = place
    _spread(rows)


# What articles' commands use as well.


def may_change(ctx: Context, answer: Answer, by: User) -> None:
    """Raises `NotFound` where `by` may not even read it, `NotAllowed` where they may not change it."""
    if not can_read(ctx.db, by, answer):
        raise NotFound(_("There is no such answer."))
    if not can_change(ctx.db, by, answer):
        raise NotAllowed(_("Shared answers are changed by the administrators of every form they are for."))


def may_keep_folder(ctx: Context, owner_id: int | None, by: User) -> None:
    """Raises `NotAllowed` where `by` may not change a folder of this owner, None being everybody."""
    if not (by.active and by.is_agent) or not (owner_id == by.id or (owner_id is None and can_share_some(ctx.db, by))):
        raise NotAllowed(_("Shared folders are kept by administrators of a form. You can have folders of your own."))


def same_as_shown(ctx: Context, answer: Answer, revision: int | None) -> None:
    """`Conflict` when the answer is no longer at `revision`; locks its row, so that two at once do not both pass."""
    ctx.db.refresh(answer, ["revision"], with_for_update=True)
    if revision != answer.revision:
        raise Conflict(_("Somebody else has changed this answer meanwhile. Look at it again before you save."))


def touch(ctx: Context, answer: Answer, by: User) -> None:
    """Name, title or body were written anew: counted, and kept as a version where they differ."""
    answer.revision += 1
    answer.changed_at, answer.changed_by_id = ctx.now, by.id
    title = answer.article.title if answer.article else ""
    answer.stems = f" {index_text(answer.name, title, answer.text)} "
    ctx.db.flush()  # the row as stored, before what it says is kept
    keep_version(ctx, answer, by)


def keep_version(ctx: Context, answer: Answer, by: User) -> None:
    """What it says now as its next version, unless the last one says the same."""
    wanted = sa.select(Version).where(Version.answer_id == answer.id).order_by(Version.number.desc()).limit(1)
    last = ctx.db.scalar(wanted)
    title = answer.article.title if answer.article else ""
    if last is not None and (last.name, last.title, last.body) == (answer.name, title, answer.body):
        return
    number = last.number + 1 if last else 1
    ctx.db.add(
        Version(answer_id=answer.id, number=number, name=answer.name, title=title, body=answer.body, by_id=by.id, at=ctx.now)
    )


def journal(ctx: Context, kind: str, by: User, said: str, answer: Answer) -> None:
    ctx.journal(kind, actor=by, answer_id=answer.id, said=said)


def _may_share(ctx: Context, given: AnswerInput, by: User) -> None:
    if given.shared and not can_share(ctx.db, by, everywhere=given.everywhere, form_ids=given.form_ids):
        raise NotAllowed(
            _("An answer is shared by the administrators of every form it is for. Choose your forms, or keep it as your own.")
        )


def _checked(ctx: Context, given: AnswerInput, by: User, answer: Answer | None = None) -> tuple[dict[str, Any], list[Picture]]:
    problems: dict[str, str] = {}
    name = " ".join(given.name.split())
    if not name or len(name) > LONGEST_NAME:
        problems["name"] = _("Give it a name of at most %(most)s characters.", most=LONGEST_NAME)
    raw = given.body if len(given.body) <= LONGEST_BODY else ""
    pictures, lost = pictures_named(ctx, raw, answer, by=by)
    body = clean_template(raw, images=pictures.addresses)
    text = text_of_html(body)
    if lost:
        problems["body"] = lost
    elif not text.strip() and "<img" not in body:
        problems["body"] = _("Write what the answer says, in at most %(most)s characters.", most=LONGEST_BODY)
    elif wrong := check_template(body, _known(ctx, given)):
        problems["body"] = " ".join(wrong[:3])
    if given.language not in ("", *LANGUAGES):
        problems["language"] = _("Choose one of the languages offered.")
    known = {form.id for form in all_forms(ctx.db) if form.has(PLUGIN)}
    if not given.everywhere and not set(given.form_ids) & known:
        problems["forms"] = _("Choose at least one form, or all of them.")
    try:
        folder_id = _folder(ctx, given.folder_id, shared=given.shared, by=by)
    except Invalid as refusal:
        problems |= refusal.problems
        folder_id = None
    original_id = _original(ctx, given, answer, problems)
    if problems:
        raise Invalid(problems=problems)
    return {
        "name": name, "body": body, "text": text, "stems": f" {index_text(name, text)} ", "language": given.language,
        "folder_id": folder_id, "owner_id": None if given.shared else by.id, "everywhere": given.everywhere, "original_id": original_id,
    }, pictures.new  # fmt: skip


def _known(ctx: Context, given: AnswerInput) -> set[str]:
    forms = [each for each in all_forms(ctx.db) if each.has(PLUGIN) and (given.everywhere or each.id in given.form_ids)]
    return {name for form in forms for name in known_variables(ctx.db, form)}


def _original(ctx: Context, given: AnswerInput, answer: Answer | None, problems: dict[str, str]) -> int | None:
    """The answer it translates; a translation's own original where that is one itself."""
    if given.original_id is None or (answer is not None and given.original_id == answer.id):
        return None
    original = ctx.db.get(Answer, given.original_id)
    root = (original.original_id or original.id) if original else None
    if root is None or (answer is not None and root == answer.id):
        return None
    others = sa.select(Answer.id).where(sa.or_(Answer.id == root, Answer.original_id == root), Answer.language == given.language)
    if answer is not None:
        others = others.where(Answer.id != answer.id)
    if given.shared and ctx.db.scalar(others.where(Answer.owner_id.is_(None)).limit(1)) is not None:
        problems["language"] = _("It exists in this language already. Choose another one.")
    return root


def _folder(ctx: Context, folder_id: int | None, *, shared: bool, by: User) -> int | None:
    if folder_id is None:
        return None
    try:
        folder = folder_for(ctx.db, by, folder_id)
    except NotFound as refusal:
        raise Invalid(problems={"folder": _("This folder is gone. Choose another one.")}) from refusal
    if shared and folder.owner_id is not None:
        raise Invalid(
            problems={"folder": _("This folder is your own: nobody else would see the answer in it. Choose a shared one.")}
        )
    return folder.id


def _link(answer: Answer, given: AnswerInput) -> None:
    wanted = set() if given.everywhere else set(given.form_ids)
    answer.links = [
        *(each for each in answer.links if each.form_id in wanted),
        *(AnswerForm(form_id=form_id) for form_id in sorted(wanted - answer.form_ids)),
    ]


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise Invalid(problems={"name": _("Give it a name of at most %(most)s characters.", most=LONGEST_NAME)})
    return name


def _rows_in_order(ctx: Context, model: type[Any], order: Sequence[str]) -> list[Any]:
    wanted = [number for number in (row_number(each) for each in dict.fromkeys(order)) if number is not None][:MOST_ANSWERS]
    rows = {row.id: row for row in ctx.db.scalars(sa.select(model).where(model.id.in_(wanted)))}
    return [rows[number] for number in wanted if number in rows]


def _spread(rows: Sequence[Any]) -> None:
    """Places that were the same would leave the order to chance."""
    for before, row in pairwise(rows):
        row.position = max(row.position, before.position + 1)
