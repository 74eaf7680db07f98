-- +migrate Up

-- What an account has asked for, for its own caps, and what goes when it is
-- erased.
CREATE INDEX auth_challenges_by_user ON auth_challenges (user_id, created_at DESC) WHERE user_id IS NOT NULL;

-- +migrate Down
DROP INDEX auth_challenges_by_user;
