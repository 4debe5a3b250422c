"""Management API of the workspace: sources, tokens, brands, who one is."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody

from stammgast.kernel.ids import BrandId
from stammgast.web.contracts import Role
from stammgast.web.guards import brands_of, person_of, requires
from stammgast.web.http import ApiController, iso_time
from stammgast.web.pages import runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.workspace import api
from stammgast.workspace.contracts import Actor, ApiToken, Source, SourceKind

ADMINISTRATOR = [requires(Role.ADMINISTRATOR)]
OWN = [requires(Role.VIEWER, bound="own")]

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
RateLimit = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Number = Annotated[int, msgspec.Meta(ge=1, le=2_147_483_647)]


class SourceAnswer(msgspec.Struct, rename="camel"):
    """A source. `keys` tell the last four characters of each key that still works."""

    id: int
    name: str
    kind: SourceKind
    brand: int
    allowed_origins: list[str]
    rate_limit: int
    created_at: str | None
    revoked_at: str | None
    keys: list[str]
    public_key: str | None = None
    """The present write key of a website or an app, which stands in public anyway; null for a server's."""


class SourceKeyAnswer(SourceAnswer, rename="camel"):
    """A source with its new write key; a server's is told only here."""

    write_key: str = ""


class NewSource(msgspec.Struct, rename="camel"):
    """What a new source needs."""

    name: Name
    kind: SourceKind = "server"
    brand: Number | None = None
    allowed_origins: list[str] = []
    rate_limit: RateLimit = 0


class SourceChange(msgspec.Struct, rename="camel"):
    """What may change of a source; what is left out stays."""

    name: Name | None = None
    kind: SourceKind | None = None
    brand: Number | None = None
    allowed_origins: list[str] | None = None
    rate_limit: RateLimit | None = None


class Rotation(msgspec.Struct, rename="camel"):
    """How long the old keys go on working."""

    grace_hours: Annotated[int, msgspec.Meta(ge=0, le=24 * 365)] = 24


class TokenAnswer(msgspec.Struct, rename="camel"):
    """An API token; `token` is its text, told only when it is made."""

    id: int
    name: str
    role: str
    hint: str
    created_at: str | None
    last_used_at: str | None
    revoked_at: str | None
    brands: list[int] = []
    """Bound to these; none: all."""
    token: str | None = None


class NewToken(msgspec.Struct):
    """What a new token needs."""

    name: Name
    role: Role
    brands: list[Number] = []


class BrandAnswer(msgspec.Struct):
    """A brand."""

    id: int
    name: str


class WorkspaceAnswer(msgspec.Struct, rename="camel"):
    """The company's settings and its brands."""

    name: str
    zone: str
    first_weekday: int
    currency: str
    brands: list[BrandAnswer]


class MeAnswer(msgspec.Struct):
    """Who asks, and what they may."""

    kind: str
    name: str
    role: Role
    brands: list[int] = []
    """Bound to these; none: all."""


class SourcesController(ApiController):
    """Sources and their write keys."""

    path = "/api/sources"
    tags = ("Sources",)

    @get(guards=OWN, summary="List sources", sync_to_thread=True)
    def list_sources(self, request: AnyRequest) -> list[SourceAnswer]:
        """All sources, working ones first."""
        return [_source_answer(one) for one in api.sources_for(runtime_of(request), brands_of(request))]

    @post(guards=ADMINISTRATOR, summary="Make a source", sync_to_thread=True)
    def create(self, request: AnyRequest, data: JSONBody[NewSource]) -> SourceKeyAnswer:
        """The answer holds the write key; a server's is told only here."""
        made = api.create_source(
            runtime_of(request),
            _by(request),
            data.name,
            kind=data.kind,
            brand=None if data.brand is None else BrandId(data.brand),
            allowed_origins=data.allowed_origins,
            rate_limit=data.rate_limit,
        )
        return _key_answer(made.source, made.write_key)

    @get("/{number:int}", guards=OWN, summary="Get a source", sync_to_thread=True)
    def show(self, request: AnyRequest, number: FromPath[Number]) -> SourceAnswer:
        """One source."""
        return _source_answer(api.source(runtime_of(request), number, brands_of(request)))

    @patch("/{number:int}", guards=ADMINISTRATOR, summary="Change a source", sync_to_thread=True)
    def change(self, request: AnyRequest, number: FromPath[Number], data: JSONBody[SourceChange]) -> SourceAnswer:
        """What is left out stays as it is."""
        known = api.source(runtime_of(request), number)
        changed = api.change_source(
            runtime_of(request),
            _by(request),
            number,
            name=known.name if data.name is None else data.name,
            kind=data.kind or known.kind,
            brand=known.brand if data.brand is None else BrandId(data.brand),
            allowed_origins=known.allowed_origins if data.allowed_origins is None else data.allowed_origins,
            rate_limit=known.rate_limit if data.rate_limit is None else data.rate_limit,
        )
        return _source_answer(changed)

    @post("/{number:int}/rotate", guards=ADMINISTRATOR, summary="Give a source a new write key", sync_to_thread=True)
    def rotate(self, request: AnyRequest, number: FromPath[Number], data: JSONBody[Rotation]) -> SourceKeyAnswer:
        """The old keys go on working for `graceHours`."""
        made = api.rotate_source_key(runtime_of(request), _by(request), number, grace_hours=data.grace_hours)
        return _key_answer(made.source, made.write_key)

    @post("/{number:int}/revoke", guards=ADMINISTRATOR, status_code=200, summary="Revoke a source", sync_to_thread=True)
    def revoke(self, request: AnyRequest, number: FromPath[Number]) -> SourceAnswer:
        """Its keys end now; what it sent stays."""
        return _source_answer(api.revoke_source(runtime_of(request), _by(request), number))


class TokensController(ApiController):
    """API tokens."""

    path = "/api/tokens"
    tags = ("Tokens",)

    @get(guards=ADMINISTRATOR, summary="List API tokens", sync_to_thread=True)
    def list_tokens(self, request: AnyRequest) -> list[TokenAnswer]:
        """All tokens, newest first; never their texts."""
        return [_token_answer(one) for one in api.list_tokens(runtime_of(request))]

    @post(guards=ADMINISTRATOR, summary="Make an API token", sync_to_thread=True)
    def create(self, request: AnyRequest, data: JSONBody[NewToken]) -> TokenAnswer:
        """The answer holds the token's text; it is told only here."""
        made, secret = api.create_token(runtime_of(request), _by(request), data.name, data.role, data.brands)
        return _token_answer(made, secret)

    @delete("/{number:int}", guards=ADMINISTRATOR, summary="Revoke an API token", sync_to_thread=True)
    def revoke(self, request: AnyRequest, number: FromPath[Number]) -> None:
        """It ends now."""
        api.revoke_token(runtime_of(request), _by(request), number)


class WorkspaceController(ApiController):
    """The company, its brands, and who asks."""

    path = "/api"
    tags = ("Workspace",)

    @get("/workspace", guards=OWN, summary="Get the company's settings", sync_to_thread=True)
    def workspace(self, request: AnyRequest) -> WorkspaceAnswer:
        """Name, time zone, first day of the week (0 is Monday), reporting currency and brands."""
        known = api.company(runtime_of(request))
        own = brands_of(request)
        brands = [BrandAnswer(one.id, one.name) for one in api.brands(runtime_of(request)) if not own or one.id in own]
        return WorkspaceAnswer(known.name, known.zone, known.first_weekday, known.currency, brands)

    @get("/me", guards=[requires(Role.VIEWER, bound="same")], summary="Say who asks", sync_to_thread=True)
    def me(self, request: AnyRequest) -> MeAnswer:
        """The holder of the token, or the person logged in."""
        person = person_of(request)
        return MeAnswer(person.kind, person.name, person.role, list(person.brands))


def _source_answer(one: Source) -> SourceAnswer:
    return SourceAnswer(**_source_fields(one))


def _key_answer(one: Source, write_key: str) -> SourceKeyAnswer:
    return SourceKeyAnswer(**_source_fields(one), write_key=write_key)


def _source_fields(one: Source) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "kind": one.kind,
        "brand": one.brand,
        "allowed_origins": list(one.allowed_origins),
        "rate_limit": one.rate_limit,
        "created_at": iso_time(one.created_at),
        "revoked_at": iso_time(one.revoked_at),
        "keys": [key.hint for key in one.keys if key.ends_at is None],
        "public_key": one.public_key or None,
    }


def _token_answer(one: ApiToken, secret: str | None = None) -> TokenAnswer:
    return TokenAnswer(
        id=one.id,
        name=one.name,
        role=one.role.value,
        hint=one.hint,
        created_at=iso_time(one.created_at),
        last_used_at=iso_time(one.last_used_at),
        revoked_at=iso_time(one.revoked_at),
        brands=list(one.brands),
        token=secret,
    )


def _by(request: AnyRequest) -> Actor:
    return Actor.of(person_of(request))


CONTROLLERS = (SourcesController, TokensController, WorkspaceController)
