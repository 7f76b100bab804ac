-- One row per message: whom it went to, when its clock started, and the first click that looks a person's.
-- Tables in: log_events (the canonical log), click_kinds (ip, user_agent -> is_click_machine).
-- Times are integer microseconds since 1970, UTC.

-- step: message_clocks
-- one row per message: its delivery, else its send, and what any of its events says of the recipient
SELECT message_id,
    coalesce(min(recipient_id), message_id) AS recipient_id,
    min(recipient_id) IS NOT NULL AS has_recipient,
    min(recipient_domain) AS recipient_domain,
    min(campaign_id) AS campaign_id,
    coalesce(
        min(CASE WHEN event_type = 'delivered' THEN epoch_us(occurred_at) END),
        min(CASE WHEN event_type = 'sent' THEN epoch_us(occurred_at) END)) AS clock_us,
    count(CASE WHEN event_type = 'open' THEN 1 END) AS opens_n,
    min(CASE WHEN event_type = 'reply' THEN epoch_us(occurred_at) END) AS reply_us
FROM log_events
GROUP BY message_id;

-- step: message_clicks
-- one row per click: by whom it could be, and whether other links of the message were clicked at the same moment
SELECT c.message_id, epoch_us(c.occurred_at) AS at_us,
    coalesce(k.is_click_machine, false) AS is_click_machine,
    -- a burst: another link within {burst_us} us, or, where links are not known, three clicks
    coalesce(min(c.url) OVER near <> max(c.url) OVER near, count(*) OVER near >= 3) AS is_burst,
    epoch_us(c.occurred_at) - m.clock_us AS delay_us
FROM log_events c
JOIN message_clocks m ON m.message_id = c.message_id
LEFT JOIN click_kinds k
    ON k.ip IS NOT DISTINCT FROM c.ip AND k.user_agent IS NOT DISTINCT FROM c.user_agent
    AND k.network_class IS NOT DISTINCT FROM c.network_class AND k.client_family IS NOT DISTINCT FROM c.client_family
WHERE c.event_type = 'click'
WINDOW near AS (PARTITION BY c.message_id ORDER BY epoch_us(c.occurred_at)
    RANGE BETWEEN {burst_us} PRECEDING AND {burst_us} FOLLOWING);

-- step: message_click_times
-- one row per clicked message
SELECT message_id,
    min(CASE WHEN NOT is_click_machine AND NOT is_burst AND coalesce(delay_us >= {clean_click_us}, true)
        THEN at_us END) AS clean_us,
    min(CASE WHEN is_burst OR is_click_machine THEN at_us END) AS machine_click_us,
    count(*) AS clicks_n
FROM message_clicks
GROUP BY message_id;

-- step: messages
-- one row per message
SELECT m.message_id, m.recipient_id, m.has_recipient, m.recipient_domain, m.campaign_id, m.clock_us, m.opens_n,
    m.reply_us, c.clean_us, c.machine_click_us, coalesce(c.clicks_n, 0) AS clicks_n,
    (SELECT max(epoch_us(occurred_at)) FROM log_events) AS log_ends_us
FROM message_clocks m
LEFT JOIN message_click_times c ON c.message_id = m.message_id
ORDER BY m.message_id;
