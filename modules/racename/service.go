package racename

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/racename/spelling"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
)

// Service is the domain. Methods that take a tx write with the caller's commit;
// all others open their own transaction.
type Service struct {
	db       *pg.DB
	clock    clock.Clock
	cfg      Config
	keys     *keyCache
	store    store
	accounts Accounts
	notifier Notifier
}

// NewService makes the service; Start warms its cache.
func NewService(
	db *pg.DB, clk clock.Clock, cfg Config, size CacheConfig, accounts Accounts, notifier Notifier,
) *Service {
	return &Service{db: db, clock: clk, cfg: cfg, keys: newKeyCache(db, size), accounts: accounts, notifier: notifier}
}

// Start warms the cache with as many keys as fit.
func (s *Service) Start(ctx context.Context) error {
	keys, err := s.store.keysToWarm(ctx, s.db, s.keys.max)
	if err != nil {
		return fmt.Errorf("warm race names: %w", err)
	}
	for _, k := range keys {
		s.keys.Warm(k.Key, k.Holder)
	}
	return nil
}

// Parse reads a race name, or says what is wrong with it.
func Parse(text string) (spelling.Name, error) {
	name, err := spelling.Parse(text)
	if problem, bad := errors.AsType[spelling.Problem](err); bad {
		return name, ErrInvalid.Saying("%s", problem.Error()).With("problem", string(problem))
	}
	return name, err
}

// Claim reserves a name for a user in a game: both keys, or ErrTaken. Keys are
// the last locks that a transaction takes.
func (s *Service) Claim(ctx context.Context, tx *pg.Tx, name spelling.Name, user, game uuid.UUID) error {
	keys := name.Keys()
	for {
		s.store.insertKeys(tx, keys, user)
		rows, err := s.store.lockKeys(ctx, tx, keys)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(rows, func(r keyRow) bool { return r.Holder != user }) {
			return ErrTaken
		}
		if len(rows) == len(keys) {
			break
		}
		// A key was released between the two statements: it can be claimed now.
	}
	for _, k := range keys {
		s.keys.Put(tx, k, user)
	}
	s.store.insertReserved(tx, uuid.Must(uuid.NewV7()), name, user, game, s.clock.Now())
	return nil
}

// ReleaseReserved gives up what the games hold for one user, or for all members
// when user is nil.
func (s *Service) ReleaseReserved(ctx context.Context, tx *pg.Tx, games []uuid.UUID, user *uuid.UUID) error {
	if len(games) == 0 {
		return nil
	}
	names, err := s.store.reserved(ctx, tx, games, user)
	if err != nil {
		return err
	}
	return s.release(ctx, tx, names)
}

// release deletes names, and the keys that no other name claims.
func (s *Service) release(ctx context.Context, tx *pg.Tx, names []row) error {
	if len(names) == 0 {
		return nil
	}
	ids := make([]uuid.UUID, 0, len(names))
	for _, n := range names {
		ids = append(ids, n.ID)
	}
	keys := keysOf(names)
	if _, err := s.store.lockKeys(ctx, tx, keys); err != nil {
		return err
	}
	s.store.deleteNames(tx, ids, keys)
	for _, k := range keys {
		s.keys.Drop(tx, k)
	}
	return nil
}

func keysOf(names []row) []string {
	var keys []string
	for _, n := range names {
		keys = append(keys, n.Canonical, n.Second)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Promote settles the reserved names of a game that was finished at at: those of
// eligible members become pending registrations, all others are released.
func (s *Service) Promote(ctx context.Context, tx *pg.Tx, game uuid.UUID, eligible []uuid.UUID, at time.Time) error {
	names, err := s.store.reserved(ctx, tx, []uuid.UUID{game}, nil)
	if err != nil || len(names) == 0 {
		return err
	}
	if _, err := s.store.lockKeys(ctx, tx, keysOf(names)); err != nil {
		return err
	}
	expires := at.Add(s.cfg.PendingRegistrationTTL)
	promoted, err := s.store.promoteNames(ctx, tx, game, eligible, expires)
	if err != nil {
		return err
	}
	s.store.extendPending(tx, game, eligible, expires)
	for _, n := range promoted {
		names = slices.DeleteFunc(names, func(r row) bool { return r.ID == n.ID })
		payload := notification.RaceNamePending{RaceName: n.Display, ExpiresAt: *n.ExpiresAt}
		if err := s.notifyHolder(ctx, tx, n, payload); err != nil {
			return err
		}
	}
	return s.release(ctx, tx, names)
}

// releaseNamesOf releases a user's names that are in one of the states.
func (s *Service) releaseNamesOf(ctx context.Context, tx *pg.Tx, who uuid.UUID, states ...string) error {
	const all = 1 << 20
	names, err := s.store.namesOf(ctx, tx, who, uuid.Max, all)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(n row) bool { return !slices.Contains(states, n.State) })
	return s.release(ctx, tx, names)
}

// expired are pending names that nobody registered in time.
func (s *Service) expired(ctx context.Context, now time.Time, n int) ([]uuid.UUID, error) {
	return s.store.expiredNames(ctx, s.db, now, n)
}

// expire releases a pending name that nobody registered in time. One that
// was registered or extended meanwhile stays.
func (s *Service) expire(ctx context.Context, id uuid.UUID, now time.Time) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		names, err := s.store.pending(ctx, tx, id)
		if err != nil || len(names) == 0 {
			return err
		}
		if _, err := s.store.lockKeys(ctx, tx, keysOf(names)); err != nil {
			return err
		}
		expired, err := s.store.lockExpired(ctx, tx, id, now)
		if err != nil || !expired {
			return err
		}
		if err := s.release(ctx, tx, names); err != nil {
			return err
		}
		name := names[0].Name
		return s.notifyHolder(ctx, tx, name, notification.RaceNameExpired{RaceName: name.Display})
	})
}

// notifyHolder submits an intent to whom the name belongs, once per name and kind.
func (s *Service) notifyHolder(ctx context.Context, tx *pg.Tx, n Name, payload notification.Payload) error {
	return s.notifier.Submit(ctx, tx, notification.Intent{
		Key: n.ID.String(), Recipients: []uuid.UUID{n.UserID}, Payload: payload,
	})
}
