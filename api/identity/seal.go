package identity

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"time"

	view "skylog/projections/identity"
)

// The content of a token is a few fields in a row, without names, so that a
// token stays below 255 characters: format, methods, scope kind, times in
// microseconds, frame, then the ids.
const (
	tokenVersion   = 2
	formerVersion  = 1   // of tokens that know of no trusts
	receiptVersion = 100 // of what says that a login is half done
)

// methods are the ways to log in, by their bit in a token. Nobody logs in by an ec2credential:
// services have tokens for what was signed with one.
var methods = []string{"password", "token", "application_credential", "totp", "ec2credential"}

// scopes are the kinds of scopes, by their number in a token.
var scopes = []string{"", view.OnProject, view.OnDomain, view.OnSystem}

// newAuditID makes the name of a token.
func newAuditID() string {
	var id [16]byte
	rand.Read(id[:])
	return base64.RawURLEncoding.EncodeToString(id[:])
}

// sealToken makes the token.
func (s *Service) sealToken(k *view.Token) string { return s.seal(tokenVersion, k) }

func (s *Service) seal(format byte, k *view.Token) string {
	b := make([]byte, 0, 160)
	b = append(b, format)
	var bits byte
	for i, m := range methods {
		if slices.Contains(k.Methods, m) {
			bits |= 1 << i
		}
	}
	b = append(b, bits, byte(slices.Index(scopes, k.Scope.Kind)))
	b = binary.AppendUvarint(b, uint64(k.Issued.UnixMicro()))
	b = binary.AppendUvarint(b, uint64(k.Expires.UnixMicro()))
	b = binary.AppendUvarint(b, k.Seq)
	for _, id := range []string{k.UserID, k.Scope.ID, k.ApplicationCredentialID, k.AuditID, k.ChainID, k.TrustID} {
		b = appendID(b, id)
	}
	return base64.RawURLEncoding.EncodeToString(s.Tokens.Seal(make([]byte, 0, 224), b))
}

// Ids of 32 hexadecimal digits and audit ids of 22 characters are 16 bytes in a
// token; others are their length and themselves.
const (
	hexID   = 0xff
	auditID = 0xfe
	longID  = 0xfd // as long as an id can be
)

func appendID(b []byte, id string) []byte {
	if raw, err := hex.DecodeString(id); err == nil && len(raw) == 16 && hex.EncodeToString(raw) == id {
		return append(append(b, hexID), raw...)
	}
	if raw, err := base64.RawURLEncoding.Strict().DecodeString(id); err == nil && len(raw) == 16 {
		return append(append(b, auditID), raw...)
	}
	id = id[:min(len(id), longID)]
	return append(append(b, byte(len(id))), id...)
}

// reader reads a token's content; once it is short of bytes, everything is zero.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n > len(r.b) {
		r.bad = true
		return nil
	}
	taken := r.b[:n]
	r.b = r.b[n:]
	return taken
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.bad = true
		return 0
	}
	r.take(size)
	return n
}

func (r *reader) id() string {
	switch n := r.byte(); n {
	case hexID:
		return hex.EncodeToString(r.take(16))
	case auditID:
		return base64.RawURLEncoding.EncodeToString(r.take(16))
	default:
		return string(r.take(int(n)))
	}
}

// maxSealed is how long a token may be: one of the longest ids.
const maxSealed = 2048

// openToken reads a token that was sealed here. Whether it holds is for the world to say.
//
// Opened tokens aren't remembered: a whole check, of which opening is the smaller
// part, takes some ten microseconds (BenchmarkCheckToken in e2e/identity), and
// what isn't kept can't be stale or fill the memory.
func (s *Service) openToken(text string) (*view.Token, bool) { return s.unseal(tokenVersion, text) }

func (s *Service) unseal(want byte, text string) (*view.Token, bool) {
	if len(text) > maxSealed {
		return nil, false
	}
	var room, open [256]byte
	sealed, err := base64.RawURLEncoding.AppendDecode(room[:0], []byte(text))
	if err != nil {
		return nil, false
	}
	content, ok := s.Tokens.Open(open[:0], sealed)
	if !ok {
		return nil, false
	}
	r := &reader{b: content}
	format, bits, scope := r.byte(), r.byte(), r.byte()
	former := want == tokenVersion && format == formerVersion
	if format != want && !former || int(scope) >= len(scopes) {
		return nil, false
	}
	k := &view.Token{Issued: time.UnixMicro(int64(r.number())).UTC(), Expires: time.UnixMicro(int64(r.number())).UTC(), Seq: r.number()}
	for i, m := range methods {
		if bits&(1<<i) != 0 {
			k.Methods = append(k.Methods, m)
		}
	}
	k.UserID, k.Scope.ID, k.ApplicationCredentialID, k.AuditID, k.ChainID = r.id(), r.id(), r.id(), r.id(), r.id()
	k.Scope.Kind = scopes[scope]
	if !former {
		k.TrustID = r.id()
	}
	return k, !r.bad && len(r.b) == 0
}
