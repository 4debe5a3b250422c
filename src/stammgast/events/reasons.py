"""Why an event goes to the quarantine: each reason's machine-readable name and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping

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

REASONS: Mapping[str, str] = {
    INVALID_JSON: "The event is not valid JSON.",
    NOT_A_NUMBER: "The event holds NaN or Infinity, which JSON does not know. Send null instead.",
    LONE_SURROGATE: "A text holds half a character (a lone surrogate). Cut texts between characters.",
    NUL_CHARACTER: "A text holds a NUL character.",
    NESTED_TOO_DEEP: "The event is nested deeper than 64 levels.",
    EVENT_TOO_LARGE: "The event is larger than 32 KB (1 MB in an import).",
    WRONG_TYPE: "A field has a type that it can't have.",
    UNKNOWN_TYPE: "The type is none of track, identify, page, screen, group and alias.",
    MISSING_IDENTITY: "The event has neither a userId nor an anonymousId.",
    MISSING_EVENT: "A track event needs the name of what happened in `event`.",
    MISSING_GROUP: "A group event needs a groupId.",
    MISSING_PREVIOUS: "An alias event needs a previousId.",
    MESSAGE_ID_TOO_LONG: "The messageId is longer than 100 characters.",
    IDENTIFIER_TOO_LONG: "A userId, anonymousId, groupId or previousId is longer than 512 characters.",
    NAME_TOO_LONG: "The name of the event is longer than 255 characters.",
    TOO_MANY_PROPERTIES: "The event has more than 300 properties or traits.",
    INVALID_TIMESTAMP: "A timestamp can't be read or lies outside the years 1900 to 2299. Send ISO 8601.",
    EVENT_BLOCKED: "Events of this name are blocked by a rule of yours.",
    SCHEMA_MISMATCH: "The event does not have the properties that its schema demands.",
    MESSAGE_ID_REUSED: "Another event with the same messageId but different content came before.",
    PROCESSING_FAILED: "The event could not be processed because of an error on our side.",
}
"""Reason -> a sentence for people, in English; pages translate it."""
