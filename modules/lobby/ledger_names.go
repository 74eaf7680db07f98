package lobby

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/lobby/racename"
	"galaxy/backend/modules/notification"
	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// parseName reads a race name or says what is wrong with it.
func parseName(text string) (racename.Name, error) {
	name, err := racename.Parse(text)
	if problem, bad := errors.AsType[racename.Problem](err); bad {
		return name, ErrRaceNameInvalid.Saying("%s", problem.Error()).With("problem", string(problem))
	}
	return name, err
}

// claim reserves a name for a user in a game (R1): both keys, or
// ErrRaceNameTaken. Keys are the last locks that a transaction takes.
func (l *Ledger) claim(ctx context.Context, tx *pg.Tx, name racename.Name, user, game uuid.UUID) error {
	keys := name.Keys()
	for {
		l.store.insertKeys(tx, keys, user)
		rows, err := l.store.lockKeys(ctx, tx, keys)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(rows, func(r keyRow) bool { return r.Holder != user }) {
			return ErrRaceNameTaken
		}
		if len(rows) == len(keys) {
			break
		}
		// One was given up between the two statements: it can be claimed now.
	}
	for _, k := range keys {
		l.keys.Put(tx, k, user)
	}
	l.store.insertReserved(tx, uuid.Must(uuid.NewV7()), name, user, game, l.clock.Now())
	return nil
}

// releaseReserved gives up what the games hold for one user, or for all members
// when user is nil (R2).
func (l *Ledger) releaseReserved(ctx context.Context, tx *pg.Tx, games []uuid.UUID, user *uuid.UUID) error {
	if len(games) == 0 {
		return nil
	}
	who := uuid.Nil
	if user != nil {
		who = *user
	}
	names, err := l.store.reserved(ctx, tx, games, user == nil, who)
	if err != nil {
		return err
	}
	return l.release(ctx, tx, names)
}

// release deletes names, and the keys that no other name claims.
func (l *Ledger) release(ctx context.Context, tx *pg.Tx, names []nameRow) error {
	if len(names) == 0 {
		return nil
	}
	ids := make([]uuid.UUID, 0, len(names))
	for _, n := range names {
		ids = append(ids, n.ID)
	}
	keys := keysOf(names)
	if _, err := l.store.lockKeys(ctx, tx, keys); err != nil {
		return err
	}
	l.store.deleteNames(tx, ids, keys)
	for _, k := range keys {
		l.keys.Drop(tx, k)
	}
	return nil
}

func keysOf(names []nameRow) []string {
	var keys []string
	for _, n := range names {
		keys = append(keys, n.Canonical, n.Second)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// minTurns and minUsers are what keeps names from being farmed in games that
// were none.
const (
	minTurns = 10
	minUsers = 2
)

// promote settles the reserved names of a game that the engine has finished:
// those of members in good standing become pending registrations, all others
// are released (R3 to R6).
func (l *Ledger) promote(ctx context.Context, tx *pg.Tx, g Game, races []RaceStats, founders int) error {
	names, err := l.store.reserved(ctx, tx, []uuid.UUID{g.ID}, true, uuid.Nil)
	if err != nil || len(names) == 0 {
		return err
	}
	eligible := []uuid.UUID{}
	if g.CurrentTurn >= minTurns && founders >= minUsers {
		if eligible, err = l.eligible(ctx, tx, g.ID, races); err != nil {
			return err
		}
	}
	if _, err := l.store.lockKeys(ctx, tx, keysOf(names)); err != nil {
		return err
	}
	expires := g.FinishedAt.Add(l.cfg.PendingRegistrationTTL)
	promoted, err := l.store.promoteNames(ctx, tx, g.ID, eligible, expires)
	if err != nil {
		return err
	}
	l.store.prolongPending(tx, g.ID, eligible, expires)
	for _, n := range promoted {
		names = slices.DeleteFunc(names, func(r nameRow) bool { return r.ID == n.ID })
		if err := l.tellName(ctx, tx, notification.RaceNamePending, n, n.ExpiresAt); err != nil {
			return err
		}
	}
	return l.release(ctx, tx, names)
}

// eligible are the members in good standing: capable, and their race still in
// play or beaten in it.
func (l *Ledger) eligible(ctx context.Context, tx *pg.Tx, game uuid.UUID, races []RaceStats) ([]uuid.UUID, error) {
	fair := map[string]bool{}
	for _, r := range races {
		fair[r.RaceName] = r.State == string(enginev1.RaceActive) || r.State == string(enginev1.RaceEliminated)
	}
	members, err := l.store.capable(ctx, tx, game)
	users := make([]uuid.UUID, 0, len(members))
	for _, m := range members {
		if fair[m.RaceName] {
			users = append(users, m.UserID)
		}
	}
	return users, err
}

func (l *Ledger) tellName(ctx context.Context, tx *pg.Tx, kind notification.Kind, n RaceName, expires *time.Time) error {
	payload := map[string]any{"race_name": n.Display}
	if expires != nil {
		payload["expires_at"] = *expires
	}
	return l.notifier.Submit(ctx, tx, notification.Intent{Kind: kind, Key: n.ID.String(), Recipients: []uuid.UUID{n.UserID}, Payload: payload})
}
