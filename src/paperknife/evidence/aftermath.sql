-- What came after each open, up to {horizon_us} us later (and never past the as-of time, where the log was cut).
-- A later moment sees everything up to it, so a click in the open's own microsecond counts here: feeds rounded to
-- seconds or minutes put a person's click and open there. Opens of one microsecond still do not see each other.

-- step: message_aftermath
-- one row per open within its message's 30 days: later opens, clicks, replies and a late delivery of the message
SELECT *
FROM (
SELECT event_id, event_type,
    count(CASE WHEN event_type = 'open' THEN 1 END) OVER later AS later_opens_n,
    min(CASE WHEN event_type = 'open' THEN at_us END) OVER later - at_us AS next_open_us,
    count(CASE WHEN event_type = 'open' AND is_visible THEN 1 END) OVER later AS later_visible_n,
    count(CASE WHEN event_type = 'click' THEN 1 END) OVER now_and_later AS later_clicks_n,
    count(CASE WHEN is_clean THEN 1 END) OVER now_and_later AS later_clean_n,
    min(CASE WHEN event_type = 'click' THEN at_us END) OVER now_and_later - at_us AS next_click_us,
    min(CASE WHEN is_clean THEN at_us END) OVER now_and_later - at_us AS next_clean_us,
    count(CASE WHEN event_type = 'reply' THEN 1 END) OVER now_and_later AS later_replies_n,
    min(CASE WHEN event_type = 'reply' THEN at_us END) OVER now_and_later - at_us AS next_reply_us,
    min(CASE WHEN event_type = 'delivered' THEN at_us END) OVER later - at_us AS delivered_after_us
FROM (
    SELECT m.event_id, m.event_type, m.message_id, m.at_us, m.is_visible, f.is_clean
    FROM message_events m JOIN facts f ON f.event_id = m.event_id
)
WINDOW
    later AS (PARTITION BY message_id ORDER BY at_us RANGE BETWEEN 1 FOLLOWING AND {horizon_us} FOLLOWING),
    now_and_later AS (PARTITION BY message_id ORDER BY at_us RANGE BETWEEN CURRENT ROW AND {horizon_us} FOLLOWING)
)
WHERE event_type = 'open';

-- step: recipient_aftermath
-- one row per recipient and microsecond: the recipient's next opens and clean click, in any message
SELECT recipient_id, at_us,
    min(opened_us) OVER later - at_us AS recipient_next_open_us,
    coalesce(sum(opens_n) OVER next_minute, 0) AS recipient_later_60s_n,
    min(clean_us) OVER now_and_later - at_us AS recipient_next_clean_us
FROM (
    SELECT recipient_id, at_us,
        count(CASE WHEN event_type = 'open' THEN 1 END) AS opens_n,
        min(CASE WHEN event_type = 'open' THEN at_us END) AS opened_us,
        min(CASE WHEN is_clean THEN at_us END) AS clean_us
    FROM facts WHERE recipient_id IS NOT NULL AND event_type IN ('open', 'click') GROUP BY recipient_id, at_us
)
WINDOW
    later AS (PARTITION BY recipient_id ORDER BY at_us RANGE BETWEEN 1 FOLLOWING AND {horizon_us} FOLLOWING),
    now_and_later AS (PARTITION BY recipient_id ORDER BY at_us RANGE BETWEEN CURRENT ROW AND {horizon_us} FOLLOWING),
    next_minute AS (PARTITION BY recipient_id ORDER BY at_us RANGE BETWEEN 1 FOLLOWING AND 60000000 FOLLOWING);

-- step: domain_aftermath
-- one row per domain and microsecond with an open: the opens of the minute after it
SELECT recipient_domain, at_us,
    coalesce(sum(opens_n) OVER (PARTITION BY recipient_domain ORDER BY at_us
        RANGE BETWEEN 1 FOLLOWING AND 60000000 FOLLOWING), 0) AS domain_later_60s_n
FROM (
    SELECT recipient_domain, at_us, count(*) AS opens_n
    FROM facts WHERE recipient_domain IS NOT NULL AND event_type = 'open' GROUP BY recipient_domain, at_us
);

-- step: network_aftermath
-- one row per network and microsecond with an open: the opens of the minute after it
SELECT network_key, at_us,
    coalesce(sum(opens_n) OVER (PARTITION BY network_key ORDER BY at_us
        RANGE BETWEEN 1 FOLLOWING AND 60000000 FOLLOWING), 0) AS network_later_60s_n
FROM (
    SELECT network_key, at_us, count(*) AS opens_n
    FROM facts WHERE network_key IS NOT NULL AND event_type = 'open' GROUP BY network_key, at_us
);

-- step: network_others
-- one row per open with a network and a domain: the later opens through that network by other domains
SELECT event_id, count(*) OVER of_network - count(*) OVER of_both AS network_later_others_n
FROM facts
WHERE event_type = 'open' AND network_key IS NOT NULL AND recipient_domain IS NOT NULL
WINDOW
    of_network AS (PARTITION BY network_key ORDER BY at_us RANGE BETWEEN 1 FOLLOWING AND {horizon_us} FOLLOWING),
    of_both AS (PARTITION BY network_key, recipient_domain
        ORDER BY at_us RANGE BETWEEN 1 FOLLOWING AND {horizon_us} FOLLOWING);

-- step: aftermath
-- one row per open
SELECT o.event_id,
    coalesce(m.later_opens_n, 0) AS later_opens_n, m.next_open_us,
    coalesce(m.later_visible_n, 0) AS later_visible_n,
    coalesce(m.later_clicks_n, 0) AS later_clicks_n, coalesce(m.later_clean_n, 0) AS later_clean_n,
    m.next_click_us, m.next_clean_us,
    coalesce(m.later_replies_n, 0) AS later_replies_n, m.next_reply_us,
    m.delivered_after_us,
    r.recipient_next_open_us, r.recipient_later_60s_n, r.recipient_next_clean_us,
    d.domain_later_60s_n, n.network_later_60s_n, t.network_later_others_n
FROM opens o
LEFT JOIN message_aftermath m ON m.event_id = o.event_id
LEFT JOIN recipient_aftermath r ON r.recipient_id = o.recipient_id AND r.at_us = o.at_us
LEFT JOIN domain_aftermath d ON d.recipient_domain = o.recipient_domain AND d.at_us = o.at_us
LEFT JOIN network_aftermath n ON n.network_key = o.network_key AND n.at_us = o.at_us
LEFT JOIN network_others t ON t.event_id = o.event_id;
