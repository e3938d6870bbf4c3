package public

import (
	"cmp"
	"crypto/aes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// Position is the place of one event in the log.
type Position struct {
	Seq           uint64
	Commit, Event uint32
}

// Compare orders positions as the log does.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Seq, q.Seq), cmp.Compare(p.Commit, q.Commit), cmp.Compare(p.Event, q.Event))
}

// PositionSize is the length of a position's bytes.
const PositionSize = 16

// Bytes has positions in their order.
func (p Position) Bytes() []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, PositionSize), p.Seq)
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, p.Commit), p.Event)
}

// PositionOf reads what Bytes wrote.
func PositionOf(b []byte) (Position, bool) {
	if len(b) != PositionSize {
		return Position{}, false
	}
	return Position{binary.BigEndian.Uint64(b), binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])}, true
}

// IDs makes the ids of events. An id is the position in one block of AES, under
// a key of the reader's project: the same event has the same id each time, the
// ids of two projects have nothing in common, and nobody learns from them how
// much happened in between.
type IDs struct{ Key [32]byte }

// Seal makes the id by which a reader knows the event at a position.
func (s IDs) Seal(r Reader, p Position) (string, error) {
	if p.Seq >= 1<<48 || p.Commit >= 1<<24 || p.Event >= 1<<24 {
		return "", fmt.Errorf("position %v is beyond what an id can hold", p)
	}
	var block [aes.BlockSize]byte // the last four bytes stay zero: so a made-up id is found out
	binary.BigEndian.PutUint64(block[:], p.Seq<<16|uint64(p.Commit>>8))
	binary.BigEndian.PutUint32(block[8:], p.Commit<<24|p.Event)
	cipher, err := aes.NewCipher(s.key(r))
	if err != nil {
		return "", err
	}
	cipher.Encrypt(block[:], block[:])
	return hex.EncodeToString(block[:]), nil
}

// Open finds the position that an id was made of, for this reader.
func (s IDs) Open(r Reader, id string) (Position, bool) {
	block, err := hex.DecodeString(id)
	if err != nil || len(block) != aes.BlockSize {
		return Position{}, false
	}
	cipher, err := aes.NewCipher(s.key(r))
	if err != nil {
		return Position{}, false
	}
	cipher.Decrypt(block, block)
	if binary.BigEndian.Uint32(block[12:]) != 0 {
		return Position{}, false
	}
	high, low := binary.BigEndian.Uint64(block), binary.BigEndian.Uint32(block[8:])
	return Position{high >> 16, uint32(high&0xffff)<<8 | low>>24, low & 0xffffff}, true
}

func (s IDs) key(r Reader) []byte {
	mac := hmac.New(sha256.New, s.Key[:])
	if r.All {
		mac.Write([]byte(Everything))
	} else {
		mac.Write([]byte(Project(r.ProjectID)))
	}
	return mac.Sum(nil)
}
