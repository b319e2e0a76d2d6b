-- +goose Up
-- What a sliding sync connection has been sent. A state is never changed: an answer that changes it makes a new one, whose parent is the
-- state that the request came with.
CREATE TABLE sliding_states (
    user_id   TEXT NOT NULL,
    device_id TEXT NOT NULL,
    conn_id   TEXT NOT NULL,
    state_id  TEXT NOT NULL,
    parent    TEXT NOT NULL, -- '' for the first of a connection
    ts        BIGINT NOT NULL,
    content   {{.Blob}} NOT NULL,
    PRIMARY KEY (user_id, device_id, conn_id, state_id)
);
CREATE INDEX sliding_states_ts ON sliding_states (ts);
