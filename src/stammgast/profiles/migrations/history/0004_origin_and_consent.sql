-- Everything folded can be folded again from history: what the event says of consent and the header Sec-GPC, which `raw` has not.
-- Rows from before say of the header nothing. `origin` marks what Stammgast itself derived or did; empty for what senders sent.
ALTER TABLE events ADD COLUMN IF NOT EXISTS origin LowCardinality(String);

ALTER TABLE events ADD COLUMN IF NOT EXISTS consent Map(LowCardinality(String), Bool);

ALTER TABLE events ADD COLUMN IF NOT EXISTS opts_out_of_sale Bool;

ALTER TABLE events MODIFY COLUMN shown String MATERIALIZED toJSONString(tuple(
    message_id,
    toUnixTimestamp64Milli(received_at),
    if(isNull(original_time), NULL, toUnixTimestamp64Milli(assumeNotNull(original_time))),
    type,
    name,
    user_id,
    anonymous_id,
    group_id,
    source,
    brand,
    channel,
    touchpoint,
    device,
    browser,
    os,
    country,
    referrer_medium,
    referrer_name,
    campaign_name,
    page_path,
    page_title,
    toString(amount),
    currency,
    flags,
    is_bot,
    is_staff,
    is_import,
    origin,
    language,
    campaign_source,
    campaign_medium,
    campaign_term,
    campaign_content
)) CODEC(ZSTD(1));

ALTER TABLE events MATERIALIZE COLUMN shown;
