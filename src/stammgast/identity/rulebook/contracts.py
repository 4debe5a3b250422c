"""What the rulebook speaks of: what rules would do, how far their application is, versions and trials, refusals."""

from __future__ import annotations

from typing import Literal

import msgspec

from stammgast.identity.graph.rules import GraphRules, Identifier
from stammgast.kernel.errors import NotFound, StammgastError

Stage = Literal["waiting", "reading", "resolving", "writing"]
ExampleKind = Literal["merge", "split", "held", "released", "placeholder"]
EXAMPLES_MAX = 20


class Example(msgspec.Struct, frozen=True, omit_defaults=True):
    """One case of what rules do. merge: `other` becomes part of `profile`; split: `identifiers` leave `profile`.

    For held and released, `profile` is whose the identifier is now, 0 for nobody's. rule: what joins or parts them, as in
    the merge log.
    """

    kind: ExampleKind
    profile: int
    name: str = ""
    other: int = 0
    other_name: str = ""
    identifiers: tuple[Identifier, ...] = ()
    rule: str = ""


class RulesEffect(msgspec.Struct, frozen=True, kw_only=True):
    """What rules do to everything known, beside those in force.

    merged: profiles that become part of others. split: new profiles that part from others. vanished: profiles of which
    nothing counts any more. held, released: identifiers. left_out: identifiers left out of an event's profile.
    relinked: sets of identifiers that are read otherwise.
    """

    profiles_before: int
    profiles_after: int
    merged: int
    split: int
    vanished: int
    held_before: int
    held_after: int
    held: int
    released: int
    left_out_before: int
    left_out_after: int
    relinked: int
    moved_sets: int
    seconds: float
    examples: tuple[Example, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Say whether nothing changes for anybody."""
        changed = (self.merged, self.split, self.vanished, self.held, self.released, self.moved_sets)
        return not any(changed) and self.left_out_before == self.left_out_after


class RulesProgress(msgspec.Struct, frozen=True):
    """How far an application or a trial is. number: of the application. at: ms UTC, when this was told."""

    number: int
    stage: Stage
    done: int
    total: int
    at: int


class RulesVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A saved version of the rules."""

    version: int
    rules: GraphRules
    note: str
    saved_by: str
    saved_at: int


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A dry run of a version. state: waiting, running, done or failed; effect once it is done."""

    id: int
    version: int
    state: Literal["waiting", "running", "done", "failed"]
    ordered_by: str
    ordered_at: int
    ended_at: int | None
    progress: RulesProgress | None
    effect: RulesEffect | None
    problem: str
    base: int
    """Version that was in force when it ran."""


class NoSuchRules(NotFound):
    """There is no version {version} of the identity rules."""

    code = "no_such_rules"


class NoSuchTrial(NotFound):
    """There is no dry run {id}."""

    code = "no_such_trial"


class InForceAlready(StammgastError):
    """Version {version} of the identity rules is in force already."""

    status = 409


class NothingChanged(StammgastError):
    """These rules are the same as version {version}."""

    status = 409


class CarryingOutFailed(StammgastError):
    """The identity rules could not be applied: {problem}. The rules before stay in force; it is tried again."""

    status = 503
    retry = True


class NoRulesGiven(StammgastError):
    """Name a file with rules, or a saved version with --version."""

    status = 422
