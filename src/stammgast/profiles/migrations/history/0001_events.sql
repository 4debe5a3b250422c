-- All events for ever. A row is never rewritten: `anchor` says which set of raw identifiers it came with, and the
-- mapping anchor -> profile says whose that is now. (batch, row) names a row for exactly-once delivery.
CREATE TABLE IF NOT EXISTS events
(
    anchor UInt32,
    time DateTime64(3, 'UTC'),
    received_at DateTime64(3, 'UTC'),
    original_time Nullable(DateTime64(3, 'UTC')),
    message_id String,
    digest UUID,
    content Int64,
    type LowCardinality(String),
    name LowCardinality(String),
    source UInt32,
    brand UInt32,
    user_id String,
    anonymous_id String,
    group_id String,
    channel LowCardinality(String),
    touchpoint LowCardinality(String),
    device LowCardinality(String),
    browser LowCardinality(String),
    os LowCardinality(String),
    country LowCardinality(String),
    language LowCardinality(String),
    referrer_medium LowCardinality(String),
    referrer_name LowCardinality(String),
    campaign_source LowCardinality(String),
    campaign_medium LowCardinality(String),
    campaign_name LowCardinality(String),
    campaign_term LowCardinality(String),
    campaign_content LowCardinality(String),
    click_id LowCardinality(String),
    page_path String,
    page_title String,
    is_bot Bool,
    is_staff Bool,
    is_import Bool,
    flags Array(LowCardinality(String)),
    amount Nullable(Decimal(38, 6)),
    currency LowCardinality(String),
    properties JSON(max_dynamic_paths = 256),
    traits JSON(max_dynamic_paths = 64),
    raw String CODEC(ZSTD(1)),
    batch UInt64,
    row UInt32,
    INDEX batch_index batch TYPE minmax GRANULARITY 1,
    INDEX received_index received_at TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYear(time)
ORDER BY (anchor, time)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Anchors whose profile is not their own number, as the worker changes them; the newest batch wins.
CREATE TABLE IF NOT EXISTS anchor_profiles
(
    anchor UInt32,
    profile UInt32,
    batch UInt64
)
ENGINE = ReplacingMergeTree(batch)
ORDER BY anchor
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
