-- What is counted of the whole log, day by day, and of its kinds of opens.

-- step: log_days
-- one row per day: the day's bucket, and its fetches and the clicks at once after them: first fetches by
-- the time since delivery, later ones by the time since the first
SELECT day,
    {measures},
    {place_counts}
FROM log_facts GROUP BY day;

-- step: log_hours
-- one row per day and hour of it: opens and clean clicks, for the hours that people and devices keep
SELECT day, minute // 60 AS hour,
    {hour_counts}
FROM log_facts GROUP BY day, minute // 60;

-- step: own_kind_days
-- one row per day and kind (a client on a network): its opens, those that were not their message's first, clicks at once
-- after them, and first fetches by the time since delivery
SELECT day, kind_n,
    count(CASE WHEN is_open THEN 1 END) AS opens_n,
    count(CASE WHEN is_open AND message_opens_n > 0 THEN 1 END) AS repeat_n,
    count(CASE WHEN NOT is_open THEN 1 END) AS prompt_n,
    {kind_counts}
FROM log_facts WHERE kind_n IS NOT NULL GROUP BY day, kind_n;

-- step: kind_days
-- the same, and once more under -1 those that are a mail proxy's: readers, to measure the others against
SELECT * FROM own_kind_days
UNION ALL
SELECT d.day, -1 AS kind_n, {kind_sums}
FROM own_kind_days d JOIN kinds k ON k.kind_n = d.kind_n
WHERE k.is_proxied
GROUP BY d.day;

-- step: own_kind_hours
-- one row per day, kind and hour of the day: opens
SELECT day, kind_n, minute // 60 AS hour, count(*) AS opens_n
FROM log_facts WHERE is_open GROUP BY day, kind_n, minute // 60;

-- step: kind_hours
-- the same, and once more under -1 those that are a mail proxy's
SELECT * FROM own_kind_hours
UNION ALL
SELECT d.day, -1 AS kind_n, d.hour, sum(d.opens_n) AS opens_n
FROM own_kind_hours d JOIN kinds k ON k.kind_n = d.kind_n
WHERE k.is_proxied
GROUP BY d.day, d.hour;
