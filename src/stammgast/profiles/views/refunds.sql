-- One row an event "Order Refunded"; robots and staff left out, as in a profile's figures.
(
    time DateTime64(3, 'UTC') COMMENT 'when it happened',
    profile Nullable(UInt32) COMMENT 'the customer''s number; none when it is nobody''s',
    order_id String COMMENT 'the order''s number in the shop; empty when the event names none',
    amount Nullable(Decimal(38, 6)) COMMENT 'what went back, exactly, below zero',
    currency LowCardinality(String) COMMENT 'three letters; empty without money',
    channel LowCardinality(String) COMMENT 'web, app, mail, phone, shop, social, chat ...',
    touchpoint LowCardinality(String) COMMENT 'the place within the channel',
    source UInt32 COMMENT 'the source''s number',
    brand UInt32 COMMENT 'the brand''s number',
    account String COMMENT 'the account that it names',
    device LowCardinality(String) COMMENT 'desktop, mobile, tablet ...',
    country LowCardinality(String) COMMENT 'two letters',
    properties JSON COMMENT 'all that the event says beside, such as properties.products',
    is_import Bool COMMENT 'brought along from another system',
    message_id String COMMENT 'the sender''s name of the event'
)
AS SELECT
    time,
    profile,
    ifNull(toString(properties.order_id), '') AS order_id,
    amount,
    currency,
    channel,
    touchpoint,
    source,
    brand,
    account,
    device,
    country,
    properties,
    is_import,
    message_id
FROM BI.events
WHERE type = 'track' AND name = 'Order Refunded' AND NOT is_bot AND NOT is_staff AND origin = ''
