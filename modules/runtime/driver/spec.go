package driver

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// Port is the one that every engine listens on under its name.
const Port = 8080

const namePrefix = "galaxy-game-"

// Spec is an engine that should run.
type Spec struct {
	GameID     uuid.UUID
	Version    string
	Image      string
	Generation int64  // a restart is a new generation
	StateDir   string // absolute, of StateDirs
	StateMount string // where the engine sees it
	User       string // "uid:gid" that the directory belongs to, of StateDirs
	Env        map[string]string
	CPU        float64
	Memory     int64 // bytes
	Pids       int64
	LogDriver  string
	LogOpts    map[string]string
}

// Name is the engine's host name and its container's name.
func (s Spec) Name() string { return Name(s.GameID) }

// Name is the host name of a game's engine.
func Name(game uuid.UUID) string { return namePrefix + game.String() }

// GameOf is the game that a name belongs to. Only the canonical form of an
// identifier counts: uuid.Parse reads several.
func GameOf(name string) (uuid.UUID, bool) {
	text, ok := strings.CutPrefix(name, namePrefix)
	game, err := uuid.Parse(text)
	if !ok || err != nil || game == uuid.Nil || game.String() != text {
		return uuid.Nil, false
	}
	return game, true
}

// Validate refuses what no driver could run.
func (s Spec) Validate() error {
	switch {
	case s.GameID == uuid.Nil:
		return fmt.Errorf("%w: no game", ErrConfigInvalid)
	case s.Image == "":
		return fmt.Errorf("%w: no image", ErrConfigInvalid)
	case !filepath.IsAbs(s.StateDir) || filepath.Base(s.StateDir) != s.GameID.String():
		return fmt.Errorf("%w: the state directory is not the game's", ErrConfigInvalid)
	case !filepath.IsAbs(s.StateMount):
		return fmt.Errorf("%w: the state mount is not absolute", ErrConfigInvalid)
	case s.CPU <= 0 || s.Memory <= 0 || s.Pids <= 0:
		return fmt.Errorf("%w: a limit is not positive", ErrConfigInvalid)
	}
	return nil
}

// Hash names everything that the Spec asks for: an engine of an equal hash is
// the one that is wanted.
func (s Spec) Hash() string {
	body, err := json.Marshal(s) // maps are written in key order
	if err != nil {
		panic(err) // strings and numbers
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16])
}

// Environment is what the engine gets and nothing else: above all none of the
// backend's own variables. listen and dir are as the engine sees them.
func (s Spec) Environment(listen, dir string) []string {
	env := map[string]string{
		"ENGINE_LISTEN_ADDR": listen,
		"ENGINE_STATE_DIR":   dir,
		"ENGINE_GAME_ID":     s.GameID.String(),
		"GOMEMLIMIT":         strconv.FormatInt(s.Memory/10*8, 10),
	}
	maps.Copy(env, s.Env)
	out := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		out = append(out, name+"="+env[name])
	}
	return out
}
