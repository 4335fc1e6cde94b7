-- +goose Up
-- What an agent left out of a recording, as JSON; '' is nothing.
ALTER TABLE calls ADD COLUMN gaps TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE calls DROP COLUMN gaps;
