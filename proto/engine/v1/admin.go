package enginev1

import (
	"encoding/json"
	"time"
)

// Health answers GET /healthz.
type Health struct {
	Status        HealthStatus `json:"status"`
	EngineVersion string       `json:"engine_version"`
	// Reason is an error code when Status is not ok.
	Reason ErrorCode `json:"reason,omitempty"`
}

// HealthStatus reports whether the process can serve.
type HealthStatus string

// Health states.
const (
	HealthOK           HealthStatus = "ok"
	HealthFailed       HealthStatus = "failed"
	HealthShuttingDown HealthStatus = "shutting_down"
)

// InitRequest creates the game. A missing seed is chosen by the engine; other
// missing values get the defaults of the contract.
type InitRequest struct {
	ContractVersion int          `json:"contract_version"`
	GameID          string       `json:"game_id"`
	Seed            string       `json:"seed,omitempty"` // decimal uint64
	Map             *MapRequest  `json:"map,omitempty"`
	Races           []InitRace   `json:"races"`
	Options         *InitOptions `json:"options,omitempty"`
}

// MapRequest describes the galaxy to be generated.
type MapRequest struct {
	Topology string `json:"topology,omitempty"`
	// Size is the side of the square torus in light years; 0 lets the engine choose.
	Size           float64 `json:"size,omitempty"`
	PlanetsPerRace *int    `json:"planets_per_race,omitempty"`
}

// InitRace is one race of the game. UserID is opaque and echoed in the status only.
type InitRace struct {
	UserID   string `json:"user_id"`
	UserName string `json:"user_name,omitempty"`
	RaceName string `json:"race_name"`
}

// InitOptions are the rules of the game that its host may choose.
type InitOptions struct {
	Ruleset         string    `json:"ruleset,omitempty"`
	HomeWorlds      []float64 `json:"home_worlds,omitempty"`
	MaxTurns        int       `json:"max_turns,omitempty"`
	IdleTurnLimit   *int      `json:"idle_turn_limit,omitempty"` // 0: count only
	VoteShare       *float64  `json:"vote_share,omitempty"`
	LastRaceWins    *bool     `json:"last_race_wins,omitempty"`
	BattleLog       string    `json:"battle_log,omitempty"`
	BattleShotLimit *int      `json:"battle_shot_limit,omitempty"`
}

// Tech holds the four technology levels.
type Tech struct {
	Drive   float64 `json:"drive"`
	Weapons float64 `json:"weapons"`
	Shields float64 `json:"shields"`
	Cargo   float64 `json:"cargo"`
}

// MapInfo describes the galaxy that was generated.
type MapInfo struct {
	Topology string  `json:"topology"`
	Size     float64 `json:"size"`
	Planets  int     `json:"planets"`
	Races    int     `json:"races,omitempty"`
}

// Status is the host's view of the game. Before init only ContractVersion,
// EngineVersion and State are sent.
type Status struct {
	ContractVersion int     `json:"contract_version"`
	EngineVersion   string  `json:"engine_version"`
	Ruleset         string  `json:"ruleset,omitempty"`
	GameID          *string `json:"game_id"`
	State           State   `json:"state"`
	// Turn is nil before init, and in state failed when no turn can be trusted.
	Turn          *int       `json:"turn"`
	TurnCreatedAt *time.Time `json:"turn_created_at,omitempty"`
	Generating    bool       `json:"generating"`
	Finished      bool       `json:"finished"`
	Result        *Result    `json:"result"`
	// Seed is only sent in the answer to init.
	Seed      string       `json:"seed,omitempty"`
	Map       *MapInfo     `json:"map,omitempty"`
	StateHash string       `json:"state_hash,omitempty"`
	Races     []RaceStatus `json:"races"`
}

// At returns the turn, or -1 when there is none.
func (s Status) At() int {
	if s.Turn == nil {
		return -1
	}
	return *s.Turn
}

// MarshalJSON leaves out everything about the game when there is none yet.
func (s Status) MarshalJSON() ([]byte, error) {
	if s.State == StateUninitialized {
		return json.Marshal(struct {
			ContractVersion int    `json:"contract_version"`
			EngineVersion   string `json:"engine_version"`
			State           State  `json:"state"`
		}{s.ContractVersion, s.EngineVersion, s.State})
	}
	type plain Status
	if s.Races == nil {
		s.Races = []RaceStatus{}
	}
	return json.Marshal(plain(s))
}

// RaceStatus is what the host may know of a race.
type RaceStatus struct {
	RaceName       string    `json:"race_name"`
	UserID         string    `json:"user_id"`
	State          RaceState `json:"state"`
	Planets        int       `json:"planets"`
	Population     float64   `json:"population"`
	Industry       float64   `json:"industry"`
	Ships          int       `json:"ships"`
	ShipMass       float64   `json:"ship_mass"`
	Votes          float64   `json:"votes"`
	IdleTurns      int       `json:"idle_turns"`
	HasOrders      bool      `json:"has_orders"`
	Tech           Tech      `json:"tech"`
	EliminatedTurn *int      `json:"eliminated_turn"`
}

// Result is the outcome of a finished game.
type Result struct {
	Reason  string      `json:"reason"`
	Winners []string    `json:"winners"`
	Ranking []RankEntry `json:"ranking"`
}

// RankEntry is a race's place; equal races share one.
type RankEntry struct {
	Place   int       `json:"place"`
	Race    string    `json:"race"`
	State   RaceState `json:"state"`
	Votes   float64   `json:"votes"`
	Planets int       `json:"planets"`
}

// TurnRequest names the turn that must exist when the engine answers.
type TurnRequest struct {
	Turn int `json:"turn"`
}

// TurnResponse answers a turn request; a repeat gets the same events and status.
type TurnResponse struct {
	Turn       int     `json:"turn"`
	Replayed   bool    `json:"replayed"`
	DurationMS int64   `json:"duration_ms"`
	Events     []Event `json:"events"`
	Status     Status  `json:"status"`
}

// Event is something that happened in a turn.
type Event struct {
	Type   EventType `json:"type"`
	Turn   int       `json:"turn"`
	Race   string    `json:"race,omitempty"`
	By     []string  `json:"by,omitempty"`
	Planet int       `json:"planet,omitempty"`
	Reason string    `json:"reason,omitempty"`
}

// BanishRequest removes a race from the game at once.
type BanishRequest struct {
	RaceName string `json:"race_name"`
	Reason   string `json:"reason,omitempty"`
}

// BanishResponse is the race's state afterwards. Replayed means that this call
// changed nothing.
type BanishResponse struct {
	RaceName        string    `json:"race_name"`
	State           RaceState `json:"state"`
	Turn            int       `json:"turn"`
	Replayed        bool      `json:"replayed"`
	PlanetsReleased int       `json:"planets_released"`
	ShipsRemoved    int       `json:"ships_removed"`
}
