package notification

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	flatbuffers "github.com/google/flatbuffers/go"
)

// encodeUntyped is encode for a payload that is a map.
func (in Intent) encodeUntyped() (stored json.RawMessage, packed []byte, problem string) {
	stored, problem = encodeStored(in.Payload)
	if problem == "" {
		problem = in.checkAddress()
	}
	entry := catalog[in.Kind]
	for _, key := range entry.required {
		if v, ok := in.Payload[key]; problem == "" && (!ok || v == nil || v == "") {
			problem = "the payload lacks " + key
		}
	}
	if problem != "" || entry.pack == nil {
		return stored, nil, problem
	}
	packed, err := entry.pack(in.Payload)
	if err != nil {
		return stored, nil, err.Error()
	}
	return stored, packed, ""
}

// packer turns a payload into the FlatBuffers table of its kind.
type packer func(payload map[string]any) ([]byte, error)

// packable is a table's object form, as flatc generates it.
type packable[T any] interface {
	*T
	Pack(*flatbuffers.Builder) flatbuffers.UOffsetT
}

// packAs fills the object form by the names of its fields, which are the
// payload's keys. Times become milliseconds.
func packAs[T any, P packable[T]](payload map[string]any) ([]byte, error) {
	fields, err := json.Marshal(wire(payload))
	if err != nil {
		return nil, fmt.Errorf("encode payload: %w", err)
	}
	var table P = new(T)
	if err := json.Unmarshal(fields, table); err != nil {
		return nil, fmt.Errorf("payload does not fit its table: %w", err)
	}
	b := flatbuffers.NewBuilder(256)
	b.Finish(table.Pack(b))
	return b.FinishedBytes(), nil
}

// wire renames what the tables spell in another way: expires_at is
// expires_at_ms, deadline deadline_at_ms, subject and text of a broadcast title
// and body.
func wire(payload map[string]any) map[string]any {
	out := make(map[string]any, len(payload))
	for k, v := range payload {
		t, isTime := asTime(k, v)
		switch {
		case isTime && strings.HasSuffix(k, "_at"):
			out[k+"_ms"] = t.UnixMilli()
		case isTime:
			out[k+"_at_ms"] = t.UnixMilli()
		case k == "subject":
			out["title"] = v
		case k == "text":
			out["body"] = v
		default:
			out[k] = v
		}
	}
	return out
}

// asTime reads a time, or one that went through JSON.
func asTime(key string, v any) (time.Time, bool) {
	switch v := v.(type) {
	case time.Time:
		return v, true
	case *time.Time:
		if v != nil {
			return *v, true
		}
	case string:
		if strings.HasSuffix(key, "_at") || key == "deadline" {
			t, err := time.Parse(time.RFC3339Nano, v)
			return t, err == nil
		}
	}
	return time.Time{}, false
}
