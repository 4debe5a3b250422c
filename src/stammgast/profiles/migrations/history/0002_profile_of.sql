-- anchor -> profile: a large base, loaded when it is folded (at night), below a small delta, loaded again at most once a
-- second after a merge. An anchor in neither is its own profile.
CREATE TABLE IF NOT EXISTS anchor_profiles_folded
(
    batch UInt64
)
ENGINE = MergeTree
ORDER BY batch
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE VIEW IF NOT EXISTS anchor_profiles_in_base AS
SELECT anchor, argMax(profile, anchor_profiles.batch) AS profile
FROM anchor_profiles
WHERE anchor_profiles.batch <= (SELECT max(batch) FROM anchor_profiles_folded)
GROUP BY anchor;

CREATE VIEW IF NOT EXISTS anchor_profiles_in_delta AS
SELECT anchor, argMax(profile, anchor_profiles.batch) AS profile
FROM anchor_profiles
WHERE anchor_profiles.batch > (SELECT max(batch) FROM anchor_profiles_folded)
GROUP BY anchor;

CREATE DICTIONARY IF NOT EXISTS anchor_profiles_base
(
    anchor UInt64,
    profile UInt32
)
PRIMARY KEY anchor
SOURCE(CLICKHOUSE(TABLE 'anchor_profiles_in_base'))
LAYOUT(FLAT(MAX_ARRAY_SIZE 100000000))
LIFETIME(0);

CREATE DICTIONARY IF NOT EXISTS anchor_profiles_delta
(
    anchor UInt64,
    profile UInt32
)
PRIMARY KEY anchor
SOURCE(CLICKHOUSE(TABLE 'anchor_profiles_in_delta'))
LAYOUT(FLAT(MAX_ARRAY_SIZE 100000000))
LIFETIME(0);

CREATE OR REPLACE FUNCTION profile_of AS (anchor) -> dictGetOrDefault(
    'anchor_profiles_delta',
    'profile',
    toUInt64(anchor),
    dictGetOrDefault('anchor_profiles_base', 'profile', toUInt64(anchor), toUInt32(anchor))
);
