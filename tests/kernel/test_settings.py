import pytest

from stammgast.kernel.settings import (
    Settings,
    UnknownSetting,
    UnreadableSettings,
    WrongSetting,
    described_settings,
    load_settings,
)


def test_the_command_line_beats_the_variable_beats_the_file(tmp_path):
    (tmp_path / "stammgast.toml").write_text('port = 1111\nlanguage = "de"\nlog_level = "error"\n')
    environ = {"STAMMGAST_PORT": "2222", "STAMMGAST_LANGUAGE": "en"}
    settings = load_settings(environ, data=tmp_path, port=3333)
    assert (settings.port, settings.language, settings.log_level) == (3333, "en", "error")


def test_what_is_not_given_does_not_count_as_given(tmp_path):
    assert load_settings({"STAMMGAST_PORT": "2222"}, data=tmp_path, port=None).port == 2222


def test_the_file_may_lie_elsewhere(tmp_path):
    elsewhere = tmp_path / "other.toml"
    elsewhere.write_text("worker_batch = 17\n")
    assert load_settings({"STAMMGAST_CONFIG": str(elsewhere)}, data=tmp_path).worker_batch == 17


def test_a_file_that_was_named_but_is_not_there_is_refused(tmp_path):
    with pytest.raises(UnreadableSettings, match="can't be read"):
        load_settings({"STAMMGAST_CONFIG": str(tmp_path / "none.toml")}, data=tmp_path)


def test_a_file_that_is_not_toml_is_refused(tmp_path):
    (tmp_path / "stammgast.toml").write_text("port: 1")
    with pytest.raises(UnreadableSettings):
        load_settings({}, data=tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "must"),
    [
        ("port", "0", "must be from 1 to 65535"),
        ("port", "8400.5", "must be a whole number"),
        ("warehouse_memory", "2", "must be from 0.05 to 0.9"),
        ("dedup_days", "1", "must be from 7"),
        ("trust_proxy", "maybe", "must be true or false"),
        ("language", "fr", "must be one of en, de"),
        ("state_url", "mysql://host/db", "must be an address that begins with postgresql://"),
    ],
)
def test_a_wrong_value_is_refused_with_what_it_must_be(tmp_path, name, value, must):
    with pytest.raises(WrongSetting, match=must):
        load_settings({f"STAMMGAST_{name.upper()}": value}, data=tmp_path)


def test_a_misspelt_setting_is_refused_wherever_it_stands(tmp_path):
    with pytest.raises(UnknownSetting, match="no setting prot"):
        load_settings({"STAMMGAST_PROT": "1"}, data=tmp_path)
    (tmp_path / "stammgast.toml").write_text("prot = 1\n")
    with pytest.raises(UnknownSetting, match="settings file"):
        load_settings({}, data=tmp_path)


def test_every_default_is_itself_allowed(tmp_path):
    given = {variable: str(default) for _name, variable, default, _help in described_settings() if str(default)}
    assert load_settings(given, data=tmp_path) == Settings(data=tmp_path)


@pytest.mark.parametrize(
    ("host", "url"), [("127.0.0.1", "http://127.0.0.1:8400"), ("0.0.0.0", "http://127.0.0.1:8400")]
)
def test_the_printed_address_can_be_opened_from_this_machine(host, url):
    assert Settings(host=host).base_url == url


def test_the_public_address_is_the_one_people_and_snippets_get():
    assert Settings(public_url="https://cx.example.com/").base_url == "https://cx.example.com"
