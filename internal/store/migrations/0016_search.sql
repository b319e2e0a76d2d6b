-- +goose Up

-- How far each lane has been read for the index of words.
CREATE TABLE search_cursors (
    lane INTEGER PRIMARY KEY,
    pos  BIGINT NOT NULL
);

-- The words of each text by which events are found, under the event's position; among them, beginning with _, the key and, where there
-- is no column for it, the room.
{{if .SQLite}}
CREATE VIRTUAL TABLE search_words USING fts5(words, content = '', contentless_delete = 1, detail = none, tokenize = "ascii tokenchars '_'");
{{else}}
CREATE TABLE search_words (
    pos   BIGINT PRIMARY KEY,
    room  BIGINT NOT NULL,
    ts    BIGINT NOT NULL,
    words TSVECTOR NOT NULL
);
CREATE INDEX search_words_words ON search_words USING GIN (words);
CREATE INDEX search_words_room ON search_words (room, ts, pos);
{{end}}
