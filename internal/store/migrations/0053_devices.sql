-- +goose Up

{{if .SQLite}}
-- Messages to devices in the order in which they come, not in that of their devices: a message is larger than what SQLite keeps in one
-- place of a table that is ordered by a key, and its neighbours would be anywhere. A third of the pages is written.
CREATE TABLE to_device_in_order (
    user_id   TEXT NOT NULL,
    device_id TEXT NOT NULL,
    pos       BIGINT NOT NULL,
    sender    TEXT NOT NULL,
    type      TEXT NOT NULL,
    content   {{.Blob}} NOT NULL,
    PRIMARY KEY (user_id, device_id, pos)
);
INSERT INTO to_device_in_order (user_id, device_id, pos, sender, type, content)
    SELECT user_id, device_id, pos, sender, type, content FROM to_device ORDER BY pos;
DROP TABLE to_device;
ALTER TABLE to_device_in_order RENAME TO to_device;
CREATE INDEX to_device_pos ON to_device (pos);
{{end}}

-- Devices that are asleep: nobody is logged in on them, and they are sent keys (MSC3814). data is what the client needs to wake the device
-- up, encrypted by the client.
CREATE TABLE dehydrated_devices (
    user_id   TEXT PRIMARY KEY,
    device_id TEXT NOT NULL,
    data      {{.Blob}} NOT NULL
);
