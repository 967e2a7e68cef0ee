"""What the world of these tests has of canned responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.api import NewFile, add_file
from plugdesk.forms.models import Form
from plugdesk.runtime import Runtime
from plugdesk.users.models import User
from plugdesk_faq.commands import AnswerInput, add_folder, change_answer, write_answer
from plugdesk_faq.publishing import ArticleInput, add_category, set_article
from plugdesk_faq.site_models import SiteLook
from plugdesk_faq.visits import token_of

PICTURE = b"\x89PNG\r\n\x1a\n" + b"\0" * 24


def answers_of(runtime: Runtime, session: Session, people: Mapping[str, User], support: Form, billing: Form) -> dict[str, Any]:
    """A shared answer of each form in a shared folder, and an answer and a folder of the agent's own."""
    made = {}
    for form in (support, billing):
        given = AnswerInput("Greeting", "<p>Hello ${customer:name}</p>", shared=True, everywhere=False, form_ids=[form.id])
        made[form.slug] = write_answer(runtime.context("faq", form, session), given, by=people["admin"])
    ctx, row = runtime.context("faq", support, session), made["support"]
    own = write_answer(ctx, AnswerInput("Mine", "<p>My own words</p>"), by=people["agent"])
    return {
        "answer_id": row.id, "answer_code": str(row.id), "answer_form": str(support.id), "answer_revision": row.revision,
        "their_answer": made["billing"].id, "own_answer": own.id,
        "folder_id": add_folder(ctx, "Greetings", shared=True, by=people["admin"]).id,
        "own_folder": add_folder(ctx, "My own", shared=False, by=people["agent"]).id,
    }  # fmt: skip


def articles_of(runtime: Runtime, session: Session, people: Mapping[str, User], support: Form) -> dict[str, Any]:
    """A public article in a category, one for agents alone, and the site's logo."""
    ctx, admin = runtime.context("faq", support, session), people["admin"]
    category = add_category(ctx, {"en": "Money"}, by=admin)
    made = {}
    for title, visibility in (("Refunds", "public"), ("Inside", "agents")):
        made[title] = answer = write_answer(ctx, AnswerInput(title, "<p>Your money is on its way.</p>", shared=True), by=admin)
        about = ArticleInput(title, category_id=category.id, visibility=visibility, state="published")
        set_article(ctx, answer, about, by=admin, revision=answer.revision)
    pictures = {}
    for title, answer in made.items():
        upload = add_file(session, NewFile("till.png", PICTURE), by=admin)
        body = f'<p>It is on its way.</p><p><img src="/files/{upload.key}" alt="The till"></p>'
        session.flush()  # the upload, which the text names
        given = AnswerInput(title, body, shared=True)
        pictures[title] = change_answer(ctx, answer, given, by=admin, revision=answer.revision).pictures[0].key
    logo = ctx.keep_bytes(b"\x89PNG\r\n\x1a\n")
    session.add(SiteLook(id=1, logo=logo, logo_type="image/png"))
    return {
        "help_token": token_of(ctx), "logo": logo, "sha256": logo, "public_picture": pictures["Refunds"],
        "inside_picture": pictures["Inside"], "article_id": made["Refunds"].id, "article_revision": made["Refunds"].revision,
        "category_id": category.id, "articles": [str(made["Inside"].id), str(made["Refunds"].id)], "categories": [str(category.id)],
    }  # fmt: skip
