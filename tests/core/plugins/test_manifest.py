import pytest

from plugdesk.database import Base
from plugdesk.errors import Invalid
from plugdesk.plugins.manifest import RESERVED, read_manifest

GOOD = {
    "id": '"csat"',
    "name": '"Rating"',
    "summary": '"Asks for a rating."',
    "category": '"feedback"',
    "scope": '"form"',
    "api": '">=1.0,<2"',
}


def write(folder, **changes):
    keys = GOOD | changes
    file = folder / "plugin.toml"
    file.write_text(
        "\n".join(f"{key.replace('x_', 'x-')} = {value}" for key, value in keys.items() if value is not None), "utf-8"
    )
    return file


def test_a_manifest_says_who_a_plugin_is(tmp_path):
    manifest = read_manifest(write(tmp_path, requires='["email"]', permissions='["tickets:read", "net:api.example.org"]'))
    assert (manifest.id, manifest.scope, manifest.requires) == ("csat", "form", ("email",))
    assert manifest.permissions == ("tickets:read", "net:api.example.org")
    assert manifest.folder == tmp_path


def test_own_keys_begin_with_x(tmp_path):
    assert read_manifest(write(tmp_path, x_tier='"gold"')).extra == {"x-tier": "gold"}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"colour": '"red"'}, "colour"),
        ({"summary": None}, "summary"),
        ({"name": "7"}, "name"),
        ({"requires": '"email"'}, "requires"),
        ({"requires": "[7]"}, "requires"),
        ({"category": '"toys"'}, "category"),
        ({"scope": '"galaxy"'}, "scope"),
        ({"api": '"1"'}, "api"),
        ({"permissions": '["everything"]'}, "permissions"),
        ({"settings": '"plugdesk_csat"'}, "settings"),
        ({"address": '"tickets"'}, "address"),
        ({"address": '"a/b"'}, "address"),
        ({"id": '"Csat"'}, "id"),
        ({"id": '"c"'}, "id"),
        ({"id": '"csat_"'}, "id"),
        ({"id": '"cs__at"'}, "id"),
        ({"id": '"ticket"'}, "id"),
        ({"id": '"ticket_tally"'}, "id"),
        ({"id": '"' + "a" * 32 + '"'}, "id"),
    ],
)
def test_what_is_wrong_is_said_by_key(tmp_path, changes, key):
    with pytest.raises(Invalid) as refused:
        read_manifest(write(tmp_path, **changes))
    assert list(refused.value.problems) == [key]


@pytest.mark.parametrize("text", ["id = ", "id = 'a'\nid = 'b'", "\udcff"])
def test_what_is_no_toml_is_refused_in_words(tmp_path, text):
    (tmp_path / "plugin.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(Invalid, match="cannot be read"):
        read_manifest(tmp_path / "plugin.toml")


@pytest.mark.parametrize(
    ("api", "speaks"),
    [(">=1.0,<2", True), (">=1.0", True), (">=1.1,<2", False), (">=2.0,<3", False), (">=0.9,<1", False), (">=0.9,<2", True)],
)
def test_only_the_version_of_the_api_decides(tmp_path, api, speaks):
    assert read_manifest(write(tmp_path, api=f'"{api}"')).speaks_our_api is speaks


def test_no_plugin_can_be_called_as_a_table_of_the_core_begins():
    from tools.new_migration import import_models

    import_models()
    core = {str(mapper.local_table) for mapper in Base.registry.mappers if mapper.class_.__module__.split(".")[0] == "plugdesk"}
    assert {name.split("_")[0] for name in core} <= RESERVED
