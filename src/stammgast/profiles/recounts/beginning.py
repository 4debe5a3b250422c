"""When something has to be counted anew: a fold's version rose, a module brought a new one, or a person ordered it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from stammgast.profiles.recounts.contracts import ACCOUNTS, Recount


def noted_at_start(noted: Mapping[str, int], versions: Mapping[str, int], *, anchors: int) -> dict[str, int]:
    """Return the versions by which states are folded, of features that are still there; `anchors` is the next new one.

    With no anchor there is no state. What was never noted, or never for accounts, is from before it was: folded as now.

    >>> noted_at_start({"orders": 1, "gone": 1}, {"orders": 2, "mood": 1, "accounts": 14}, anchors=5)
    {'orders': 1, 'accounts': 14}
    """
    if not noted or anchors == 1:
        return dict(versions)
    known = {ACCOUNTS: versions[ACCOUNTS], **noted} if ACCOUNTS in versions else noted
    return {name: known[name] for name in versions if name in known}


def differing(noted: Mapping[str, int], versions: Mapping[str, int]) -> dict[str, tuple[int | None, int]]:
    """Return feature -> (version noted, None for a new one; version now) of those that differ.

    >>> differing({"orders": 1, "seen": 1}, {"orders": 2, "seen": 1, "mood": 1})
    {'orders': (1, 2), 'mood': (None, 1)}
    """
    return {name: (noted.get(name), now) for name, now in versions.items() if noted.get(name) != now}


def recount_at_start(
    kept: Recount, noted: Mapping[str, int], versions: Mapping[str, int], *, anchors: int, accounts: int, now: int
) -> Recount:
    """Return the recount with which a worker begins: the one that was under way, or a new one for what differs.

    anchors, accounts: the next new ones. `now` in ms UTC.
    """
    wanted = differing(noted, versions)
    under_way = {name: one for name, one in kept.features.items() if name in versions} if kept.is_unfinished else {}
    if all(under_way.get(name) == one for name, one in wanted.items()) and all(
        one[1] == versions[name] for name, one in under_way.items()
    ):
        return msgspec.structs.replace(kept, features=under_way)
    again = {name: (noted.get(name), versions[name]) for name in (*under_way, *_set_aside(kept, versions))}
    return new_recount(kept, {**again, **wanted}, anchors=anchors, accounts=accounts, now=now)


def ordered_recount(
    kept: Recount,
    noted: Mapping[str, int],
    versions: Mapping[str, int],
    names: Collection[str],
    *,
    anchors: int,
    accounts: int,
    now: int,
) -> Recount:
    """Return a recount of some features (no name: of all), with what is under way or was set aside."""
    under_way = kept.features if kept.is_unfinished else {}
    wanted = {*(names or versions), *under_way, *_set_aside(kept, versions)} & versions.keys()
    features = {name: (noted.get(name), versions[name]) for name in versions if name in wanted}
    return new_recount(kept, features, anchors=anchors, accounts=accounts, now=now)


def new_recount(
    kept: Recount, features: Mapping[str, tuple[int | None, int]], *, anchors: int, accounts: int, now: int
) -> Recount:
    """Return a recount of these features from the first anchor on."""
    return Recount(
        number=kept.number + 1,
        order=kept.order,
        state="paused" if kept.state == "paused" else "going_on",
        features=dict(features),
        anchors_until=anchors,
        accounts_until=accounts if ACCOUNTS in features else 1,
        begun_at=now,
        # What was set aside can't be relied on before its turn has come.
        parts=kept.parts,
    )


def trying_again(kept: Recount, versions: Mapping[str, int], person: str, now: int) -> Recount:
    """Return a recount of what was set aside; one that is under way goes on, and does that at its end."""
    parts = tuple(msgspec.structs.replace(part, attempts=0) for part in kept.parts)
    if kept.is_unfinished:
        return msgspec.structs.replace(kept, parts=parts, state="going_on", note="")
    names = {name for part in parts for name in part.features if name in versions}
    outdated = {name for part in parts for name in part.outdated}
    return Recount(
        number=kept.number + 1,
        order=kept.order,
        state="going_on",
        phase="again",
        features={name: (None if name in outdated else versions[name], versions[name]) for name in sorted(names)},
        person=person,
        begun_at=now,
        is_forced=kept.is_forced,
        parts=parts,
    )


def _set_aside(kept: Recount, versions: Mapping[str, int]) -> Iterable[str]:
    """Return what parts that were set aside wait for."""
    return {name for part in kept.parts for name in part.features if name in versions}
