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

// A checksummed document is {"sha256":"<hash>","body":<document>} and a line end;
// the hash is that of the exact bytes of the document.
const (
	checksumHead = `{"sha256":"`
	checksumBody = `","body":`
	checksumTail = "}\n"
)

// encodeChecksummed encodes v and its hash.
func encodeChecksummed(v any) (data []byte, hash string, err error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(body)
	hash = hex.EncodeToString(sum[:])
	data = make([]byte, 0, len(body)+len(hash)+32)
	data = append(data, checksumHead+hash+checksumBody...)
	data = append(data, body...)
	return append(data, checksumTail...), hash, nil
}

// decodeChecksummed verifies the hash and decodes into v.
func decodeChecksummed(data []byte, v any) (hash string, err error) {
	rest, head := bytes.CutPrefix(data, []byte(checksumHead))
	want, body, middle := bytes.Cut(rest, []byte(checksumBody))
	body, tail := bytes.CutSuffix(body, []byte(checksumTail))
	if !head || !middle || !tail {
		return "", errors.New("is not a checksummed document")
	}
	sum := sha256.Sum256(body)
	if hash = hex.EncodeToString(sum[:]); hash != string(want) {
		return "", fmt.Errorf("checksum is %.16s…, should be %.16s…", hash, want)
	}
	return hash, json.Unmarshal(body, v)
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
