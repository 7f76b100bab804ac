-- The past of one {key} (a recipient, a domain or a network) as each of its opens found it: the last 30
-- UTC days as day buckets, and the current day up to, not including, the open's own microsecond.

-- step: {key}_moments
-- one row per key and microsecond: what happened then
SELECT key, day, at_us,
    {measures},
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
