-- +goose Up

-- deleting: the blob is being deleted. Who would store it again waits until that is done.
ALTER TABLE media_garbage ADD COLUMN deleting BOOLEAN NOT NULL DEFAULT FALSE;
