-- +goose Up
CREATE TABLE media (
    media_id     TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL,     -- empty: the server itself, for a preview's picture
    created_ts   BIGINT NOT NULL,
    expires_ts   BIGINT NOT NULL,   -- 0: never
    hash         TEXT NOT NULL,     -- SHA-256 of the content; empty: the id is reserved and nothing is uploaded yet
    size         BIGINT NOT NULL,
    content_type TEXT NOT NULL,
    name         TEXT NOT NULL,
    quarantined  BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX media_user ON media (user_id, hash);
CREATE INDEX media_hash ON media (hash);
CREATE INDEX media_expiry ON media (expires_ts) WHERE expires_ts > 0;

-- A thumbnail belongs to a content, not to a media id. hash = source_hash: the content is its own thumbnail.
CREATE TABLE media_thumbnails (
    source_hash  TEXT NOT NULL,
    width        BIGINT NOT NULL,
    height       BIGINT NOT NULL,
    method       TEXT NOT NULL,
    animated     BOOLEAN NOT NULL,
    hash         TEXT NOT NULL,
    size         BIGINT NOT NULL,
    content_type TEXT NOT NULL,
    PRIMARY KEY (source_hash, width, height, method, animated)
);
CREATE INDEX media_thumbnails_hash ON media_thumbnails (hash);

-- Contents that lost a row that named them; the blob goes when nothing else names it.
CREATE TABLE media_garbage (
    hash     TEXT PRIMARY KEY,
    since_ts BIGINT NOT NULL
);

CREATE TABLE url_previews (
    url        TEXT PRIMARY KEY,
    body       {{.Blob}} NOT NULL,  -- JSON: the answer, or why there is none
    expires_ts BIGINT NOT NULL
);
CREATE INDEX url_previews_expiry ON url_previews (expires_ts);
