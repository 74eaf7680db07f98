package turn

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/lobby"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Service is what players and operators ask of turns.
type Service struct {
	db      *pg.DB
	clock   clock.Clock
	store   store
	games   Games
	seating Seating
	table   Table
	audit   admin.Auditor
	signal  *worker.Signal // the runner's
}

// NewService makes the service. It wakes the runner by its signal.
func NewService(db *pg.DB, clk clock.Clock, games Games, seating Seating, table Table, audit admin.Auditor,
	signal *worker.Signal,
) *Service {
	return &Service{db: db, clock: clk, games: games, seating: seating, table: table, audit: audit, signal: signal}
}

// member returns the game and the seat of somebody who plays in it. Strangers
// learn nothing of the game; whoever lost the seat may not look through it.
func (s *Service) member(ctx context.Context, game, user uuid.UUID) (lobby.Game, lobby.Seat, error) {
	seat, err := s.seating.Seat(ctx, game, user)
	if err != nil {
		return lobby.Game{}, lobby.Seat{}, err
	}
	if seat.Status != lobby.Active {
		return lobby.Game{}, lobby.Seat{}, ErrNotPlaying
	}
	g, err := s.seating.Game(ctx, game)
	if err != nil {
		return lobby.Game{}, lobby.Seat{}, err
	}
	if g.StartedAt == nil {
		return lobby.Game{}, lobby.Seat{}, wrongState(g)
	}
	return g, seat, nil
}

// player is member in a game that takes moves.
func (s *Service) player(ctx context.Context, game, user uuid.UUID) (lobby.Game, lobby.Seat, error) {
	g, seat, err := s.member(ctx, game, user)
	if err == nil && g.State != running {
		err = wrongState(g)
	}
	return g, seat, err
}

func wrongState(g lobby.Game) error {
	return ErrState.With("state", g.State).With("wanted", running)
}

// PutOrders replaces the order list of the user's race for the coming turn. The
// engine decides; what it has accepted gets a submission.
func (s *Service) PutOrders(ctx context.Context, game, user uuid.UUID, req enginev1.OrderRequest) (enginev1.OrderResponse, error) {
	_, seat, err := s.player(ctx, game, user)
	if err != nil {
		return enginev1.OrderResponse{}, err
	}
	req.RaceName = seat.RaceName
	res, err := s.table.Order(ctx, game, req)
	if err != nil || !res.Stored {
		return res, err
	}
	return res, s.note(ctx, seat, func(tx *pg.Tx) {
		s.store.recordOrders(tx, game, res.Turn, seat.RaceName, user, s.clock.Now(), len(req.Orders), res.OrderHash)
	})
}

// Command has one action executed at once. key makes a repeat harmless; a
// missing one is made up.
func (s *Service) Command(ctx context.Context, game, user uuid.UUID, turn int, key string, command json.RawMessage) (enginev1.CommandResponse, error) {
	_, seat, err := s.player(ctx, game, user)
	if err != nil {
		return enginev1.CommandResponse{}, err
	}
	id, err := commandID(seat, key)
	if err != nil {
		return enginev1.CommandResponse{}, err
	}
	res, err := s.table.Command(ctx, game, enginev1.CommandRequest{RaceName: seat.RaceName, Turn: turn, CommandID: id.String(), Command: command})
	if err != nil || res.Replayed {
		return res, err
	}
	return res, s.note(ctx, seat, func(tx *pg.Tx) { s.store.recordCommand(tx, game, res.Turn, seat.RaceName, user) })
}

// commandID keeps a key that is a UUID, and derives one from any other: keys of
// two races never meet in the engine.
func commandID(seat lobby.Seat, key string) (uuid.UUID, error) {
	if key == "" {
		return uuid.NewV7()
	}
	if id, err := uuid.Parse(key); err == nil && len(key) == 36 {
		return id, nil
	}
	return uuid.NewSHA1(seat.GameID, []byte(seat.RaceName+"\x00"+key)), nil
}

// note writes a submission. Whoever sends something takes a seat back that had been
// vacated.
func (s *Service) note(ctx context.Context, seat lobby.Seat, write func(tx *pg.Tx)) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		if seat.Vacant {
			if _, err := s.games.LockGame(ctx, tx, seat.GameID); err != nil {
				return err
			}
			s.games.SetVacant(tx, seat.GameID, seat.RaceName, false)
		}
		write(tx)
		return nil
	})
}

// OrderList is what a race has ordered for the coming turn.
type OrderList struct {
	RaceName string
	Turn     int
	Orders   []enginev1.Order
	Results  []enginev1.OrderResult
}

// Orders reads the order list of the user's race back from the engine.
func (s *Service) Orders(ctx context.Context, game, user uuid.UUID) (OrderList, error) {
	_, seat, err := s.member(ctx, game, user)
	if err != nil {
		return OrderList{}, err
	}
	raw, err := s.table.Report(ctx, game, engine.ReportQuery{Race: seat.RaceName})
	if err != nil {
		return OrderList{}, err
	}
	var report enginev1.Report
	if err := json.Unmarshal(raw.Body, &report); err != nil {
		return OrderList{}, engine.ErrBadResponse.Because(fmt.Errorf("read the report: %w", err))
	}
	list := OrderList{RaceName: seat.RaceName, Turn: report.Turn, Orders: []enginev1.Order{}, Results: []enginev1.OrderResult{}}
	if p := report.Pending; p != nil {
		list.Orders, list.Results = append(list.Orders, p.Orders...), append(list.Results, p.Results...)
	}
	return list, nil
}

// Report reads the report of the user's race. A nil turn is the latest; accept
// is engine.JSONReport or engine.TextReport.
func (s *Service) Report(ctx context.Context, game, user uuid.UUID, turn *int, accept, match string) (engine.Report, error) {
	_, seat, err := s.member(ctx, game, user)
	if err != nil {
		return engine.Report{}, err
	}
	return s.table.Report(ctx, game, engine.ReportQuery{Race: seat.RaceName, Turn: turn, Accept: accept, IfNoneMatch: match})
}
