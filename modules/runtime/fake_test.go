package runtime

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/engineversion"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// fakeDriver keeps engines in memory. It obeys the port: verbs can be repeated.
type fakeDriver struct {
	mu      sync.Mutex
	engines map[uuid.UUID]driver.Observed
	calls   map[string]int
	// fails is asked before every verb; its error is the verb's.
	fails func(verb string) error
	// after is asked when a verb has taken place: the answer may be lost.
	after func(verb string) error
	pull  driver.PullResult
	hints chan driver.Hint
	made  int
}

func newFakeDriver() *fakeDriver {
	none := func(string) error { return nil }
	return &fakeDriver{engines: map[uuid.UUID]driver.Observed{}, calls: map[string]int{}, fails: none, after: none, hints: make(chan driver.Hint)}
}

func (d *fakeDriver) do(verb string, act func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls[verb]++
	if err := d.fails(verb); err != nil {
		return err
	}
	if err := act(); err != nil {
		return err
	}
	return d.after(verb)
}

func (d *fakeDriver) count(verb string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls[verb]
}

// set changes an engine behind runtime's back.
func (d *fakeDriver) set(game uuid.UUID, change func(o *driver.Observed)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	o := d.engines[game]
	change(&o)
	d.engines[game] = o
}

// failing has every verb of the given names fail from now on.
func (d *fakeDriver) failing(err error, verbs ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fails = func(verb string) error {
		for _, v := range verbs {
			if v == verb {
				return err
			}
		}
		return nil
	}
}

func (d *fakeDriver) Ensure(_ context.Context, s driver.Spec) (o driver.Observed, err error) {
	err = d.do("ensure", func() error {
		o = d.engines[s.GameID]
		same := o.Version == s.Version && o.Generation == s.Generation
		switch {
		case o.Foreign:
			return driver.ErrForeign
		case o.Phase == driver.PhaseRunning && !same:
			return driver.ErrConflict
		case o.Phase == driver.PhaseRunning:
			return nil
		case o.Phase == "" || !same:
			d.made++
			o = driver.Observed{GameID: s.GameID, Version: s.Version, Image: s.Image, Generation: s.Generation,
				Name: driver.Name(s.GameID), ContainerID: fmt.Sprintf("c%d", d.made)}
		}
		o.Phase, o.ExitCode = driver.PhaseRunning, 0
		d.engines[s.GameID] = o
		return nil
	})
	return o, err
}

func (d *fakeDriver) Stop(_ context.Context, game uuid.UUID, _ time.Duration) error {
	return d.do("stop", func() error {
		if o, there := d.engines[game]; there && o.Phase == driver.PhaseRunning {
			o.Phase = driver.PhaseExited
			d.engines[game] = o
		}
		return nil
	})
}

func (d *fakeDriver) Remove(_ context.Context, game uuid.UUID) error {
	return d.do("remove", func() error { delete(d.engines, game); return nil })
}

func (d *fakeDriver) Inspect(_ context.Context, game uuid.UUID) (o driver.Observed, err error) {
	err = d.do("inspect", func() error {
		var there bool
		if o, there = d.engines[game]; !there {
			o = driver.Observed{GameID: game, Phase: driver.PhaseAbsent}
		}
		return nil
	})
	return o, err
}

func (d *fakeDriver) List(context.Context) (all []driver.Observed, err error) {
	err = d.do("list", func() error {
		for _, o := range d.engines {
			all = append(all, o)
		}
		return nil
	})
	return all, err
}

func (d *fakeDriver) Watch(ctx context.Context) <-chan driver.Hint {
	out := make(chan driver.Hint)
	go func() {
		defer close(out)
		for {
			select {
			case <-ctx.Done():
				return
			case h := <-d.hints:
				select {
				case out <- h:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out
}

func (d *fakeDriver) Pull(context.Context, string, driver.PullPolicy) (r driver.PullResult, err error) {
	err = d.do("pull", func() error { r = d.pull; return nil })
	return r, err
}

func (d *fakeDriver) DialContext(context.Context, string, string) (net.Conn, error) {
	return nil, driver.ErrNotFound
}

func (d *fakeDriver) Logs(context.Context, uuid.UUID, int) (lines []string, err error) {
	err = d.do("logs", func() error { lines = []string{"engine started"}; return nil })
	return lines, err
}

func (d *fakeDriver) Stats(context.Context, uuid.UUID) (s driver.Stats, err error) {
	err = d.do("stats", func() error { s = driver.Stats{Memory: 5 << 20, Pids: 7}; return nil })
	return s, err
}

func (d *fakeDriver) Available(context.Context) error {
	return d.do("available", func() error { return nil })
}
func (d *fakeDriver) Close(context.Context) error { return nil }

// fakeEngines answers for all engines alike. Games that were founded stay so.
type fakeEngines struct {
	mu      sync.Mutex
	founded map[uuid.UUID]enginev1.InitRequest
	inits   int
	probes  map[uuid.UUID]int
	health  error
	refusal error // of init
	lost    error // the answer of init gets lost once
	status  error
	forgot  bool
}

func (e *fakeEngines) Health(_ context.Context, game uuid.UUID) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.probes[game]++
	return e.health
}

func (e *fakeEngines) Init(_ context.Context, game uuid.UUID, req enginev1.InitRequest) (enginev1.Status, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.inits++
	if e.refusal != nil {
		return enginev1.Status{}, e.refusal
	}
	if old, there := e.founded[game]; there && old.Seed != req.Seed {
		return enginev1.Status{}, engine.ErrAlreadyInitialized
	}
	e.founded[game] = req
	if err := e.lost; err != nil {
		e.lost = nil
		return enginev1.Status{}, err
	}
	s := e.account(game)
	s.Seed = req.Seed
	return s, nil
}

func (e *fakeEngines) Status(_ context.Context, game uuid.UUID) (enginev1.Status, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.status != nil {
		return enginev1.Status{}, e.status
	}
	if _, there := e.founded[game]; !there || e.forgot {
		return enginev1.Status{ContractVersion: 1, State: enginev1.StateUninitialized}, nil
	}
	return e.account(game), nil
}

func (e *fakeEngines) account(game uuid.UUID) enginev1.Status {
	id, turn := game.String(), 0
	return enginev1.Status{ContractVersion: 1, GameID: &id, State: enginev1.StateRunning, Turn: &turn}
}

func (e *fakeEngines) set(change func(e *fakeEngines)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(e)
}

// recorder is an observer, a notifier and an auditor.
type recorder struct {
	mu      sync.Mutex
	name    string
	changes []Change
	notices []notification.Intent
	entries []admin.Entry
	fails   error
	hook    func(ctx context.Context, tx *pg.Tx, c Change) error
}

func (r *recorder) Name() string { return r.name }

func (r *recorder) RuntimeChanged(ctx context.Context, tx *pg.Tx, c Change) error {
	r.mu.Lock()
	hook, fails := r.hook, r.fails
	if fails == nil {
		tx.OnCommit(func() { r.mu.Lock(); defer r.mu.Unlock(); r.changes = append(r.changes, c) })
	}
	r.mu.Unlock()
	if hook != nil {
		return hook(ctx, tx, c)
	}
	return fails
}

func (r *recorder) Submit(_ context.Context, tx *pg.Tx, in notification.Intent) error {
	tx.OnCommit(func() { r.mu.Lock(); defer r.mu.Unlock(); r.notices = append(r.notices, in) })
	return nil
}

func (r *recorder) Record(_ context.Context, tx *pg.Tx, e admin.Entry) error {
	tx.OnCommit(func() { r.mu.Lock(); defer r.mu.Unlock(); r.entries = append(r.entries, e) })
	return nil
}

// told is what observers heard, as observed/operation.
func (r *recorder) told() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := []string{}
	for _, c := range r.changes {
		text := c.Observed
		if c.Operation != "" {
			text += " " + c.Operation
		}
		out = append(out, text)
	}
	return out
}

func (r *recorder) kinds() []notification.Kind {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := []notification.Kind{}
	for _, n := range r.notices {
		out = append(out, n.Kind)
	}
	return out
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// bench is the domain with everything around it played by the test.
type bench struct {
	*testing.T
	db       *pg.DB
	clock    *clock.Fake
	driver   *fakeDriver
	engines  *fakeEngines
	heard    *recorder
	versions *engineversion.Service
	prefetch engineversion.PrefetchSignal
	s        *Service
	c        *Converger
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{
		T: t, db: testkit.DB(t), clock: clock.NewFake(noon), driver: newFakeDriver(), heard: &recorder{name: "lobby"},
		engines: &fakeEngines{founded: map[uuid.UUID]enginev1.InitRequest{}, probes: map[uuid.UUID]int{}},
	}
	b.prefetch = engineversion.NewPrefetchSignal()
	b.versions = engineversion.NewService(b.db, b.clock, b.heard, b.prefetch)
	b.s = NewService(NewBase(b.db, b.clock, zap.NewNop()), CacheConfig{RuntimesMax: 1000}, b.versions, b.heard)
	b.c = b.converger(b.heard)
	_, _, err := b.versions.Register(t.Context(), engineversion.NewVersion{Version: "1.2.3", ImageRef: "galaxy/engine:1.2.3"})
	require.NoError(t, err)
	return b
}

func (b *bench) converger(observers ...Observer) *Converger {
	b.Helper()
	cfg := Config{WorkerPoolSize: 4, JobQueueSize: 64, ReconcileInterval: time.Minute, ImagePullPolicy: driver.PullIfMissing, StopGracePeriod: time.Second}
	cfg.ContainerCPUQuota, cfg.ContainerMemory, cfg.ContainerPidsLimit, cfg.ContainerStateMount = 1, 64<<20, 64, "/var/lib/galaxy-game"
	c, err := NewConverger(b.s, cfg, Box{Driver: b.driver, Dirs: driver.NewStateDirs(b.TempDir())}, b.versions, b.engines, b.heard, observers)
	require.NoError(b, err)
	return c
}

func (b *bench) spec() Spec {
	game := uuid.Must(uuid.NewV7())
	return Spec{GameID: game, Version: "1.2.3", Init: enginev1.InitRequest{
		ContractVersion: 1, GameID: game.String(), Races: []enginev1.InitRace{{UserID: "u1", RaceName: "Zorg"}},
	}}
}

// start asks for a game's engine and returns the game.
func (b *bench) start() uuid.UUID {
	b.Helper()
	spec := b.spec()
	b.ask(func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error) { return b.s.Start(ctx, tx, spec, User) })
	return spec.GameID
}

// running is a game whose engine runs, with nothing heard yet.
func (b *bench) running() uuid.UUID {
	b.Helper()
	game := b.start()
	b.pass()
	require.Equal(b, Running, b.record(game).Observed)
	b.heard.changes = nil
	return game
}

func (b *bench) ask(request func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error)) uuid.UUID {
	b.Helper()
	var id uuid.UUID
	require.NoError(b, b.db.InTx(b.Context(), func(ctx context.Context, tx *pg.Tx) (err error) {
		id, err = request(ctx, tx)
		return err
	}))
	return id
}

type wish func(ctx context.Context, tx *pg.Tx, game uuid.UUID, by Source) (uuid.UUID, error)

func (b *bench) want(request wish, game uuid.UUID) uuid.UUID {
	b.Helper()
	return b.ask(func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error) { return request(ctx, tx, game, User) })
}

// pass converges everything that is due now, and says how many games were.
func (b *bench) pass() int {
	b.Helper()
	claims, err := b.c.claim(b.Context(), 100)
	require.NoError(b, err)
	for _, claim := range claims {
		b.c.converge(b.Context(), claim)
	}
	return len(claims)
}

// later moves the clock and converges what became due.
func (b *bench) later(d time.Duration) int {
	b.Helper()
	b.clock.Advance(d)
	return b.pass()
}

func (b *bench) record(game uuid.UUID) Record {
	b.Helper()
	r, err := b.s.Record(b.Context(), game)
	require.NoError(b, err)
	return r
}

func (b *bench) operation(id uuid.UUID) Operation {
	b.Helper()
	o, err := b.s.Operation(b.Context(), id)
	require.NoError(b, err)
	return o
}

var errOut = errors.New("out of order")
