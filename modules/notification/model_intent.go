package notification

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"

	"github.com/google/uuid"
)

// Intent is what a domain wants people to know.
type Intent struct {
	// Key makes the intent idempotent together with the payload's kind.
	Key string
	// Fresh says that Key was made just now, from a new id: it cannot be
	// taken, so nothing has to be read.
	Fresh bool
	// Recipients are users, each told once; empty for the operators' kinds.
	Recipients []uuid.UUID
	Payload    Payload
}

// Kind is the payload's, or empty without one.
func (in Intent) Kind() Kind {
	if in.Payload == nil {
		return ""
	}
	return in.Payload.Kind()
}

// Validate says why Submit would keep the intent as malformed.
func (in Intent) Validate() error {
	if _, _, problem := in.encode(); problem != "" {
		return errors.New(problem)
	}
	return nil
}

// encode makes the stored and the pushed form of the payload, or says why the
// intent is malformed.
func (in Intent) encode() (stored json.RawMessage, packed []byte, problem string) {
	stored, problem = encodeStored(in.Payload)
	if problem == "" {
		problem = in.problem()
	}
	p, ok := in.Payload.(pushed)
	if problem != "" || !ok {
		return stored, nil, problem
	}
	return stored, pack(p.table()), ""
}

// problem says what is wrong with the intent, or nothing.
func (in Intent) problem() string {
	if problem := in.checkAddress(); problem != "" {
		return problem
	}
	for _, f := range in.Payload.required() {
		if f.empty {
			return "the payload lacks " + f.name
		}
	}
	return ""
}

// checkAddress is problem, but for what is in the payload.
func (in Intent) checkAddress() string {
	entry, known := catalog[in.Kind()]
	switch {
	case in.Payload == nil:
		return "it has no payload"
	case !known:
		return "the kind is not in the catalogue"
	case in.Key == "":
		return "it has no idempotency key"
	case entry.operator && len(in.Recipients) > 0:
		return "an operators' kind has no recipients"
	case slices.Contains(in.Recipients, uuid.Nil):
		return "a recipient is nobody"
	}
	return ""
}

// encodeStored makes the payload what jsonb takes, or says why it cannot be.
func encodeStored(payload any) (encoded json.RawMessage, problem string) {
	encoded, err := json.Marshal(payload)
	if err != nil {
		return json.RawMessage(`{}`), "the payload cannot be encoded: " + err.Error()
	}
	if encoded, clean := replaceNUL(encoded); !clean {
		return encoded, "the payload holds U+0000"
	}
	return encoded, ""
}

// replaceNUL replaces \u0000 in JSON, which jsonb refuses. A backslash begins an
// escape wherever it stands.
func replaceNUL(encoded []byte) (out []byte, clean bool) {
	nul := []byte(`\u0000`)
	if !bytes.Contains(encoded, nul) {
		return encoded, true
	}
	out, clean = slices.Clone(encoded), true
	for i := 0; i < len(out)-1; i++ {
		if out[i] != '\\' {
			continue
		}
		if bytes.HasPrefix(out[i:], nul) {
			copy(out[i:], `\ufffd`)
			clean = false
		}
		i++
	}
	return out, clean
}
