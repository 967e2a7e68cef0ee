"""Answers pass what every plugin has to pass."""

from plugdesk.testing.conformance import *  # noqa: F403

plugin_id = "faq"


def fill(ctx, ticket, text):
    from plugdesk_faq.models import Answer, Article, State, Version, Visibility

    answer = Answer(
        name=text, body="<p>Body</p>", text=text, stems=text, created_at=ctx.now, changed_at=ctx.now, folder_id=None,
        created_by_id=None, changed_by_id=None, last_used_at=None, original_id=None, owner_id=None, links=[],
    )  # fmt: skip
    ctx.db.add(answer)
    ctx.db.flush()
    ctx.db.add(Version(answer_id=answer.id, number=1, name=text, title=text, body="<p>Body</p>", by_id=None, at=ctx.now))
    ctx.db.add(Article(
        answer_id=answer.id, slug=f"hostile-{answer.id}", title=text, state=State.PUBLISHED, visibility=Visibility.PUBLIC,
        category_id=None, published_at=ctx.now,
    ))  # fmt: skip
