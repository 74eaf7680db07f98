package enginev1

import "encoding/json"

// Command types.
const (
	CommandRelation = "relation.set"
	CommandMessage  = "message.send"
	CommandVote     = "vote.set" // reserved
	CommandQuit     = "race.quit"
)

// Everybody addresses all other races in relation.set and message.send.
const Everybody = "*"

// CommandRequest requests one action at once. CommandID makes it idempotent.
// Command is raw JSON so that a host can forward it without decoding; SetRelation,
// SendMessage and QuitGame construct commands.
type CommandRequest struct {
	RaceName  string          `json:"race_name"`
	Turn      int             `json:"turn"`
	CommandID string          `json:"command_id"`
	Command   json.RawMessage `json:"command"`
}

// CommandStatus reports whether a command changed anything.
type CommandStatus string

// Command outcomes.
const (
	CommandApplied   CommandStatus = "applied"
	CommandUnchanged CommandStatus = "unchanged"
)

// CommandResponse confirms that a command is executed and durable.
type CommandResponse struct {
	RaceName  string        `json:"race_name"`
	Turn      int           `json:"turn"`
	CommandID string        `json:"command_id"`
	Status    CommandStatus `json:"status"`
	Replayed  bool          `json:"replayed"`
}

// Command is any of the command types; Type determines which fields are used.
type Command struct {
	Type      string   `json:"type"`
	Race      string   `json:"race,omitempty"`     // relation.set, vote.set
	Relation  Relation `json:"relation,omitempty"` // relation.set
	To        []string `json:"to,omitempty"`       // message.send
	Text      string   `json:"text,omitempty"`
	Anonymous bool     `json:"anonymous,omitempty"`
	Confirm   string   `json:"confirm,omitempty"` // race.quit: the own race name
	Cancel    bool     `json:"cancel,omitempty"`
}

// Raw encodes c for a CommandRequest.
func (c Command) Raw() json.RawMessage {
	raw, err := json.Marshal(c)
	if err != nil { // strings and booleans always encode
		panic(err)
	}
	return raw
}

// SetRelation declares war on, or peace with, a race or Everybody.
func SetRelation(race string, r Relation) Command {
	return Command{Type: CommandRelation, Race: race, Relation: r}
}

// SendMessage writes to races, or to Everybody.
func SendMessage(text string, to ...string) Command {
	return Command{Type: CommandMessage, To: to, Text: text}
}

// QuitGame starts the countdown after which race leaves the game.
func QuitGame(race string) Command { return Command{Type: CommandQuit, Confirm: race} }
