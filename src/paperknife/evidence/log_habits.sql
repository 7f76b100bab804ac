-- The habits of the whole log in the 30 full UTC days before the day up to which an open's evidence looks: how much of it
-- is Apple's, how fast people and Apple load, what clicks say of caches, what came of each kind and hour. Sums of days only:
-- they cost nothing at any size.

-- step: log_moments
-- one row per open: the day up to which its evidence looks
SELECT event_id, (at_us + greatest(0, least({horizon_us}, {last_us} - at_us))) // 86400000000 AS seen_day FROM opens;

-- step: log_habits
-- one row per such day: the sums of the 30 days before it
SELECT m.seen_day, {habit_sums}
FROM (SELECT DISTINCT seen_day FROM log_moments) m
LEFT JOIN log_days d ON d.day BETWEEN m.seen_day - 30 AND m.seen_day - 1
GROUP BY m.seen_day;

-- step: log_hour_habits
-- one row per such day and hour: the sums of the 30 days before it, the hour itself twice and its neighbours once
SELECT m.seen_day, h.hour, {hour_sums}
FROM (SELECT DISTINCT seen_day FROM log_moments) m
CROSS JOIN (SELECT DISTINCT hour FROM log_hours) h
LEFT JOIN log_hours d ON d.day BETWEEN m.seen_day - 30 AND m.seen_day - 1
GROUP BY m.seen_day, h.hour;

-- step: kind_habits
-- one row per such day and kind: the sums of the 30 days before it
SELECT m.seen_day, d.kind_n, {kind_sums}
FROM (SELECT DISTINCT seen_day FROM log_moments) m
JOIN kind_days d ON d.day BETWEEN m.seen_day - 30 AND m.seen_day - 1
GROUP BY m.seen_day, d.kind_n;

-- step: kind_day_hours
-- one row per such day, kind and hour with opens in the 30 days before it
SELECT m.seen_day, d.kind_n, d.hour, sum(d.opens_n) AS opens_n
FROM (SELECT DISTINCT seen_day FROM log_moments) m
JOIN kind_hours d ON d.day BETWEEN m.seen_day - 30 AND m.seen_day - 1
GROUP BY m.seen_day, d.kind_n, d.hour;

-- step: kind_hour_habits
-- one row per such day, kind and hour: the opens of the hour itself twice, and of its neighbours once
SELECT d.seen_day, d.kind_n, h.hour,
    sum(d.opens_n * CASE WHEN d.hour = h.hour THEN 2 WHEN abs(d.hour - h.hour) IN (1, 23) THEN 1 ELSE 0 END) AS near_n
FROM kind_day_hours d
CROSS JOIN (SELECT DISTINCT (at_us // 3600000000) % 24 AS hour FROM opens) h
GROUP BY d.seen_day, d.kind_n, h.hour;
