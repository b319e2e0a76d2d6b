-- +goose Up

-- How far each application service has been sent what concerns it. holder is the node that sends, and proves that it is alive by raising
-- turn; every change of a row raises it, so that whoever looks again can tell. positions are those of all lanes, with commas. The
-- transaction that is under way has the number txn of the series, ends at pending_positions, and is what pending_body says until the
-- service has taken it.
CREATE TABLE appservices (
    id                TEXT PRIMARY KEY,
    series            TEXT NOT NULL,
    holder            TEXT NOT NULL,    -- empty: none
    turn              BIGINT NOT NULL,
    positions         TEXT NOT NULL,
    txn               BIGINT NOT NULL,
    pending_positions TEXT,
    pending_body      {{.Blob}}
);

-- The rooms that application services list for their networks.
CREATE TABLE appservice_rooms (
    instance_id TEXT NOT NULL,          -- of the network, as /thirdparty/protocols tells it
    room        BIGINT NOT NULL,
    PRIMARY KEY (instance_id, room)
);
CREATE INDEX appservice_rooms_room ON appservice_rooms (room);
