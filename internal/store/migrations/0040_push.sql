-- +goose Up

-- version is another random number whenever the pusher is set, so that what is decided about one is not done to its successor. host is
-- where its notifications go to. lane is that of the user; -1: not known yet. due_ts is when the next attempt is due; NULL: nothing
-- waits. queued counts what was put into its queue, failures the attempts since the last success.
ALTER TABLE pushers ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pushers ADD COLUMN updated_ts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pushers ADD COLUMN host TEXT NOT NULL DEFAULT '';
ALTER TABLE pushers ADD COLUMN lane INTEGER NOT NULL DEFAULT -1;
ALTER TABLE pushers ADD COLUMN due_ts BIGINT;
ALTER TABLE pushers ADD COLUMN queued BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pushers ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
-- A pusher that has to be activated by its client, with what the server sent to it, gets nothing else until then.
ALTER TABLE pushers ADD COLUMN activated BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE pushers ADD COLUMN ack_token TEXT;
ALTER TABLE pushers ADD COLUMN ack_expires_ts BIGINT NOT NULL DEFAULT 0;
CREATE INDEX pushers_due ON pushers (lane, due_ts) WHERE due_ts IS NOT NULL;

-- How far the events of each lane have been looked at for pushing, and by whom: holder is the node, which proves that it is alive by
-- raising turn. pusher_turn counts the pushers that were set by users of the lane.
CREATE TABLE push_lanes (
    lane        INTEGER PRIMARY KEY,
    holder      TEXT NOT NULL,          -- empty: none
    turn        BIGINT NOT NULL,
    pos         BIGINT NOT NULL,
    pusher_turn BIGINT NOT NULL
);

-- Who set a pusher, by the lane's pusher_turn of the last time.
CREATE TABLE pusher_changes (
    user_id TEXT PRIMARY KEY,
    lane    INTEGER NOT NULL,
    turn    BIGINT NOT NULL
);
CREATE INDEX pusher_changes_turn ON pusher_changes (lane, turn);

-- What users with pushers were notified of and have not read. actions are those of the push rule that matched, as JSON.
CREATE TABLE push_unread (
    user_id   TEXT NOT NULL,
    pos       BIGINT NOT NULL,          -- of the event
    room      BIGINT NOT NULL,
    thread_id TEXT NOT NULL,
    ts        BIGINT NOT NULL,
    actions   {{.Blob}} NOT NULL,
    PRIMARY KEY (user_id, pos)
){{.Clustered}};
CREATE INDEX push_unread_room ON push_unread (user_id, room, pos);
CREATE INDEX push_unread_pos ON push_unread (pos);
CREATE INDEX push_unread_ts ON push_unread (ts);

-- What waits to be sent to pushers. pos is that of an event in push_unread; 0: only the count of what is unread; -1: the request to
-- activate the pusher.
CREATE TABLE push_queue (
    user_id TEXT NOT NULL,
    app_id  TEXT NOT NULL,
    pushkey TEXT NOT NULL,
    pos     BIGINT NOT NULL,
    ts      BIGINT NOT NULL,
    PRIMARY KEY (user_id, app_id, pushkey, pos)
){{.Clustered}};
CREATE INDEX push_queue_ts ON push_queue (ts);
