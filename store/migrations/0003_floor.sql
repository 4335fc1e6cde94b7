-- +goose Up
-- The oldest program, by the newest migration that it knows, whose statements
-- these tables still serve. A migration that takes something away raises it.
CREATE TABLE schema_floor (version BIGINT NOT NULL);
INSERT INTO schema_floor (version) VALUES (2);

-- +goose Down
DROP TABLE schema_floor;
