"""A messenger that is started again has the bots and people of before, if whoever starts it has kept their numbers."""

from __future__ import annotations

import pytest

from plugdesk.testing.messenger import LocalMessenger


def test_a_bot_comes_back_with_its_token_and_counts_on(clock) -> None:
    with LocalMessenger(clock=clock) as before:
        token = before.add_bot("Shop", "shop_bot")
        ann = before.person("Ann")
        said, told = ann.write(token, "Hello"), before.pending(token)[0]
    with LocalMessenger(clock=clock) as after:
        assert after.add_bot("Shop", "shop_bot", token=token, first_number=1_000) == token
        same = after.person("Ann", number=ann.id)
        again = same.write(token, "Hello again")
        assert (same, after.bot(token)) == (ann, before.bot(token))
        assert again.id > said.id
        assert after.pending(token)[0].id > told.id


def test_nobody_new_gets_the_number_of_somebody_who_came_back(clock) -> None:
    with LocalMessenger(clock=clock) as messenger:
        first = messenger.person("Ann")
    with LocalMessenger(clock=clock) as messenger:
        messenger.person("Ann", number=first.id)
        assert messenger.person("Bob").id != first.id
        with pytest.raises(ValueError, match="somebody with the number"):
            messenger.person("Carl", number=first.id)


@pytest.mark.parametrize("token", ["7300000001", "7300000001:short", "x:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"])
def test_what_is_no_token_is_refused(clock, token: str) -> None:
    with LocalMessenger(clock=clock) as messenger, pytest.raises(ValueError, match="A token is"):
        messenger.add_bot("Shop", "shop_bot", token=token)
