package anchor

import (
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
)

// signIn is the body of /insert: the same as for the product's confirmation.
type signIn struct {
	Challenge uuid.UUID `json:"challenge_id"`
	Code      string    `json:"code"`
	Key       []byte    `json:"client_public_key"`
	Zone      string    `json:"time_zone"`
	Language  string    `json:"language"`
}

type signedIn struct {
	Session uuid.UUID `json:"device_session_id"`
	User    uuid.UUID `json:"user_id"`
}

const insertSignIn = `INSERT INTO sign_ins (session_id, user_id, challenge_id, public_key, time_zone, language, created_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7)`

func (s *server) insert(c echo.Context) error {
	var in signIn
	if err := c.Bind(&in); err != nil {
		return err
	}
	out := signedIn{Session: uuid.Must(uuid.NewV7()), User: uuid.Must(uuid.NewV7())}
	if _, err := s.writes.Exec(c.Request().Context(), insertSignIn, out.Session, out.User, in.Challenge, in.Key, in.Zone, in.Language,
		time.Now().UTC()); err != nil {
		return fmt.Errorf("write the sign-in: %w", err)
	}
	return c.JSON(http.StatusOK, out)
}

const countSeen = `INSERT INTO counters (user_id, country, count) VALUES ($1, $2, 1)
	ON CONFLICT (user_id, country) DO UPDATE SET count = counters.count + 1`

// seen counts a request with one upsert.
func (s *server) seen(c echo.Context) error {
	id, err := uuid.Parse(c.Request().Header.Get("X-User-ID"))
	if err != nil {
		return echo.ErrBadRequest
	}
	if _, err := s.writes.Exec(c.Request().Context(), countSeen, id, "NL"); err != nil {
		return fmt.Errorf("count the request: %w", err)
	}
	return c.JSON(http.StatusOK, sample)
}
