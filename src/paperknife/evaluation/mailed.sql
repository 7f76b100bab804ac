-- What was mailed: the first delivery and the first send of each message. Reads `events`, the canonical log.

-- step: mailed
-- One row a message and kind of event.
SELECT message_id, event_type, epoch_us(min(occurred_at)) AS first_us
FROM events
WHERE event_type IN ('delivered', 'sent')
GROUP BY message_id, event_type;
