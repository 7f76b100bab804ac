-- What the histories of one {key} are counted from.

-- step: {key}_facts
-- one row per event that has this key
SELECT f.{column} AS key, f.day, f.at_us, f.event_type, f.is_apple, f.is_visible, f.is_machine, f.is_clean,
    f.delay_us, f.since_load_us, f.since_apple_load_us, f.since_first_load_us, f.is_of_apple, f.is_of_visible,
    coalesce(o.message_opens_n, 0) AS message_opens_n, n.network_others_n,
    f.event_type = 'open' AS is_open,
    f.is_clean OR (f.event_type = 'open' AND f.is_visible) AS is_active,
    -- the minute of the day, for the clock face
    (f.at_us // 60000000) % 1440 AS minute,
    -- the kind an open is of, or that a click at once says was read
    CASE WHEN f.event_type = 'open' THEN f.kind_n
        WHEN f.is_clean AND f.since_load_us <= 120000000 THEN f.opened_kind_n END AS kind_n,
    CASE WHEN f.event_type = 'open' THEN row_number() OVER (
        PARTITION BY f.{column}, f.day, f.event_type, coalesce(f.recipient_id, f.message_id)
        ORDER BY f.at_us, f.event_id) END AS recipient_open_n
FROM facts f
LEFT JOIN message_opens o ON o.event_id = f.event_id
LEFT JOIN network_pasts n ON n.event_id = f.event_id
WHERE f.{column} IS NOT NULL;
