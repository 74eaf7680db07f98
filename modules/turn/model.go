package turn

import (
	"galaxy/backend/modules/turn/internal/ledger"
	"galaxy/backend/modules/turn/pace"
)

// What the rules are about.
type (
	// Clock is where a game is in time.
	Clock = pace.Clock
	// Receipt is what a race's player did in a turn.
	Receipt = pace.Receipt
	// Run is a row of the ledger.
	Run = ledger.Run

	result = ledger.Result
)

// Run kinds, causes and states.
const (
	KindTurn   = ledger.KindTurn
	KindBanish = ledger.KindBanish

	CauseDue      = ledger.CauseDue
	CauseReady    = ledger.CauseReady
	CauseManual   = ledger.CauseManual
	CauseRetry    = ledger.CauseRetry
	CauseOperator = ledger.CauseOperator
	CauseBlocked  = ledger.CauseBlocked

	RunQueued  = ledger.RunQueued
	RunRunning = ledger.RunRunning
	RunDone    = ledger.RunDone
	RunFailed  = ledger.RunFailed
)
