package games

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/schedule"
)

// Service is the domain. Methods that take a tx write with the caller's commit;
// all others open their own transaction.
type Service struct {
	*Ledger
	versions     EngineVersions
	audit        admin.Auditor
	expectations []Expectation
}

// NewService makes the service and hands its neighbours to the ledger.
func NewService(l *Ledger, users Users, notifier Notifier, launcher Launcher, versions EngineVersions,
	audit admin.Auditor, hooks Hooks,
) *Service {
	l.Users, l.Notifier, l.launcher, l.observers = users, notifier, launcher, hooks.Observers
	l.Names.Bind(users, notifier)
	return &Service{Ledger: l, versions: versions, audit: audit, expectations: hooks.Expectations}
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
	replay := replayKey{actor: by.id(), key: Optional(key), hash: HashOf(in)}
	g, err := s.draft(ctx, by, in)
	if err == nil {
		err = s.insert(ctx, by, g, replay)
	}
	if pg.IsUnique(err, gamesReplay) {
		err = ErrReplay.Because(err)
	}
	if err == nil || key == "" || Ours(err) {
		return g, err == nil, err
	}
	// What refuses a repeat may be what the first request has changed, or time.
	earlier, found := s.replayedGame(ctx, replay)
	if IsNotFound(found) {
		return Game{}, false, err
	}
	return earlier, false, found
}

func (s *Service) insert(ctx context.Context, by Actor, g Game, replay replayKey) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		if by.rank() == owner {
			if err := s.mayCreate(ctx, tx, by.User); err != nil {
				return err
			}
		}
		s.Store.insertGame(tx, g, replay)
		s.games.Put(tx, g.ID, g)
		s.seats.Put(tx, g.ID, []Seat{})
		return s.Audited(ctx, tx, by, "game.create", g.ID, nil, map[string]any{"name": g.Name})
	})
}

func (s *Service) mayCreate(ctx context.Context, tx *pg.Tx, id uuid.UUID) error {
	u, err := s.Users.Lock(ctx, tx, id)
	if err != nil {
		return err
	}
	if u.Has(user.GameCreateBlock, s.Clock.Now()) {
		return ErrCreateBlocked
	}
	n, err := s.Store.countOwned(ctx, tx, id)
	if err != nil || n < u.Limits.OwnedPrivateGames {
		return err
	}
	return ErrOwnedLimit.With("limit", u.Limits.OwnedPrivateGames)
}

func (s *Service) replayedGame(ctx context.Context, r replayKey) (Game, error) {
	g, hash, err := s.Store.replayedGame(ctx, s.DB, r)
	if err == nil && string(hash) != string(r.hash) {
		return Game{}, ErrReplay
	}
	return g, err
}

func (s *Service) draft(ctx context.Context, by Actor, in NewGame) (Game, error) {
	now := s.Clock.Now()
	g := Game{
		ID: uuid.Must(uuid.NewV7()), Visibility: Public, Name: in.Name, Description: in.Description, State: Draft,
		MinPlayers: in.MinPlayers, MaxPlayers: in.MaxPlayers, JoinPolicy: cmp.Or(in.JoinPolicy, PolicyAuto),
		EnrollmentEndsAt: InMicroseconds(in.EnrollmentEndsAt), StartWhenFull: in.StartWhenFull, EngineVersion: in.EngineVersion,
		Turns: in.Turns, Map: in.Map, Version: 1, EngineHealth: "unknown", CreatedAt: now, UpdatedAt: now,
	}
	if by.rank() == owner {
		g.Visibility, g.OwnerID, g.JoinPolicy = Private, &by.User, cmp.Or(in.JoinPolicy, PolicyInvite)
	}
	return g, s.settle(ctx, &g)
}

// settle checks what a schema cannot and fills in what was left open.
func (s *Service) settle(ctx context.Context, g *Game) error {
	var wrong []fault.Field
	if g.MinPlayers > g.MaxPlayers {
		wrong = append(wrong, fault.Field{Name: "max_players", Code: "out_of_range", Message: "max_players is less than min_players"})
	}
	if g.JoinPolicy != PolicyApplication && (g.Visibility == Public) != (g.JoinPolicy == PolicyAuto) {
		wrong = append(wrong, fault.Field{Name: "join_policy", Code: "not_allowed", Message: "public games take application or auto, private ones invite or application"})
	}
	if g.EnrollmentEndsAt != nil && !g.EnrollmentEndsAt.After(s.Clock.Now()) {
		wrong = append(wrong, fault.Field{Name: "enrollment_ends_at", Code: "in_the_past", Message: "the enrolment ends in the future"})
	}
	turns, err := s.settleTurns(g.Turns)
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

// settleTurns names fields as they are nested in a game.
func (s *Service) settleTurns(in schedule.Settings) (schedule.Settings, error) {
	out, err := schedule.Limits{MinInterval: s.Config.MinTurnInterval}.Settle(in)
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

// owned locks a game that the actor may manage. What the actor may not even
// know of is ErrNotFound.
func (s *Service) owned(ctx context.Context, tx *pg.Tx, by Actor, id uuid.UUID) (Game, error) {
	g, err := s.Store.LockGame(ctx, tx, id)
	if err != nil {
		return g, err
	}
	return g, s.Manages(ctx, tx, by, g)
}

func (s *Service) Manages(ctx context.Context, q pg.Querier, by Actor, g Game) error {
	if by.rank() == operator || g.Owned(by.User) {
		return nil
	}
	if err := s.Visible(ctx, q, g, by.User); err != nil {
		return err
	}
	return ErrNotOwner
}

// Visible is ErrNotFound for a game that the user may not know of.
func (s *Service) Visible(ctx context.Context, q pg.Querier, g Game, id uuid.UUID) error {
	switch {
	case g.Owned(id), g.Visibility == Public && g.State != Draft:
		return nil
	case g.Visibility == Private && g.JoinPolicy == PolicyApplication && g.State == EnrollmentOpen:
		return nil
	case g.Visibility == Public:
		return ErrNotFound
	}
	known, err := s.Store.known(ctx, q, g.ID, id)
	if err == nil && !known {
		err = ErrNotFound
	}
	return err
}

// Audited records what an operator did; users leave no audit.
func (s *Service) Audited(ctx context.Context, tx *pg.Tx, by Actor, action string, game uuid.UUID, before, after any) error {
	if by.rank() != operator {
		return nil
	}
	return s.audit.Record(ctx, tx, admin.Entry{Action: action, Target: "game:" + game.String(), Before: before, After: after})
}

// HashOf identifies a request's content.
func HashOf(in any) []byte {
	text, err := json.Marshal(in)
	if err != nil {
		panic(fmt.Sprintf("lobby: a request that was decoded does not encode: %v", err))
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// Optional is nil for an empty text: null in the database and in JSON.
func Optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// InMicroseconds is the resolution of the database.
func InMicroseconds(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC().Truncate(time.Microsecond)
	return &u
}
