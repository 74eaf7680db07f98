package anchor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"
	"google.golang.org/grpc"

	pushv1 "galaxy/backend/proto/push/v1"
)

// Config is the configuration of a server.
type Config struct {
	HTTP, GRPC string // addresses; GRPC may be empty
	DSN        string // of the product's database
	Tables     string // DSN of the database that Prepare made
}

// connections is the product's own default.
const connections = 25

type server struct {
	reads, writes *pgxpool.Pool
	frames        chan *pushv1.PushEvent
	done          chan struct{}
}

// Serve serves until ctx ends or the process gets SIGTERM.
func Serve(ctx context.Context, c Config) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	s := &server{frames: make(chan *pushv1.PushEvent, 1024), done: make(chan struct{})}
	var err error
	if s.reads, err = pool(ctx, c.DSN); err != nil {
		return err
	}
	defer s.reads.Close()
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.GET("/readyz", s.ready)
	if c.Tables != "" {
		if s.writes, err = pool(ctx, c.Tables); err != nil {
			return err
		}
		defer s.writes.Close()
		s.routes(e)
	}
	streams := grpc.NewServer()
	pushv1.RegisterPushServer(streams, streamer{server: s})
	if c.GRPC != "" {
		l, err := net.Listen("tcp", c.GRPC)
		if err != nil {
			return err
		}
		go func() { _ = streams.Serve(l) }() // ended by GracefulStop
	}
	failed := make(chan error, 1)
	go func() { failed <- e.Start(c.HTTP) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = e.Shutdown(limit)
	close(s.done)
	streams.GracefulStop()
	return err
}

func pool(ctx context.Context, dsn string) (*pgxpool.Pool, error) {
	c, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("invalid DSN") // err would quote it
	}
	c.MaxConns = connections
	return pgxpool.NewWithConfig(ctx, c)
}

func (s *server) routes(e *echo.Echo) {
	e.GET("/json", func(c echo.Context) error { return c.JSON(http.StatusOK, sample) })
	e.GET("/row", s.row)
	e.GET("/public", s.public)
	e.GET("/mine", s.mine)
	e.POST("/bare", s.bare)
	e.POST("/insert", s.insert)
	e.GET("/seen", s.seen)
}

func (s *server) ready(c echo.Context) error {
	if err := s.reads.Ping(c.Request().Context()); err != nil {
		return echo.ErrServiceUnavailable
	}
	return c.JSON(http.StatusOK, map[string]string{"status": "ok"})
}

// command is the body of /bare.
type command struct {
	Game    uuid.UUID `json:"game_id"`
	User    uuid.UUID `json:"user_id"`
	Message string    `json:"message"`
}

type accepted struct {
	ID      uuid.UUID `json:"id"`
	Game    uuid.UUID `json:"game_id"`
	User    uuid.UUID `json:"user_id"`
	Message string    `json:"message"`
	At      time.Time `json:"created_at"`
}

// bare is the minimum of a command: lock its game, write it, count it, write an
// event, and send the event once all is committed.
func (s *server) bare(c echo.Context) error {
	var in command
	if err := c.Bind(&in); err != nil {
		return err
	}
	ctx := c.Request().Context()
	out := accepted{ID: uuid.Must(uuid.NewV7()), Game: in.Game, User: in.User, Message: in.Message, At: time.Now().UTC()}
	batch := &pgx.Batch{}
	batch.Queue("BEGIN")
	batch.Queue("SELECT made FROM games WHERE game_id = $1 FOR UPDATE", in.Game)
	batch.Queue("INSERT INTO commands (command_id, game_id, user_id, message, created_at) VALUES ($1, $2, $3, $4, $5)",
		out.ID, out.Game, out.User, out.Message, out.At)
	batch.Queue("UPDATE games SET made = made + 1 WHERE game_id = $1", in.Game)
	batch.Queue("INSERT INTO events (event_id, user_id, kind, payload, created_at) VALUES ($1, $2, $3, $4, $5)",
		out.ID, out.User, "command", map[string]string{"game_id": in.Game.String(), "message": in.Message}, out.At)
	batch.Queue("COMMIT")
	if err := s.writes.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("write the command: %w", err)
	}
	s.frames <- &pushv1.PushEvent{Cursor: out.ID.String(), Kind: &pushv1.PushEvent_ClientEvent{ClientEvent: &pushv1.ClientEvent{
		UserId: out.User.String(), Kind: "command", Payload: []byte(in.Message), EventId: out.ID.String()}}}
	return c.JSON(http.StatusCreated, out)
}

type streamer struct {
	pushv1.UnimplementedPushServer
	*server
}

// SubscribePush sends every frame to the only subscriber.
func (s streamer) SubscribePush(_ *pushv1.GatewaySubscribeRequest, stream pushv1.Push_SubscribePushServer) error {
	for {
		select {
		case frame := <-s.frames:
			if err := stream.Send(frame); err != nil {
				return err
			}
		case <-s.done:
			for len(s.frames) > 0 {
				if err := stream.Send(<-s.frames); err != nil {
					return err
				}
			}
			return nil
		case <-stream.Context().Done():
			return nil
		}
	}
}
