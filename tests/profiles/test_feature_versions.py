"""A fold that was changed says so: its figures can't be taken for the present rules' without a word."""

import logging
from dataclasses import replace

import pytest

from stammgast.operations.api import examine
from stammgast.profiles.versions import note_versions, outdated_features
from tools.workbench import track


def raised(features, name):
    return [replace(one, version=one.version + 1) if one.name == name else one for one in features]


@pytest.fixture
def features(workbench):
    workbench.take(track("anna", "Order Completed", "m1", total=1, currency="EUR"))
    return [one for manifest in workbench.runtime.manifests for one in manifest.features]


def outdated(workbench, features):
    with workbench.runtime.customers.read() as connection:
        return outdated_features(connection, features)


def finding(workbench):
    return next(one for one in examine(workbench.runtime) if one.name == "figures of profiles")


def test_without_a_change_nothing_is_told(workbench, features):
    assert outdated(workbench, features) == {}
    workbench.restart()
    assert outdated(workbench, features) == {}
    assert finding(workbench).is_well


def test_a_raised_version_is_told_at_every_start_until_it_is_made_anew(workbench, features, caplog):
    changed = raised(features, "orders")
    version = next(one.version for one in features if one.name == "orders")
    for _ in range(2):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert note_versions(workbench.runtime.customers, changed) == {"orders": (version, version + 1)}
        assert [record.feature for record in caplog.records] == ["orders"]
    assert outdated(workbench, features) == {}


@pytest.mark.usefixtures("features")
def test_the_doctor_names_the_feature_and_says_how_to_mend_it(workbench, monkeypatch):
    manifest = next(one for one in workbench.runtime.manifests if one.features)
    changed = replace(manifest, features=tuple(raised(manifest.features, "orders")))
    others = [one for one in workbench.runtime.manifests if one is not manifest]
    monkeypatch.setattr(workbench.runtime, "manifests", (*others, changed))
    workbench.runtime.services.clear()
    told = finding(workbench)
    assert not told.is_well
    assert told.found.startswith("orders by version")
    assert "stammgast export" in told.mend


def test_a_new_feature_counts_from_now_on_and_is_no_alarm(workbench, features):
    one = replace(features[0], name="brand_new", version=3)
    assert note_versions(workbench.runtime.customers, [*features, one]) == {}
    assert outdated(workbench, [*features, replace(one, version=4)]) == {"brand_new": (3, 4)}
