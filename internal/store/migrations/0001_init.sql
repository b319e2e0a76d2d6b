-- +goose Up
-- {{.ID}} is a 64-bit integer that may be a key; {{.Blob}} is bytes; {{.Clustered}} stores a table in the order of its key.

-- What is fixed when the database is made (lanes, server_name) and what is made once (keys).
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value {{.Blob}} NOT NULL
);

-- One row a lane: the last position handed out. turn counts batches, so that every batch writes.
CREATE TABLE lanes (
    lane INTEGER PRIMARY KEY,
    pos  BIGINT NOT NULL,
    turn BIGINT NOT NULL
);

-- room is the position at which the room was made, and stands for the room in other tables. joined and invited count members.
-- The columns from name on repeat the current state, for lists of rooms.
CREATE TABLE rooms (
    room               {{.ID}} PRIMARY KEY,
    room_id            TEXT NOT NULL UNIQUE,
    version            TEXT NOT NULL,
    creator            TEXT NOT NULL,
    room_type          TEXT,
    published          BOOLEAN NOT NULL DEFAULT FALSE,
    joined             BIGINT NOT NULL DEFAULT 0,
    invited            BIGINT NOT NULL DEFAULT 0,
    name               TEXT,
    topic              TEXT,
    avatar_url         TEXT,
    canonical_alias    TEXT,
    join_rule          TEXT,
    history_visibility TEXT,
    guest_access       TEXT,
    encryption         TEXT
);
CREATE INDEX rooms_published ON rooms (joined DESC, room) WHERE published;

CREATE TABLE events (
    pos         {{.ID}} PRIMARY KEY,
    room        BIGINT NOT NULL,
    event_id    TEXT NOT NULL UNIQUE,
    type        TEXT NOT NULL,
    state_key   TEXT,
    sender      TEXT NOT NULL,
    ts          BIGINT NOT NULL,
    depth       BIGINT NOT NULL,
    device_id   TEXT,
    txn_id      TEXT,
    txn_key     TEXT,
    replaces    TEXT,           -- the state event that this one took the place of
    redacted_by TEXT,
    relates_to  TEXT,
    rel_type    TEXT,
    json        {{.Blob}} NOT NULL
);
CREATE INDEX events_room ON events (room, pos);
CREATE UNIQUE INDEX events_txn ON events (txn_key) WHERE txn_key IS NOT NULL;
CREATE INDEX events_relation ON events (relates_to, pos) WHERE relates_to IS NOT NULL;

-- The state of a room at a position is the newest entry at or below it.
CREATE TABLE state_log (
    room      BIGINT NOT NULL,
    type      TEXT NOT NULL,
    state_key TEXT NOT NULL,
    pos       BIGINT NOT NULL,
    PRIMARY KEY (room, type, state_key, pos)
){{.Clustered}};
CREATE INDEX state_log_pos ON state_log (room, pos);

-- The newest membership of each user in each room.
CREATE TABLE memberships (
    user_id    TEXT NOT NULL,
    room       BIGINT NOT NULL,
    membership TEXT NOT NULL,
    pos        BIGINT NOT NULL,
    sender     TEXT NOT NULL,
    forgotten  BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (user_id, room)
){{.Clustered}};
CREATE INDEX memberships_room ON memberships (room, membership, pos);

CREATE TABLE receipts (
    room         BIGINT NOT NULL,
    user_id      TEXT NOT NULL,
    receipt_type TEXT NOT NULL,
    thread_id    TEXT NOT NULL, -- '' for a receipt that is not threaded
    event_id     TEXT NOT NULL,
    event_pos    BIGINT NOT NULL,
    ts           BIGINT NOT NULL,
    pos          BIGINT NOT NULL,
    PRIMARY KEY (room, user_id, receipt_type, thread_id)
){{.Clustered}};
CREATE INDEX receipts_pos ON receipts (pos);
CREATE INDEX receipts_room ON receipts (room, pos);

-- room_id is '' for global account data.
CREATE TABLE account_data (
    user_id TEXT NOT NULL,
    room_id TEXT NOT NULL,
    type    TEXT NOT NULL,
    content {{.Blob}} NOT NULL,
    pos     BIGINT NOT NULL,
    PRIMARY KEY (user_id, room_id, type)
);
CREATE INDEX account_data_pos ON account_data (pos);

CREATE TABLE aliases (
    alias   TEXT PRIMARY KEY,
    room    BIGINT NOT NULL,
    creator TEXT NOT NULL
);
CREATE INDEX aliases_room ON aliases (room);

CREATE TABLE profiles (
    user_id TEXT NOT NULL,
    field   TEXT NOT NULL,
    value   {{.Blob}} NOT NULL,
    PRIMARY KEY (user_id, field)
);

CREATE TABLE filters (
    user_id   TEXT NOT NULL,
    filter_id TEXT NOT NULL,
    content   {{.Blob}} NOT NULL,
    PRIMARY KEY (user_id, filter_id)
);

CREATE TABLE reports (
    report_id   TEXT PRIMARY KEY,
    received_ts BIGINT NOT NULL,
    reporter    TEXT NOT NULL,
    room_id     TEXT,
    event_id    TEXT,
    user_id     TEXT,
    reason      TEXT NOT NULL,
    score       BIGINT
);
