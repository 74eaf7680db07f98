-- +migrate Up

-- How many invites each game ever sent; bounds what one owner can send. It was a
-- column of games, which is another domain's table.
CREATE TABLE invite_counts (
    game_id uuid    PRIMARY KEY REFERENCES games (game_id),
    made    integer NOT NULL,
    CONSTRAINT invite_counts_bound CHECK (made BETWEEN 1 AND 500)
) WITH (fillfactor = 70);
INSERT INTO invite_counts (game_id, made) SELECT game_id, least(invites_made, 500) FROM games WHERE invites_made > 0;

-- +migrate Down
DROP TABLE invite_counts;
