-- What is known about each open at the moment it happened: nothing that comes later, nothing of the same microsecond.
-- Tables in: events (the canonical log up to the as-of time), addresses (ip -> network_class, network_key),
-- agents (user_agent -> client_family), kinds (client_family, network_class -> mechanism, its flags and a number).
-- Times are integer microseconds since 1970, UTC; a day is a whole number of UTC days since then.
-- Only integers are kept: ratios, logarithms and hours are computed from them in formulas/.

-- step: seen_events
-- one row per event, with what its address and agent say
SELECT
    e.event_id, e.event_type, e.message_id, e.recipient_id, e.recipient_domain, e.campaign_id, e.sender_id,
    coalesce(e.is_ambiguous, false) AS is_ambiguous,
    'log' AS log_key,
    e.at_us,
    e.at_us // 86400000000 AS day,
    k.client_family, k.network_class, a.network_key, k.mechanism,
    CASE
        WHEN k.client_family IS NOT NULL AND k.network_class IS NOT NULL THEN 'full'
        WHEN k.client_family IS NOT NULL THEN 'no_ip'
        WHEN k.network_class IS NOT NULL THEN 'no_user_agent'
        ELSE 'time_only'
    END AS evidence,
    k.is_apple, k.is_visible, k.is_machine, k.is_click_machine, k.kind_n
FROM events e
LEFT JOIN addresses a ON a.ip = e.ip
LEFT JOIN agents g ON g.user_agent = e.user_agent
JOIN kinds k
    ON k.client_key = coalesce(e.client_family, g.client_family, '')
    AND k.network_key = coalesce(e.network_class, a.network_class, '');

-- step: message_events
-- one row per event within 30 days of its message's first event; later ones stand alone and see no history of it
SELECT *
FROM (SELECT *, min(at_us) OVER (PARTITION BY message_id) AS message_began_us FROM seen_events)
WHERE at_us - message_began_us <= 30 * 86400000000;

-- step: clocks
-- one row per open or click of a message, with its clock: the latest delivery at or before it, else the latest send
SELECT event_id, event_type, message_id, at_us, is_click_machine, is_apple, client_family,
    coalesce(delivered_us, sent_us) AS clock_us,
    CASE WHEN delivered_us IS NOT NULL THEN 'delivered' WHEN sent_us IS NOT NULL THEN 'sent' END AS clock_kind,
    clicked_us, opened_us, apple_opened_us, first_opened_us, opened_us_kind_n % {most_kinds} AS opened_kind_n
FROM (
    SELECT *,
        max(CASE WHEN event_type = 'delivered' THEN at_us END) OVER past_and_now AS delivered_us,
        max(CASE WHEN event_type = 'sent' THEN at_us END) OVER past_and_now AS sent_us,
        max(CASE WHEN event_type = 'click' THEN at_us END) OVER past AS clicked_us,
        max(CASE WHEN event_type = 'open' THEN at_us END) OVER past AS opened_us,
        -- the last load's time and kind in one number: of loads in one microsecond, the kind of the greatest
        max(CASE WHEN event_type = 'open' THEN (at_us - message_began_us) * {most_kinds} + kind_n END) OVER past
            AS opened_us_kind_n,
        max(CASE WHEN event_type = 'open' AND is_apple THEN at_us END) OVER past AS apple_opened_us,
        min(CASE WHEN event_type = 'open' THEN at_us END) OVER past AS first_opened_us
    FROM message_events
    WINDOW
        past_and_now AS (PARTITION BY message_id ORDER BY at_us RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
        past AS (PARTITION BY message_id ORDER BY at_us RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
WHERE event_type IN ('open', 'click');

-- step: recipient_pasts
-- one row per event of a known recipient: when Apple, and when a visible client, last loaded any of their mail
SELECT event_id,
    CASE WHEN day - apple_us // 86400000000 <= 30 THEN apple_us END AS apple_us,
    CASE WHEN day - visible_us // 86400000000 <= 30 THEN visible_us END AS visible_us
FROM (
    SELECT event_id, day,
        max(CASE WHEN event_type = 'open' AND is_apple THEN at_us END) OVER past AS apple_us,
        max(CASE WHEN event_type = 'open' AND is_visible THEN at_us END) OVER past AS visible_us
    FROM seen_events
    WHERE recipient_id IS NOT NULL
    WINDOW past AS (PARTITION BY recipient_id ORDER BY at_us RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
);

-- step: facts
-- one row per event, as it looked when it came: its delay, and whether a click could be a person's.
-- A click is clean unless a machine's network or agent made it, it came within {clean_click_us} us of the
-- delivery, or within {burst_us} us of another click in the message (FACTS.md section 2: gateways click in bursts).
SELECT s.*, c.clock_us, c.clock_kind,
    s.at_us - c.clock_us AS delay_us,
    s.event_type = 'click'
        AND NOT s.is_click_machine
        AND coalesce(s.at_us - c.clock_us >= {clean_click_us}, true)
        AND coalesce(s.at_us - c.clicked_us >= {burst_us}, true) AS is_clean,
    -- how long before it the message's images were last loaded: a click dates a reading (LEARNING.md)
    s.at_us - c.opened_us AS since_load_us,
    c.opened_kind_n,
    s.at_us - c.apple_opened_us AS since_apple_load_us,
    s.at_us - c.first_opened_us AS since_first_load_us,
    -- whose recipient this is, as far as their last open told
    coalesce(p.apple_us > coalesce(p.visible_us, -1), false) AS is_of_apple,
    coalesce(p.visible_us > coalesce(p.apple_us, -1), false) AS is_of_visible
FROM seen_events s
LEFT JOIN clocks c ON c.event_id = s.event_id
LEFT JOIN recipient_pasts p ON p.event_id = s.event_id;

-- step: message_opens
-- one row per open within its message's 30 days: the message's opens so far, numbered by time, then id
SELECT event_id,
    row_number() OVER numbered - 1 AS message_opens_n,
    at_us - first_value(at_us) OVER numbered AS first_gap_us,
    at_us - lag(at_us) OVER numbered AS since_last_open_us,
    CASE WHEN client_family IS NOT NULL
        THEN row_number() OVER (PARTITION BY message_id, client_family ORDER BY at_us, event_id) - 1
    END AS message_same_client_n,
    coalesce(sum(CASE WHEN is_apple THEN 1 ELSE 0 END)
        OVER (PARTITION BY message_id ORDER BY at_us, event_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
        AS message_apple_n
FROM clocks
WHERE event_type = 'open'
WINDOW numbered AS (PARTITION BY message_id ORDER BY at_us, event_id);

-- step: message_clicks
-- one row per open or click within its message's 30 days: the clicks strictly before it
SELECT c.event_id,
    count(CASE WHEN c.event_type = 'click' THEN 1 END) OVER past AS message_clicks_n,
    count(CASE WHEN f.is_clean THEN 1 END) OVER past AS message_clean_n,
    c.at_us - c.clicked_us AS since_click_us
FROM clocks c
JOIN facts f ON f.event_id = c.event_id
WINDOW past AS (PARTITION BY c.message_id ORDER BY c.at_us RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING);

-- step: campaign_days
-- one row per campaign and day: when the campaign's first event of that day came
SELECT campaign_id, day, min(at_us) AS began_us
FROM facts WHERE campaign_id IS NOT NULL GROUP BY campaign_id, day;

-- step: campaign_begins
-- one row per campaign and day: the first event of the last 30 days and today
SELECT campaign_id, day,
    min(began_us) OVER (PARTITION BY campaign_id ORDER BY day RANGE BETWEEN 30 PRECEDING AND CURRENT ROW) AS began_us
FROM campaign_days;

-- step: network_pasts
-- one row per open with a network and a domain: the opens through that network by other domains in the 30 days before.
-- A home or an office serves one domain's people; a gateway's address, a telephone network's or a relay's serves many.
SELECT event_id, count(*) OVER of_network - count(*) OVER of_both AS network_others_n
FROM facts
WHERE event_type = 'open' AND network_key IS NOT NULL AND recipient_domain IS NOT NULL
WINDOW
    of_network AS (PARTITION BY network_key ORDER BY at_us RANGE BETWEEN 2592000000000 PRECEDING AND 1 PRECEDING),
    of_both AS (PARTITION BY network_key, recipient_domain
        ORDER BY at_us RANGE BETWEEN 2592000000000 PRECEDING AND 1 PRECEDING);

-- step: opens
-- one row per open: all of the above; the histories of recipient, domain and network are joined on by their keys
SELECT f.event_id, f.message_id, f.recipient_id, f.recipient_domain, f.campaign_id, f.sender_id, f.at_us, f.day,
    f.is_ambiguous, f.log_key, f.kind_n, f.client_family, f.network_class, f.network_key, f.mechanism, f.evidence,
    f.clock_kind, f.delay_us,
    CASE WHEN b.began_us < f.at_us THEN f.at_us - b.began_us END AS campaign_since_us,
    coalesce(o.message_opens_n, 0) AS message_opens_n,
    CASE WHEN o.message_opens_n > 0 THEN o.first_gap_us END AS since_first_open_us,
    o.since_last_open_us,
    CASE WHEN f.client_family IS NOT NULL THEN coalesce(o.message_same_client_n, 0) END AS message_same_client_n,
    coalesce(o.message_apple_n, 0) AS message_apple_n,
    coalesce(c.message_clicks_n, 0) AS message_clicks_n,
    coalesce(c.message_clean_n, 0) AS message_clean_n,
    c.since_click_us,
    n.network_others_n
FROM facts f
LEFT JOIN message_opens o ON o.event_id = f.event_id
LEFT JOIN message_clicks c ON c.event_id = f.event_id
LEFT JOIN network_pasts n ON n.event_id = f.event_id
LEFT JOIN campaign_begins b ON b.campaign_id = f.campaign_id AND b.day = f.day
WHERE f.event_type = 'open';
