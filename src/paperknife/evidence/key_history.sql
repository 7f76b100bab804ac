-- The past of one {key} (a recipient, a domain, a network, or the whole log) as each of its opens found it: the last 30
-- UTC days as day buckets, and the current day up to, not including, the open's own microsecond.

-- step: {key}_facts
-- one row per event that has this key
SELECT f.{column} AS key, f.day, f.at_us, f.event_type, f.is_apple, f.is_visible, f.is_machine, f.is_clean,
    f.delay_us, f.since_load_us, f.since_apple_load_us, coalesce(o.message_opens_n, 0) AS message_opens_n,
    f.event_type = 'open' AS is_open,
    f.is_clean OR (f.event_type = 'open' AND f.is_visible) AS is_active,
    -- the minute of the day, for the clock face
    (f.at_us // 60000000) % 1440 AS minute,
    CASE WHEN f.event_type = 'open' THEN row_number() OVER (
        PARTITION BY f.{column}, f.day, f.event_type, coalesce(f.recipient_id, f.message_id)
        ORDER BY f.at_us, f.event_id) END AS recipient_open_n
FROM facts f
LEFT JOIN message_opens o ON o.event_id = f.event_id
WHERE f.{column} IS NOT NULL;

-- step: {key}_moments
-- one row per key and microsecond: what happened then
SELECT key, day, at_us,
    count(CASE WHEN event_type = 'sent' THEN 1 END) AS sent_n,
    count(CASE WHEN event_type = 'delivered' THEN 1 END) AS delivered_n,
    count(CASE WHEN is_open THEN 1 END) AS opens_n,
    count(CASE WHEN is_open AND is_apple THEN 1 END) AS apple_n,
    count(CASE WHEN is_open AND is_visible THEN 1 END) AS visible_n,
    count(CASE WHEN is_open AND is_machine THEN 1 END) AS machine_n,
    count(CASE WHEN is_open AND delay_us < 60000000 THEN 1 END) AS quick_n,
    count(CASE WHEN is_open AND delay_us >= 3600000000 THEN 1 END) AS slow_n,
    count(CASE WHEN is_open AND is_visible AND delay_us < 60000000 THEN 1 END) AS visible_quick_n,
    count(CASE WHEN is_open AND is_visible AND delay_us >= 3600000000 THEN 1 END) AS visible_slow_n,
    count(CASE WHEN is_open AND message_opens_n > 0 THEN 1 END) AS repeat_n,
    count(CASE WHEN recipient_open_n = 1 THEN 1 END) AS recipients_n,
    count(CASE WHEN event_type = 'click' THEN 1 END) AS clicks_n,
    count(CASE WHEN is_clean THEN 1 END) AS clean_n,
    count(CASE WHEN is_clean AND since_load_us <= 120000000 THEN 1 END) AS prompt_n,
    count(CASE WHEN is_clean AND since_apple_load_us IS NOT NULL THEN 1 END) AS apple_clean_n,
    count(CASE WHEN is_clean AND since_apple_load_us <= 120000000 THEN 1 END) AS apple_prompt_n,
    count(CASE WHEN event_type = 'reply' THEN 1 END) AS replies_n,
    count(CASE WHEN is_active THEN 1 END) AS active_n,
    -- where on the 24-hour clock face the person was active, in thousandths, so that sums stay integers
    sum(CASE WHEN is_active THEN CAST(round(1000 * cos(2 * pi() * minute / 1440)) AS BIGINT) ELSE 0 END) AS active_cos,
    sum(CASE WHEN is_active THEN CAST(round(1000 * sin(2 * pi() * minute / 1440)) AS BIGINT) ELSE 0 END) AS active_sin,
    max(CASE WHEN is_open THEN at_us END) AS opened_us,
    max(CASE WHEN event_type = 'click' THEN at_us END) AS clicked_us
FROM {key}_facts
GROUP BY key, day, at_us;

-- step: {key}_days
-- one row per key and day: the day's bucket
SELECT key, day, {day_sums}, max(opened_us) AS opened_us, max(clicked_us) AS clicked_us
FROM {key}_moments GROUP BY key, day;

-- step: {key}_past_days
-- one row per key and day: the 30 days before it
SELECT key, day, {past_sums}, max(opened_us) OVER past AS opened_us, max(clicked_us) OVER past AS clicked_us
FROM {key}_days
WINDOW past AS (PARTITION BY key ORDER BY day RANGE BETWEEN 30 PRECEDING AND 1 PRECEDING);

-- step: {key}_today
-- one row per key and microsecond with an open: the same day before it, and the opens of the minute before it
SELECT *
FROM (
    SELECT key, day, at_us, opens_n AS opens_now_n, {today_sums},
        max(opened_us) OVER today AS opened_us_today, max(clicked_us) OVER today AS clicked_us_today,
        coalesce(sum(opens_n) OVER last_minute, 0) AS opens_60s_n
    FROM {key}_moments
    WINDOW
        today AS (PARTITION BY key, day ORDER BY at_us ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
        last_minute AS (PARTITION BY key ORDER BY at_us RANGE BETWEEN 60000000 PRECEDING AND 1 PRECEDING)
)
WHERE opens_now_n > 0;

-- step: {key}_history
-- one row per key and microsecond with an open: what its past holds
SELECT t.key, t.at_us, {history_sums},
    t.at_us - coalesce(t.opened_us_today, p.opened_us) AS {key}_since_open_us,
    t.at_us - coalesce(t.clicked_us_today, p.clicked_us) AS {key}_since_click_us,
    t.opens_60s_n AS {key}_opens_60s_n
FROM {key}_today t
LEFT JOIN {key}_past_days p ON p.key = t.key AND p.day = t.day;
