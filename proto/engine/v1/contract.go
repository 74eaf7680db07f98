package enginev1

import "slices"

// ContractVersion is the major version of the contract.
const ContractVersion = 1

// Ruleset is the only ruleset of contract version 1.
const Ruleset = "plus-1"

// Values of InitOptions.BattleLog: totals per group only, or single shots too.
const (
	BattleLogSummary = "summary"
	BattleLogShots   = "shots"
)

// Response headers that every engine sends; game id and turn only once known.
const (
	HeaderContract      = "X-Galaxy-Contract"
	HeaderEngineVersion = "X-Galaxy-Engine-Version"
	HeaderGameID        = "X-Galaxy-Game-Id"
	HeaderTurn          = "X-Galaxy-Turn"
	// HeaderRequestID is accepted from the host and logged.
	HeaderRequestID = "X-Request-Id"
)

// Paths of the eight operations.
const (
	PathHealthz = "/healthz"
	PathInit    = "/api/v1/admin/init"
	PathStatus  = "/api/v1/admin/status"
	PathTurn    = "/api/v1/admin/turn"
	PathBanish  = "/api/v1/admin/race/banish"
	PathCommand = "/api/v1/command"
	PathOrder   = "/api/v1/order"
	PathReport  = "/api/v1/report"
)

// Limits of the contract: bytes of a request body, entries of an order list,
// characters of a race name, of a planet or ship type name, of a message.
const (
	MaxInitBody     = 256 << 10
	MaxOrderBody    = 1 << 20
	MaxBody         = 64 << 10
	MaxOrders       = 2000
	MaxRaceName     = 30
	MaxName         = 20
	MaxMessage      = 4000
	MaxRaces        = 100
	MaxUserName     = 64
	MaxBanishReason = 200
)

// State is the life cycle of a game in its engine.
type State string

// States of a game. Failed means that the state directory cannot be trusted:
// healthy turns can still be read, nothing is written.
const (
	StateUninitialized State = "uninitialized"
	StateRunning       State = "running"
	StateFinished      State = "finished"
	StateFailed        State = "failed"
)

// RaceState is the state of a race.
type RaceState string

// States of a race; only active and quitting races are in play.
const (
	RaceActive      RaceState = "active"
	RaceQuitting    RaceState = "quitting"
	RaceEliminated  RaceState = "eliminated"
	RaceQuit        RaceState = "quit"
	RaceIdleRemoved RaceState = "idle_removed"
	RaceBanished    RaceState = "banished"
)

// InPlay reports whether a race in this state still takes part.
func (s RaceState) InPlay() bool { return s == RaceActive || s == RaceQuitting }

// Reasons of a finished game (Result.Reason).
const (
	ResultVoteMajority = "vote_majority"
	ResultLastRace     = "last_race"
	ResultTurnLimit    = "turn_limit"
	ResultNoSurvivors  = "no_survivors"
)

// EventType is the type of an Event.
type EventType string

// Event types.
const (
	EventRaceEliminated  EventType = "race_eliminated"
	EventRaceBanished    EventType = "race_banished"
	EventRaceQuit        EventType = "race_quit"
	EventRaceIdleWarning EventType = "race_idle_warning"
	EventRaceIdleRemoved EventType = "race_idle_removed"
	EventPlanetColonised EventType = "planet_colonised"
	EventPlanetWiped     EventType = "planet_wiped"
	EventBattle          EventType = "battle"
	EventGameFinished    EventType = "game_finished"
)

// Cargo is what a ship carries, or what a route transports.
type Cargo string

// Cargo kinds. Empty is a route for ships without cargo.
const (
	Colonists Cargo = "COL"
	Capital   Cargo = "CAP"
	Materials Cargo = "MAT"
	Empty     Cargo = "EMP"
)

// Cargos lists the cargo kinds in the order in which routes are served.
func Cargos() []Cargo { return []Cargo{Colonists, Capital, Materials, Empty} }

// Load reports whether ships can carry c.
func (c Cargo) Load() bool { return slices.Contains([]Cargo{Colonists, Capital, Materials}, c) }

// Relation is the relation of one race to another; it is one-sided.
type Relation string

// Relations. Self appears in reports only.
const (
	War   Relation = "war"
	Peace Relation = "peace"
	Self  Relation = "self"
)
