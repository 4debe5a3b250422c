"""Why an event goes to the quarantine: each reason's machine-readable name and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping

from stammgast.kernel.i18n import marked as _

INVALID_JSON = "invalid_json"
NOT_A_NUMBER = "not_a_number"
LONE_SURROGATE = "lone_surrogate"
NUL_CHARACTER = "nul_character"
NESTED_TOO_DEEP = "nested_too_deep"
EVENT_TOO_LARGE = "event_too_large"
WRONG_TYPE = "wrong_type"
UNKNOWN_TYPE = "unknown_type"
MISSING_IDENTITY = "missing_identity"
MISSING_EVENT = "missing_event"
MISSING_GROUP = "missing_group"
MISSING_PREVIOUS = "missing_previous"
MESSAGE_ID_TOO_LONG = "message_id_too_long"
IDENTIFIER_TOO_LONG = "identifier_too_long"
NAME_TOO_LONG = "name_too_long"
TOO_MANY_PROPERTIES = "too_many_properties"
INVALID_TIMESTAMP = "invalid_timestamp"
EVENT_BLOCKED = "event_blocked"
SCHEMA_MISMATCH = "schema_mismatch"
MESSAGE_ID_REUSED = "message_id_reused"
PROCESSING_FAILED = "processing_failed"
UNKNOWN_PROFILE = "unknown_profile"
DERIVED_TOO_MUCH = "derived_too_much"

REASONS: Mapping[str, str] = {
    INVALID_JSON: _("The event is not valid JSON."),
    NOT_A_NUMBER: _("The event holds NaN or Infinity, which JSON does not know. Send null instead."),
    LONE_SURROGATE: _("A text holds half a character (a lone surrogate). Cut texts between characters."),
    NUL_CHARACTER: _("A text holds a NUL character."),
    NESTED_TOO_DEEP: _("The event is nested deeper than 64 levels."),
    EVENT_TOO_LARGE: _("The event is larger than 32 KB (1 MB in an import)."),
    WRONG_TYPE: _("A field has a type that it can't have."),
    UNKNOWN_TYPE: _("The type is none of track, identify, page, screen, group and alias."),
    MISSING_IDENTITY: _("The event has neither a userId nor an anonymousId."),
    MISSING_EVENT: _("A track event needs the name of what happened in `event`."),
    MISSING_GROUP: _("A group event needs a groupId."),
    MISSING_PREVIOUS: _("An alias event needs a previousId."),
    MESSAGE_ID_TOO_LONG: _("The messageId is longer than 100 characters."),
    IDENTIFIER_TOO_LONG: _("A userId, anonymousId, groupId or previousId is longer than 512 characters."),
    NAME_TOO_LONG: _("The name of the event is longer than 255 characters."),
    TOO_MANY_PROPERTIES: _("The event has more than 300 properties or traits."),
    INVALID_TIMESTAMP: _("A timestamp can't be read or lies outside the years 1900 to 2299. Send ISO 8601."),
    EVENT_BLOCKED: _("Events of this name are blocked by a rule of yours."),
    SCHEMA_MISMATCH: _("The event does not have the properties that its schema demands."),
    MESSAGE_ID_REUSED: _("Another event with the same messageId but different content came before."),
    UNKNOWN_PROFILE: _("The event is about a customer who does not exist."),
    DERIVED_TOO_MUCH: _("What followed from one event was more than is allowed; the rest was left out."),
    PROCESSING_FAILED: _("The event could not be processed because of an error on our side."),
}
"""Reason -> a sentence for people, in English; pages translate it."""

REASON_LABELS: Mapping[str, str] = {
    "invalid_json": _("Not valid JSON"),
    "not_a_number": _("Not a number"),
    "lone_surrogate": _("Half a character"),
    "nul_character": _("NUL character"),
    "nested_too_deep": _("Nested too deep"),
    "event_too_large": _("Too large"),
    "wrong_type": _("Wrong type of a field"),
    "unknown_type": _("Unknown type of event"),
    "missing_identity": _("Nobody named"),
    "missing_event": _("Event without a name"),
    "missing_group": _("Account not named"),
    "missing_previous": _("Earlier id not named"),
    "message_id_too_long": _("Message id too long"),
    "identifier_too_long": _("Identifier too long"),
    "name_too_long": _("Name too long"),
    "too_many_properties": _("Too many properties"),
    "invalid_timestamp": _("Time not readable"),
    "event_blocked": _("Blocked by a rule"),
    "schema_mismatch": _("Does not fit its schema"),
    "message_id_reused": _("Message id used twice"),
    "processing_failed": _("Error on our side"),
    UNKNOWN_PROFILE: _("Unknown customer"),
    DERIVED_TOO_MUCH: _("Too much followed"),
}
"""The same in two or three words, for lists."""
