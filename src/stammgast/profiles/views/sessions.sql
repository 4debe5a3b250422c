-- One row a session: a run of one customer's events with no gap of more than 30 minutes, robots and staff left out. What
-- it is like (channel, landing page, campaign ...) is what its first event says.
(
    profile UInt32 COMMENT 'the customer''s number, as on their page',
    began_at DateTime64(3, 'UTC') COMMENT 'time of the first event',
    ended_at DateTime64(3, 'UTC') COMMENT 'time of the last event',
    events UInt32 COMMENT 'how many there are',
    pages UInt32 COMMENT 'how many of them are pages and screens',
    orders UInt32 COMMENT 'how many of them are orders',
    source UInt32 COMMENT 'the source''s number',
    brand UInt32 COMMENT 'the brand''s number',
    channel LowCardinality(String) COMMENT 'web, app, mail, phone, shop, social, chat ...',
    landing_page String COMMENT 'the address it began at, without host and query',
    device LowCardinality(String) COMMENT 'desktop, mobile, tablet ...',
    country LowCardinality(String) COMMENT 'two letters',
    referrer_medium LowCardinality(String) COMMENT 'search, social, mail, referral ...',
    referrer LowCardinality(String) COMMENT 'who sent the visitor',
    campaign LowCardinality(String) COMMENT 'utm_campaign',
    campaign_source LowCardinality(String) COMMENT 'utm_source',
    campaign_medium LowCardinality(String) COMMENT 'utm_medium'
)
AS SELECT
    profile,
    fromUnixTimestamp64Milli(session[1].1, 'UTC') AS began_at,
    fromUnixTimestamp64Milli(session[-1].1, 'UTC') AS ended_at,
    length(session) AS events,
    arrayCount(event -> event.3, session) AS pages,
    arrayCount(event -> event.4, session) AS orders,
    session[1].5 AS source,
    session[1].6 AS brand,
    session[1].7 AS channel,
    session[1].8 AS landing_page,
    session[1].9 AS device,
    session[1].10 AS country,
    session[1].11 AS referrer_medium,
    session[1].12 AS referrer,
    session[1].13 AS campaign,
    session[1].14 AS campaign_source,
    session[1].15 AS campaign_medium
FROM
(
    SELECT
        profile,
        arraySort(
            groupArray(
                (
                    toUnixTimestamp64Milli(time),
                    cityHash64(message_id),
                    type IN ('page', 'screen'),
                    type = 'track' AND name = 'Order Completed',
                    source,
                    brand,
                    channel,
                    page_path,
                    device,
                    country,
                    referrer_medium,
                    referrer,
                    campaign,
                    campaign_source,
                    campaign_medium
                )
            )
        ) AS all_events,
        arrayDifference(arrayMap(event -> toInt64(floor(event.1 / 1000)), all_events)) AS gaps,
        arrayJoin(arraySplit((event, gap) -> gap > 1800, all_events, gaps)) AS session
    FROM BI.events
    WHERE isNotNull(profile) AND NOT is_bot AND NOT is_staff AND origin = ''
    GROUP BY profile
)
