-- +goose Up

-- The server notices room of each user who was sent a notice. tagged: the user's account data tell clients which room it is.
CREATE TABLE notice_rooms (
    user_id TEXT PRIMARY KEY,
    room    BIGINT NOT NULL,
    room_id TEXT NOT NULL,
    tagged  BOOLEAN NOT NULL
);

-- Notices that are, or were, sent in the background: to one user, or to all, in the order of their ids up to after_user. holder is the
-- node that sends, and proves that it is alive by raising turn.
CREATE TABLE notices (
    id          TEXT PRIMARY KEY,
    user_id     TEXT NOT NULL,      -- empty: all who have an account when it is made
    content     {{.Blob}} NOT NULL, -- empty: only takes back what is pinned
    pin         BOOLEAN NOT NULL,
    created_ts  BIGINT NOT NULL,
    finished_ts BIGINT NOT NULL,    -- 0: not yet
    after_user  TEXT NOT NULL,
    sent        BIGINT NOT NULL,
    failed      BIGINT NOT NULL,
    holder      TEXT NOT NULL,      -- empty: nobody
    turn        BIGINT NOT NULL
);
CREATE INDEX notices_open ON notices (created_ts) WHERE finished_ts = 0;
CREATE INDEX notices_made ON notices (created_ts);
