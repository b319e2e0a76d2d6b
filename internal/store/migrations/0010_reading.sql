-- +goose Up
-- What relates to an event in one way, without walking through all that relates to it otherwise.
CREATE INDEX events_relation_type ON events (relates_to, rel_type, pos) WHERE relates_to IS NOT NULL;
-- The threads of a room.
CREATE INDEX events_thread ON events (room, relates_to, pos) WHERE rel_type = 'm.thread';
-- The display name in lower case, for searches; NULL for other fields.
ALTER TABLE profiles ADD COLUMN folded TEXT;
