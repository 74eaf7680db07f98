package game

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/idempotency"
	"galaxy/backend/platform/nullable"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/schedule"
	"galaxy/backend/platform/worker"
)

// Service is the domain. Methods that take a tx write with the caller's commit;
// all others open their own transaction.
type Service struct {
	db       *pg.DB
	clock    clock.Clock
	cfg      Config
	games    *Games
	store    store
	names    RaceNames
	accounts Accounts
	notifier Notifier
	launcher Launcher
	versions EngineVersions
	auditor  admin.Auditor
	hooks    Hooks
	sweep    *worker.Signal // there is something for the sweeper
}

// NewService makes the service. Sweep is sent when a game is left to the sweeper.
func NewService(
	db *pg.DB, clk clock.Clock, cfg Config, games *Games, names RaceNames, accounts Accounts, notifier Notifier,
	launcher Launcher, versions EngineVersions, auditor admin.Auditor, hooks Hooks, sweep *worker.Signal,
) *Service {
	return &Service{
		db: db, clock: clk, cfg: cfg, games: games, names: names, accounts: accounts, notifier: notifier,
		launcher: launcher, versions: versions, auditor: auditor, hooks: hooks, sweep: sweep,
	}
}

// Actor is who wants something: a user, or an operator.
type Actor struct {
	User     uuid.UUID // Nil for an operator
	Operator string    // user name; empty for a user
}

func (a Actor) rank() rank {
	if a.Operator != "" {
		return operator
	}
	return owner
}

func (a Actor) source() runtime.Source {
	if a.Operator != "" {
		return runtime.Operator
	}
	return runtime.User
}

// id names the actor in games.created_by: an operator's name is no uuid.
func (a Actor) id() string {
	if a.Operator != "" {
		return a.Operator
	}
	return a.User.String()
}

// NewGame is what a game is created from.
type NewGame struct {
	Name             string            `json:"name"`
	Description      string            `json:"description"`
	MinPlayers       int               `json:"min_players"`
	MaxPlayers       int               `json:"max_players"`
	JoinPolicy       string            `json:"join_policy"` // empty: auto in public games, else invite
	EnrollmentEndsAt *time.Time        `json:"enrollment_ends_at"`
	StartWhenFull    bool              `json:"start_when_full"`
	EngineVersion    string            `json:"engine_version"` // empty: the default one
	Turns            schedule.Settings `json:"turns"`
	Map              MapOptions        `json:"map"`
}

// Create makes a draft: a user's private game or an operator's public one. The
// same request under the same key answers with the game that is there, and false.
func (s *Service) Create(ctx context.Context, by Actor, in NewGame, key string) (Game, bool, error) {
	replay := replayKey{actor: by.id(), key: nullable.Text(key), hash: idempotency.Hash(in)}
	g, err := s.newDraft(ctx, by, in)
	if err == nil {
		err = s.insert(ctx, by, g, replay)
	}
	if pg.IsUnique(err, gamesReplay) {
		err = ErrReplay.Because(err)
	}
	if err == nil || key == "" || fault.IsInternal(err) {
		return g, err == nil, err
	}
	// What refuses a repeat may be what the first request has changed, or time.
	earlier, found := s.earlierGame(ctx, replay)
	if isNotFound(found) {
		return Game{}, false, err
	}
	return earlier, false, found
}

func (s *Service) insert(ctx context.Context, by Actor, g Game, replay replayKey) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		if by.rank() == owner {
			if err := s.checkMayCreate(ctx, tx, by.User); err != nil {
				return err
			}
		}
		s.store.insertGame(tx, g, replay)
		s.games.rows.Put(tx, g.ID, g)
		s.games.memberships.Put(tx, g.ID, []Membership{})
		return s.Audit(ctx, tx, by, "game.create", g.ID, nil, map[string]any{"name": g.Name})
	})
}

func (s *Service) checkMayCreate(ctx context.Context, tx *pg.Tx, id uuid.UUID) error {
	u, err := s.accounts.Lock(ctx, tx, id)
	if err != nil {
		return err
	}
	if u.Has(user.GameCreateBlock, s.clock.Now()) {
		return ErrCreateBlocked
	}
	n, err := s.store.countOwned(ctx, tx, id)
	if err != nil || n < u.Limits.OwnedPrivateGames {
		return err
	}
	return ErrOwnedLimit.With("limit", u.Limits.OwnedPrivateGames)
}

func (s *Service) earlierGame(ctx context.Context, r replayKey) (Game, error) {
	g, hash, err := s.store.replayedGame(ctx, s.db, r)
	if err == nil && string(hash) != string(r.hash) {
		return Game{}, ErrReplay
	}
	return g, err
}

func (s *Service) newDraft(ctx context.Context, by Actor, in NewGame) (Game, error) {
	now := s.clock.Now()
	g := Game{
		ID: uuid.Must(uuid.NewV7()), Visibility: Public, Name: in.Name, Description: in.Description, State: Draft,
		MinPlayers: in.MinPlayers, MaxPlayers: in.MaxPlayers, JoinPolicy: cmp.Or(in.JoinPolicy, PolicyAuto),
		EnrollmentEndsAt: pg.Microseconds(in.EnrollmentEndsAt), StartWhenFull: in.StartWhenFull, EngineVersion: in.EngineVersion,
		Turns: in.Turns, Map: in.Map, Version: 1, EngineHealth: "unknown", CreatedAt: now, UpdatedAt: now,
	}
	if by.rank() == owner {
		g.Visibility, g.OwnerID, g.JoinPolicy = Private, &by.User, cmp.Or(in.JoinPolicy, PolicyInvite)
	}
	return g, s.complete(ctx, &g)
}

// complete checks what a schema cannot and fills in what was left open.
func (s *Service) complete(ctx context.Context, g *Game) error {
	var wrong []fault.Field
	if g.MinPlayers > g.MaxPlayers {
		wrong = append(wrong, fault.Field{Name: "max_players", Code: "out_of_range", Message: "max_players is less than min_players"})
	}
	if g.JoinPolicy != PolicyApplication && (g.Visibility == Public) != (g.JoinPolicy == PolicyAuto) {
		wrong = append(wrong, fault.Field{Name: "join_policy", Code: "not_allowed", Message: "public games take application or auto, private ones invite or application"})
	}
	if g.EnrollmentEndsAt != nil && !g.EnrollmentEndsAt.After(s.clock.Now()) {
		wrong = append(wrong, fault.Field{Name: "enrollment_ends_at", Code: "in_the_past", Message: "the enrollment ends in the future"})
	}
	turns, err := s.completeTurns(g.Turns)
	if bad, is := errors.AsType[*fault.Error](err); is {
		wrong = append(wrong, bad.Fields...)
	}
	if wrong != nil {
		return ErrInvalidGame.At(wrong...)
	}
	if err != nil {
		return err
	}
	g.Turns = turns
	if g.EngineVersion == "" {
		g.EngineVersion, err = s.versions.DefaultVersion(ctx)
		return err
	}
	return s.versions.StartableVersion(ctx, g.EngineVersion)
}

// completeTurns names fields as they are nested in a game.
func (s *Service) completeTurns(in schedule.Settings) (schedule.Settings, error) {
	out, err := schedule.Limits{MinInterval: s.cfg.MinTurnInterval}.Normalize(in)
	bad, is := errors.AsType[*fault.Error](err)
	if !is { // lists as the database gives them back
		out.Times, out.Weekdays = append([]string{}, out.Times...), append([]string{}, out.Weekdays...)
		return out, err
	}
	fields := make([]fault.Field, 0, len(bad.Fields))
	for _, f := range bad.Fields {
		f.Name = "turns." + f.Name
		fields = append(fields, f)
	}
	return out, ErrInvalidGame.At(fields...)
}

// lockManaged locks a game that the actor may manage. What the actor may not even
// know of is ErrNotFound.
func (s *Service) lockManaged(ctx context.Context, tx *pg.Tx, by Actor, id uuid.UUID) (Game, error) {
	g, err := s.store.lockGame(ctx, tx, id)
	if err != nil {
		return g, err
	}
	return g, s.CheckManager(ctx, tx, by, g)
}

// Audit records what an operator did; users leave no audit.
func (s *Service) Audit(
	ctx context.Context, tx *pg.Tx, by Actor, action string, game uuid.UUID, before, after any,
) error {
	if by.rank() != operator {
		return nil
	}
	return s.auditor.Record(ctx, tx, admin.Entry{Action: action, Target: "game:" + game.String(), Before: before, After: after})
}

func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }

// announce tells the observers.
func (s *Service) announce(ctx context.Context, tx *pg.Tx, c Change) error {
	for _, o := range s.hooks.Observers {
		if err := o.GameChanged(ctx, tx, c); err != nil {
			return fmt.Errorf("tell %s of %s in game %s: %w", o.Name(), c.Event, c.Game.ID, err)
		}
	}
	return nil
}

// notify submits an intent to users. The kind and key make it idempotent.
func (s *Service) notify(
	ctx context.Context, tx *pg.Tx, key string, to []uuid.UUID, payload notification.Payload,
) error {
	if len(to) == 0 {
		return nil
	}
	return s.notifier.Submit(ctx, tx, notification.Intent{Key: key, Recipients: to, Payload: payload})
}

// notifyMembers submits an intent to the active members, once per version of the
// game.
func (s *Service) notifyMembers(ctx context.Context, tx *pg.Tx, g Game, payload notification.Payload) error {
	members, err := s.store.memberships(ctx, tx, g.ID)
	if err != nil {
		return err
	}
	var to []uuid.UUID
	for _, m := range members {
		if m.Status == Active {
			to = append(to, m.UserID)
		}
	}
	return s.notify(ctx, tx, fmt.Sprintf("game:%s:version:%d", g.ID, g.Version), to, payload)
}
