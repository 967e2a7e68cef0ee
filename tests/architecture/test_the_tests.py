"""The ground that the other tests stand on: databases, servers, the browser, and the guard around them."""

from __future__ import annotations

import socket
import ssl

import pytest
import sqlalchemy as sa

from plugdesk.database import Base, Database
from tests.support.browser import accessibility_problems, overflow
from tests.support.guard import OutsideNetwork, loopback_only


@pytest.mark.parametrize("address", ["192.0.2.1", "10.0.0.1", "2001:db8::1"])
def test_no_socket_leaves_this_machine(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with loopback_only() as tried, socket.socket(family) as sock, pytest.raises(OutsideNetwork):
        sock.connect((address, 80))
    assert address in tried[0]


def test_no_name_is_asked_of_a_resolver_elsewhere():
    with loopback_only() as tried, pytest.raises(OutsideNetwork):
        socket.create_connection(("plugdesk.org", 80))
    assert tried == ["plugdesk.org"]


def test_a_reserved_name_is_unknown_as_it_would_be_anywhere():
    with pytest.raises(socket.gaierror):
        socket.create_connection(("mail.nowhere.invalid", 993))


@pytest.mark.both_databases
def test_a_database_of_its_own_has_every_table(database_url):
    database = Database(database_url)
    tables = sa.inspect(database.engine).get_table_names()
    database.close()
    assert set(Base.metadata.tables) <= set(tables)


@pytest.mark.both_databases
def test_an_empty_database_has_none(empty_database_url):
    database = Database(empty_database_url)
    assert sa.inspect(database.engine).get_table_names() == []
    database.close()


@pytest.mark.both_databases
@pytest.mark.parametrize("turn", [1, 2])
def test_what_a_test_commits_is_gone_in_the_next(database, turn):
    with database.write() as session:
        session.execute(sa.text("CREATE TABLE traces (turn integer)"))
    with database.read() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM traces")) == 0


@pytest.mark.parametrize("turn", [1, 2])
def test_redis_is_empty_for_each_test(redis_url, turn):
    from redis import Redis

    with Redis.from_url(redis_url) as redis:
        assert redis.dbsize() == 0
        redis.set("left", "behind")


@pytest.mark.parametrize("turn", [1, 2])
def test_dovecot_gives_each_test_an_empty_mailbox(dovecot, authority_file, turn):
    from imapclient import IMAPClient

    box = dovecot.mailbox()
    trusting = ssl.create_default_context(cafile=authority_file)
    with IMAPClient(box.host, box.tls_port, ssl_context=trusting, timeout=5) as imap:
        imap.login(box.address, box.password)
        assert imap.select_folder("INBOX")[b"EXISTS"] == 0
        imap.append("INBOX", b"Subject: Hello\r\n\r\nThere\r\n")
        assert imap.select_folder("INBOX")[b"EXISTS"] == 1


def test_the_browser_notices_what_is_wrong_with_a_page(pages, serve):
    page = pages.open(width=360)
    pages.expect_error("Failed to load")

    def app(environ, start_response):
        found = environ["PATH_INFO"] == "/"
        start_response("200 OK" if found else "404 Not Found", [("Content-Type", "text/html; charset=utf-8")])
        return [b"<img src='/missing.png'><p style='width:500px'>Hello" if found else b""]

    page.goto(serve(app))
    assert any(problem.startswith("image-alt") for problem in accessibility_problems(page))
    assert overflow(page) > 100
    assert [problem for problem in pages.problems if "404" in problem]
