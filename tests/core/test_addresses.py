import socket

import pytest

from plugdesk.addresses import AddressRefused, HostUnknown, connect_public, is_email, is_public, normal_email, resolve_public

PUBLIC = "93.184.216.34"


def answering(*addresses):
    """A resolver that gives these addresses for any name."""

    def resolve(host, port):
        return [
            (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in addresses
        ]

    return resolve


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.1",
        "::1",
        "0.0.0.0",
        "0.1.2.3",
        "::",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.127.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "fe80::1",
        "fc00::1",
        "fd12::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "2002:7f00:1::",
        "2002:a00:1::",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "not an address",
        "",
    ],
)
def test_an_address_of_our_own_network_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [PUBLIC, "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "2002:808:808::", "64:ff9b::808:808"],
)
def test_an_address_of_the_internet_is_public(address):
    assert is_public(address)


def test_a_public_host_may_be_called():
    assert resolve_public("Shop.Example.", 443, resolver=answering(PUBLIC, "2606:4700::1111", PUBLIC)) == [
        (socket.AF_INET, PUBLIC, 443),
        (socket.AF_INET6, "2606:4700::1111", 443),
    ]


def test_one_inner_address_among_others_is_enough_to_refuse():
    with pytest.raises(AddressRefused, match=r"“shop.example” is in our own network \(10.0.0.1\).*PLUGDESK_PRIVATE_HOSTS"):
        resolve_public("shop.example", 443, resolver=answering(PUBLIC, "10.0.0.1"))


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "127.0.0.1", "[::1]", "0.0.0.0", "::ffff:127.0.0.1", "[::ffff:7f00:1]"]
)
def test_this_machine_is_refused_under_its_usual_names(host):
    with pytest.raises(AddressRefused):
        resolve_public(host, 80)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.1"])
def test_this_machine_is_refused_under_its_odd_names(host):
    # As the system's resolver reads them.
    with pytest.raises(AddressRefused):
        resolve_public(host, 80, resolver=lambda name, port: [(2, 1, 6, "", (socket.inet_ntoa(socket.inet_aton(name)), port))])


@pytest.mark.parametrize("host", ["", " ", "nowhere.invalid", "a" * 70 + ".example", "a..b.example", "."])
def test_a_host_without_an_address_is_said_in_words(host):
    with pytest.raises(HostUnknown, match="There is no host"):
        resolve_public(host, 80)


@pytest.mark.parametrize("allowed", ["mail.corp", "MAIL.corp.", "*.corp", "10.0.0.1", "10.0.0.0/8", " 10.0.0.1/24"])
def test_a_named_private_host_may_be_called(allowed):
    assert resolve_public("mail.corp", 993, allowed=["other", allowed], resolver=answering("10.0.0.1"))[0].host == "10.0.0.1"


@pytest.mark.parametrize("allowed", ["corp", "*.orp", "evil-mail.corp", "10.0.1.0/24", "*", "", "*.mail.corp"])
def test_naming_one_host_opens_no_other(allowed):
    with pytest.raises(AddressRefused):
        resolve_public("mail.corp", 993, allowed=[allowed], resolver=answering("10.0.0.1"))


def test_the_connection_goes_to_the_checked_address():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        asked = []

        def rebinding(host, port):
            asked.append(host)
            return answering("127.0.0.1" if len(asked) == 1 else "127.0.0.2")(host, port)

        with connect_public("mail.corp", port, allowed=["mail.corp"], resolver=rebinding) as connection:
            assert connection.getpeername() == ("127.0.0.1", port)
        assert asked == ["mail.corp"]


def test_when_nothing_answers_the_reason_is_kept():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        connect_public("127.0.0.1", port, allowed=["127.0.0.1"])


@pytest.mark.parametrize(
    "address",
    [
        "anna@shop.example",
        "Anna.Petrova+desk@mail.shop.example",
        "o'brien@shop.example",
        "анна@почта.рф",
        "x@xn--80a1acny.xn--p1ai",
        "me@localhost",
        "1@2.com",
        "a_b-c@d-e.museum",
    ],
)
def test_an_address_letters_can_be_sent_to(address):
    assert is_email(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "anna",
        "anna@",
        "@shop.example",
        "anna@shop",
        "anna @shop.example",
        "anna@shop.example\n",
        "anna@shop.example\r\nBcc: x@y.zz",
        "a@b@c.example",
        '"a b"@shop.example',
        "a..b@shop.example",
        ".a@shop.example",
        "a@.example",
        "a@shop..example",
        "a@-shop.example",
        "a@[127.0.0.1]",
        "a@1.2.3.4",
        "<a@shop.example>",
        "Anna <a@shop.example>",
        "a" * 65 + "@shop.example",
        "a@" + "b." * 130 + "example",
        "a\0@shop.example",
        "a,b@shop.example",
    ],
)
def test_what_is_no_address(address):
    assert not is_email(address)


@pytest.mark.parametrize(
    ("address", "normal"),
    [
        (" Anna@Shop.Example ", "anna@shop.example"),
        ("x@XN--80A1ACNY.xn--p1ai", "x@почта.рф"),
        ("x@Почта.РФ", "x@почта.рф"),
        ("x@xn--", "x@xn--"),
        ("nothing", "nothing"),
        ("", ""),
        ("xn--a@b.example", "xn--a@b.example"),
    ],
)
def test_an_address_has_one_spelling(address, normal):
    assert normal_email(address) == normal
