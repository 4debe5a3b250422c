import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stammgast.kernel.sealing import KEY_BYTES, Sealer, UnreadableSealingKey, WrongSealingKey, open_sealer
from stammgast.kernel.settings import Settings


def test_who_seals_first_makes_the_key_and_everybody_else_finds_it(tmp_path):
    settings = Settings(data=tmp_path)
    with ThreadPoolExecutor(8) as many:
        sealers = list(many.map(lambda _: open_sealer(settings), range(8)))
    sealed = sealers[0].seal(b"smtp password", "mail")
    assert {one.unseal(sealed, "mail") for one in sealers} == {b"smtp password"}
    key = tmp_path / "keys" / "sealing"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    assert [one.name for one in key.parent.iterdir()] == ["sealing"]


@given(plain=st.binary(max_size=200), flip=st.integers(0), bit=st.integers(0, 7))
def test_what_was_changed_by_a_single_bit_does_not_open(tmp_path_factory, plain, flip, bit):
    sealer = Sealer(bytes(KEY_BYTES), tmp_path_factory.getbasetemp())
    sealed = bytearray(sealer.seal(plain, "mail"))
    assert sealer.unseal(bytes(sealed), "mail") == plain
    sealed[flip % len(sealed)] ^= 1 << bit
    with pytest.raises(WrongSealingKey):
        sealer.unseal(bytes(sealed), "mail")


def test_a_seal_opens_for_its_own_purpose_and_with_its_own_key_only(tmp_path):
    sealer = open_sealer(Settings(data=tmp_path))
    sealed = sealer.seal(b"secret", "webhook:1")
    assert b"secret" not in sealed
    assert sealed != sealer.seal(b"secret", "webhook:1")
    for opener, purpose in ((sealer, "webhook:2"), (open_sealer(Settings(data=tmp_path / "other")), "webhook:1")):
        with pytest.raises(WrongSealingKey, match="put the key of this installation back"):
            opener.unseal(sealed, purpose)
    with pytest.raises(WrongSealingKey):
        sealer.unseal(b"", "webhook:1")


def test_a_key_file_that_is_missing_or_no_key_is_told_by_its_path(tmp_path):
    elsewhere = tmp_path / "mounted"
    settings = Settings(data=tmp_path, sealing_key=str(elsewhere))
    with pytest.raises(UnreadableSealingKey, match=r"mounted.*no such file"):
        open_sealer(settings)
    elsewhere.write_text("not hex")
    with pytest.raises(UnreadableSealingKey, match="mounted"):
        open_sealer(settings)
    elsewhere.write_text("ab" * 16)
    with pytest.raises(UnreadableSealingKey, match="16 bytes instead of 32"):
        open_sealer(settings)
    elsewhere.write_text("ab" * 32 + "\n")
    assert open_sealer(settings).unseal(open_sealer(settings).seal(b"x", "p"), "p") == b"x"
