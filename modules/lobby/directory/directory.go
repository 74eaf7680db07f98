package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/lobby/racename"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/cache"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
)

// Users knows accounts and what they may do.
type Users interface {
	// Lock serialises what the account's limits count.
	Lock(ctx context.Context, tx *pg.Tx, id uuid.UUID) (user.Snapshot, error)
}

// Notifier tells people.
type Notifier interface {
	Submit(ctx context.Context, tx *pg.Tx, in notification.Intent) error
}

// Directory is the Race Name Directory.
type Directory struct {
	db    *pg.DB
	clock clock.Clock
	ttl   time.Duration // of a pending registration
	max   int
	store store
	keys  *cache.Table[string, uuid.UUID] // who holds a key

	users    Users
	notifier Notifier
}

// New makes the directory, which keeps at most max keys in memory. Bind gives it
// its neighbours, Start warms its cache.
func New(db *pg.DB, clk clock.Clock, ttl time.Duration, max int) *Directory {
	d := &Directory{db: db, clock: clk, ttl: ttl, max: max}
	d.keys = cache.New("race_name_keys", max, func(ctx context.Context, key string) (uuid.UUID, bool, error) {
		holder, err := d.store.holder(ctx, db, key)
		if errors.Is(err, pg.ErrNoRows) {
			return uuid.Nil, false, nil
		}
		return holder, err == nil, err
	})
	return d
}

// Bind gives the directory its neighbours, who may need the directory themselves.
func (d *Directory) Bind(users Users, notifier Notifier) { d.users, d.notifier = users, notifier }

// Start warms the cache with as many keys as fit.
func (d *Directory) Start(ctx context.Context) error {
	keys, err := d.store.someKeys(ctx, d.db, d.max)
	if err != nil {
		return fmt.Errorf("warm race names: %w", err)
	}
	for _, k := range keys {
		d.keys.Warm(k.Key, k.Holder)
	}
	return nil
}

// Parse reads a race name, or says what is wrong with it.
func Parse(text string) (racename.Name, error) {
	name, err := racename.Parse(text)
	if problem, bad := errors.AsType[racename.Problem](err); bad {
		return name, ErrInvalid.Saying("%s", problem.Error()).With("problem", string(problem))
	}
	return name, err
}

// Claim reserves a name for a user in a game (R1): both keys, or
// ErrTaken. Keys are the last locks that a transaction takes.
func (d *Directory) Claim(ctx context.Context, tx *pg.Tx, name racename.Name, user, game uuid.UUID) error {
	keys := name.Keys()
	for {
		d.store.insertKeys(tx, keys, user)
		rows, err := d.store.lockKeys(ctx, tx, keys)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(rows, func(r keyRow) bool { return r.Holder != user }) {
			return ErrTaken
		}
		if len(rows) == len(keys) {
			break
		}
		// One was given up between the two statements: it can be claimed now.
	}
	for _, k := range keys {
		d.keys.Put(tx, k, user)
	}
	d.store.insertReserved(tx, uuid.Must(uuid.NewV7()), name, user, game, d.clock.Now())
	return nil
}

// ReleaseReserved gives up what the games hold for one user, or for all members
// when user is nil (R2).
func (d *Directory) ReleaseReserved(ctx context.Context, tx *pg.Tx, games []uuid.UUID, user *uuid.UUID) error {
	if len(games) == 0 {
		return nil
	}
	who := uuid.Nil
	if user != nil {
		who = *user
	}
	names, err := d.store.reserved(ctx, tx, games, user == nil, who)
	if err != nil {
		return err
	}
	return d.release(ctx, tx, names)
}

// release deletes names, and the keys that no other name claims.
func (d *Directory) release(ctx context.Context, tx *pg.Tx, names []row) error {
	if len(names) == 0 {
		return nil
	}
	ids := make([]uuid.UUID, 0, len(names))
	for _, n := range names {
		ids = append(ids, n.ID)
	}
	keys := keysOf(names)
	if _, err := d.store.lockKeys(ctx, tx, keys); err != nil {
		return err
	}
	d.store.deleteNames(tx, ids, keys)
	for _, k := range keys {
		d.keys.Drop(tx, k)
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
// eligible members become pending registrations, all others are released (R3 to
// R6).
func (d *Directory) Promote(ctx context.Context, tx *pg.Tx, game uuid.UUID, eligible []uuid.UUID, at time.Time) error {
	names, err := d.store.reserved(ctx, tx, []uuid.UUID{game}, true, uuid.Nil)
	if err != nil || len(names) == 0 {
		return err
	}
	if _, err := d.store.lockKeys(ctx, tx, keysOf(names)); err != nil {
		return err
	}
	expires := at.Add(d.ttl)
	promoted, err := d.store.promoteNames(ctx, tx, game, eligible, expires)
	if err != nil {
		return err
	}
	d.store.prolongPending(tx, game, eligible, expires)
	for _, n := range promoted {
		names = slices.DeleteFunc(names, func(r row) bool { return r.ID == n.ID })
		if err := d.tellName(ctx, tx, notification.KindRaceNamePending, n, n.ExpiresAt); err != nil {
			return err
		}
	}
	return d.release(ctx, tx, names)
}

// Forget releases what a user holds (R12). Of a blocked user registered names
// stay, unusable (R13).
func (d *Directory) Forget(ctx context.Context, tx *pg.Tx, who uuid.UUID, keepRegistered bool) error {
	const all = 1 << 20
	names, err := d.store.namesOf(ctx, tx, who, uuid.Max, all)
	if err != nil {
		return err
	}
	if keepRegistered {
		names = slices.DeleteFunc(names, func(n row) bool { return n.State == Registered })
	}
	return d.release(ctx, tx, names)
}

// Due are pending names that nobody registered in time.
func (d *Directory) Due(ctx context.Context, now time.Time, n int) ([]uuid.UUID, error) {
	return d.store.expiredNames(ctx, d.db, now, n)
}

// Expire releases a pending name that nobody registered in time (R10). One that
// was registered or prolonged meanwhile stays.
func (d *Directory) Expire(ctx context.Context, id uuid.UUID, now time.Time) error {
	return d.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		names, err := d.store.pending(ctx, tx, id)
		if err != nil || len(names) == 0 {
			return err
		}
		if _, err := d.store.lockKeys(ctx, tx, keysOf(names)); err != nil {
			return err
		}
		still, err := d.store.stillExpired(ctx, tx, id, now)
		if err != nil || !still {
			return err
		}
		if err := d.release(ctx, tx, names); err != nil {
			return err
		}
		return d.tellName(ctx, tx, notification.KindRaceNameExpired, names[0].Name, nil)
	})
}

func (d *Directory) tellName(ctx context.Context, tx *pg.Tx, kind notification.Kind, n Name, expires *time.Time) error {
	payload := map[string]any{"race_name": n.Display}
	if expires != nil {
		payload["expires_at"] = *expires
	}
	return d.notifier.Submit(ctx, tx, notification.Intent{Kind: kind, Key: n.ID.String(), Recipients: []uuid.UUID{n.UserID}, Payload: payload})
}
