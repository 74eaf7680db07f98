package processdriver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/runtime/driver"
)

// record is what is known of a game's engine across restarts of the backend.
type record struct {
	Game       uuid.UUID   `json:"game_id"`
	Instance   uuid.UUID   `json:"instance_id"` // Nil in records that were made before there was one
	Spec       string      `json:"spec"`
	Version    string      `json:"version"`
	Image      string      `json:"image"`
	Generation int64       `json:"generation"`
	PID        int         `json:"pid"`
	Identity   string      `json:"identity"` // of the process; a number alone is used again
	Port       int         `json:"port"`
	StartedAt  time.Time   `json:"started_at"`
	Exit       *exitRecord `json:"exit,omitempty"` // nil while it runs, or when nobody saw it end
}

type exitRecord struct {
	Code        int       `json:"code"`
	At          time.Time `json:"at"`
	WithBackend bool      `json:"parked"` // it ended because the backend did
}

// ownOrUnmarked says whether the engine can be any business of the instance.
func (r record) ownOrUnmarked(instance uuid.UUID) bool {
	return r.Instance == uuid.Nil || r.Instance == instance
}

// alive says whether the recorded process still runs.
func (r record) alive() bool {
	if r.Exit != nil {
		return false
	}
	identity, ok := processIdentity(r.PID)
	return ok && identity == r.Identity
}

func (r record) observed() driver.Observed {
	o := driver.Observed{
		GameID: r.Game, Name: driver.Name(r.Game), Version: r.Version, Image: r.Image, Generation: r.Generation,
		ContainerID: fmt.Sprint(r.PID), StartedAt: r.StartedAt, Phase: driver.PhaseCreated,
	}
	switch {
	case r.alive():
		o.Phase = driver.PhaseRunning
	case r.Exit != nil && !r.Exit.WithBackend:
		o.Phase, o.ExitCode, o.FinishedAt = driver.PhaseExited, r.Exit.Code, r.Exit.At
	}
	return o
}

// records is the folder of them. Files are replaced by renaming, so that a
// reader never sees half of one.
type records struct{ dir string }

func (s records) path(game uuid.UUID, suffix string) string {
	return filepath.Join(s.dir, game.String()+suffix)
}

// read returns the record, if there is one.
func (s records) read(game uuid.UUID) (record, bool, error) {
	body, err := os.ReadFile(s.path(game, ".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return record{}, false, nil
	}
	if err != nil {
		return record{}, false, err
	}
	var r record
	if err := json.Unmarshal(body, &r); err != nil || r.Game != game {
		return record{}, false, fmt.Errorf("the record of game %s cannot be read: %w", game, err)
	}
	return r, true, nil
}

func (s records) write(r record) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	fresh := s.path(r.Game, ".json.new")
	if err := os.WriteFile(fresh, body, 0o600); err != nil {
		return err
	}
	return os.Rename(fresh, s.path(r.Game, ".json"))
}

func (s records) remove(game uuid.UUID) error {
	var errs []error
	for _, suffix := range []string{".json", ".json.new", ".log"} {
		if err := os.Remove(s.path(game, suffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// games lists every game that has a record.
func (s records) games() ([]uuid.UUID, error) {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []uuid.UUID
	for _, e := range entries {
		if text, ok := strings.CutSuffix(e.Name(), ".json"); ok {
			if game, err := uuid.Parse(text); err == nil {
				out = append(out, game)
			}
		}
	}
	return out, nil
}
