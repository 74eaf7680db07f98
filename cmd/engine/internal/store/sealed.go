package store

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// sealed is a document with the checksum of its exact bytes.
type sealed struct {
	SHA256 string          `json:"sha256"`
	Body   json.RawMessage `json:"body"`
}

// seal encodes v and its hash.
func seal(v any) (data []byte, hash string, err error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(body)
	hash = hex.EncodeToString(sum[:])
	data = make([]byte, 0, len(body)+len(hash)+32)
	data = append(data, `{"sha256":"`+hash+`","body":`...)
	data = append(data, body...)
	return append(data, '}', '\n'), hash, nil
}

// unseal checks the hash and decodes into v.
func unseal(data []byte, v any) (hash string, err error) {
	var s sealed
	if err := json.Unmarshal(data, &s); err != nil {
		return "", err
	}
	sum := sha256.Sum256(s.Body)
	if hash = hex.EncodeToString(sum[:]); hash != s.SHA256 {
		return "", fmt.Errorf("checksum is %.16s…, should be %.16s…", hash, s.SHA256)
	}
	return hash, json.Unmarshal(s.Body, v)
}

func compress(data []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(data)
	err = errors.Join(err, w.Close())
	return out.Bytes(), err
}

// maxSnapshot bounds what a compressed file may grow to when it is read.
const maxSnapshot = 1 << 30

func decompress(data []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(r, maxSnapshot))
	return out, errors.Join(err, r.Close())
}
