import gzip
import re
import socket
import ssl
import threading
from contextlib import contextmanager

import httpx
import pytest
import trustme

from plugdesk.http import RequestRefused, client_for


def resolver_to(*answers):
    """A resolver that gives one answer after another, the last again and again."""
    left = list(answers)

    def resolve(host, port):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (left.pop(0) if len(left) > 1 else left[0], port))]

    return resolve


def whole_request(connection):
    """What was asked, to the end of its body: whoever closes before the end takes the answer back, too."""
    asked = connection.recv(65536)
    head, _, body = asked.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    left = int(length[1]) - len(body) if length else 0
    while left > 0 and (more := connection.recv(65536)):
        asked, left = asked + more, left - len(more)
    return asked


@contextmanager
def server(*pieces, pause=0.0, certificate=None):
    """Answers each connection on loopback with raw pieces of bytes; gives its port and what it was sent."""
    received, stop = [], threading.Event()

    def answer(listener):
        while not stop.is_set():
            try:
                connection, _peer = listener.accept()
            except OSError:
                return
            try:
                if certificate:
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    certificate.configure_cert(context)
                    connection = context.wrap_socket(connection, server_side=True)
                received.append(whole_request(connection))
                for piece in pieces:
                    connection.sendall(piece)
                    stop.wait(pause)
            except OSError:
                pass
            finally:
                connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        try:
            yield listener.getsockname()[1], received
        finally:
            stop.set()
            listener.shutdown(socket.SHUT_RDWR)
    thread.join()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def client(**options):
    return client_for(
        **{"hosts": ["shop.example"], "private_hosts": ["shop.example"], "resolver": resolver_to("127.0.0.1")} | options
    )


def test_a_named_host_is_called():
    with server(OK) as (port, received), client() as http:
        assert http.get(f"http://shop.example:{port}/path").text == "ok"
    assert received[0].startswith(b"GET /path HTTP/1.1\r\nHost: shop.example")
    assert b"Accept-Encoding: identity" in received[0] or b"accept-encoding: identity" in received[0]


@pytest.mark.parametrize("host", ["evil.example", "shop.example.evil.example", "evilshop.example", "127.0.0.1"])
def test_any_other_host_is_refused_before_it_is_asked_for(host):
    with client(resolver=None) as http, pytest.raises(RequestRefused, match="is not among the hosts"):
        http.get(f"http://{host}/")


def test_hosts_may_be_named_by_pattern():
    with server(OK) as (port, _received):
        for hosts in (["*.example"], ["*"], ["SHOP.example"]):
            with client(hosts=hosts) as http:
                assert http.get(f"http://shop.example:{port}/").text == "ok"


def test_our_own_network_is_refused_at_every_connection():
    with server(OK) as (port, received), client(private_hosts=[]) as http:
        for _again in range(2):
            with pytest.raises(RequestRefused, match="in our own network"):
                http.get(f"http://shop.example:{port}/")
    assert received == []


def test_a_name_server_that_changes_its_mind_gains_nothing():
    with (
        server(OK) as (port, received),
        client(private_hosts=["127.0.0.1"], resolver=resolver_to("127.0.0.1", "169.254.169.254")) as http,
    ):
        assert http.get(f"http://shop.example:{port}/").text == "ok"
        with pytest.raises(RequestRefused, match=r"169\.254\.169\.254"):
            http.get(f"http://shop.example:{port}/latest/meta-data")
    assert len(received) == 1


def test_a_redirect_is_not_followed():
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    with server(moved) as (port, _received), client(hosts=["*"]) as http:
        assert http.get(f"http://shop.example:{port}/").status_code == 302


def test_an_answer_that_is_too_large_is_not_read_to_its_end():
    pieces = [b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", *([b"x" * 100_000] * 1000)]
    with (
        server(*pieces) as (port, _received),
        client(max_bytes=300_000) as http,
        pytest.raises(httpx.ReadError, match="too large"),
    ):
        http.get(f"http://shop.example:{port}/")


def test_a_packed_answer_is_not_unpacked():
    body = gzip.compress(b"0" * 10**6)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    with server(head + body) as (port, _received), client() as http, pytest.raises(httpx.DecodingError, match="packed"):
        http.get(f"http://shop.example:{port}/")


def test_a_server_that_hangs_is_left():
    with server(b"", pause=5) as (port, _received), client(timeout=0.2) as http, pytest.raises(httpx.ReadTimeout):
        http.get(f"http://shop.example:{port}/")


@pytest.mark.parametrize(
    "pieces",
    [[b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 100], [b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", *[b"x"] * 100]],
    ids=["head", "body"],
)
def test_a_server_that_drips_is_left(pieces):
    with (
        server(*pieces, pause=0.1) as (port, _received),
        client(timeout=5, max_seconds=0.5) as http,
        pytest.raises(httpx.ReadTimeout),
    ):
        http.get(f"http://shop.example:{port}/")


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def trusting(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_a_certificate_is_checked_for_the_name_and_not_for_the_address(authority):
    with (
        server(OK, certificate=authority.issue_cert("shop.example")) as (port, _received),
        client(certificates=trusting(authority)) as http,
    ):
        assert http.get(f"https://shop.example:{port}/").text == "ok"


def test_a_certificate_of_another_host_or_authority_is_refused(authority):
    another = trustme.CA().issue_cert("shop.example")
    for certificate in (authority.issue_cert("other.example"), another):
        with server(OK, certificate=certificate) as (port, received), client(certificates=trusting(authority)) as http:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                http.get(f"https://shop.example:{port}/")
            assert received == []


def test_the_ordinary_authorities_are_trusted_and_nobody_elses(authority):
    with server(OK, certificate=authority.issue_cert("shop.example")) as (port, _received), client() as http:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            http.get(f"https://shop.example:{port}/")


def test_the_environment_has_no_say(monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine shop.example login me password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with server(OK) as (port, received), client() as http:
        assert http.get(f"http://shop.example:{port}/").text == "ok"
    assert b"authorization" not in received[0].lower()


def test_named_hosts_may_be_reached_through_a_proxy():
    with server(OK) as (port, received), client(proxy=f"http://127.0.0.1:{port}", private_hosts=["127.0.0.1"]) as http:
        assert http.get("http://shop.example/path").text == "ok"
        assert received[0].startswith(b"GET http://shop.example/path HTTP/1.1")
    with pytest.raises(ValueError, match="must be named"):
        client(hosts=["*"], proxy="http://127.0.0.1:9")
