-- +goose Up

-- What each node has to do and can do, an entry for each hour: the newest of a node is what it does now. Shares are of one processor, in
-- thousandths; rates are events in an hour's busiest minute, a second, in thousandths.
CREATE TABLE node_load (
    node        TEXT NOT NULL,      -- host and port
    hour_ts     BIGINT NOT NULL,    -- when the hour began
    site        TEXT NOT NULL,
    version     TEXT NOT NULL,
    seen_ts     BIGINT NOT NULL,
    cores       BIGINT NOT NULL,
    cpu         BIGINT NOT NULL,    -- in use, in the last minute
    cpu_peak    BIGINT NOT NULL,    -- in use, in the busiest minute of the hour
    sends       BIGINT NOT NULL,    -- in the last minute
    sends_peak  BIGINT NOT NULL,
    sends_most  BIGINT NOT NULL,    -- what the node could send, by what it has done; 0: not known
    PRIMARY KEY (node, hour_ts)
);
