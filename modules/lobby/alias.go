package lobby

import "galaxy/backend/modules/lobby/internal/games"

// What the lobby says of games. The package that they live in is its own: it
// knows nothing of how one gets into a game.
type (
	Game           = games.Game
	Seat           = games.Seat
	State          = games.State
	Verb           = games.Verb
	MapOptions     = games.MapOptions
	NewGame        = games.NewGame
	Patch          = games.Patch
	Filter         = games.Filter
	Actor          = games.Actor
	RaceStats      = games.RaceStats
	TurnRecord     = games.TurnRecord
	BlockedRace    = games.BlockedRace
	Event          = games.Event
	Observer       = games.Observer
	Expectation    = games.Expectation
	Expect         = games.Expect
	Hooks          = games.Hooks
	Ledger         = games.Ledger
	Users          = games.Users
	Notifier       = games.Notifier
	Launcher       = games.Launcher
	EngineVersions = games.EngineVersions
	Config         = games.Config
	CacheConfig    = games.CacheConfig
)

// The states of a game, and what moves it from one to another.
const (
	Draft          = games.Draft
	EnrollmentOpen = games.EnrollmentOpen
	ReadyToStart   = games.ReadyToStart
	Starting       = games.Starting
	StartFailed    = games.StartFailed
	Running        = games.Running
	Paused         = games.Paused
	Finished       = games.Finished
	Cancelled      = games.Cancelled

	Open       = games.Open
	Close      = games.Close
	Start      = games.Start
	Retry      = games.Retry
	Pause      = games.Pause
	Resume     = games.Resume
	Cancel     = games.Cancel
	ForceStart = games.ForceStart
	ForceStop  = games.ForceStop
)

// Why a game is paused.
const (
	ByUser           = games.ByUser
	ByOperator       = games.ByOperator
	GenerationFailed = games.GenerationFailed
	EngineCrashed    = games.EngineCrashed
	AllMissed        = games.AllMissed
	Restored         = games.Restored
	StateMismatch    = games.StateMismatch
)

// Who may find a game and how one gets in; what a membership can be; why a race
// is to be banished.
const (
	Public            = games.Public
	Private           = games.Private
	PolicyAuto        = games.PolicyAuto
	PolicyApplication = games.PolicyApplication
	PolicyInvite      = games.PolicyInvite

	Active  = games.Active
	Removed = games.Removed
	Blocked = games.Blocked

	CauseBlocked = games.CauseBlocked
	CauseDeleted = games.CauseDeleted
)

// What observers hear of.
const (
	EventStarted     = games.EventStarted
	EventPaused      = games.EventPaused
	EventResumed     = games.EventResumed
	EventFinished    = games.EventFinished
	EventCancelled   = games.EventCancelled
	EventSettings    = games.EventSettings
	EventRaceBlocked = games.EventRaceBlocked
	EventSeatLeft    = games.EventSeatLeft
	EventSeatTaken   = games.EventSeatTaken
)

// The faults of games.
var (
	ErrNotFound  = games.ErrNotFound
	ErrNotMember = games.ErrNotMember
	ErrNotOwner  = games.ErrNotOwner
	ErrState     = games.ErrState
	ErrReplay    = games.ErrReplay
)
