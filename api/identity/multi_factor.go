package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238's, as every authenticator has it
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"skylog/projections"
	view "skylog/projections/identity"
)

// Passcodes are those of RFC 6238: six digits, good for half a minute, and as long again for
// clocks that are late.
const (
	passcodePeriod  = 30 * time.Second
	passcodeWindows = 2
	maxPasscodeKeys = 20
)

// passcode is that of a secret at a time.
func passcode(secret []byte, at time.Time) string {
	var step [8]byte
	binary.BigEndian.PutUint64(step[:], uint64(at.Unix()/int64(passcodePeriod/time.Second)))
	h := hmac.New(sha1.New, secret)
	h.Write(step[:])
	sum := h.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[offset:])&0x7fffffff)%1_000_000)
}

// byPasscode checks the code that an authenticator shows. A wrong one is answered as a wrong
// password is, and isn't told from a user without an authenticator.
func (s *Service) byPasscode(ctx context.Context, w *projections.World, in *login) (string, error) {
	given := &in.Identity.TOTP.User
	u, _, err := userOf(w, &given.ref)
	if err != nil {
		return "", err
	}
	now, right, tried := s.Clock(), false, 0
	for _, c := range w.Identity.Credentials.OfUser(u.ID, "") {
		if !strings.EqualFold(c.Type, typeTOTP) || tried == maxPasscodeKeys {
			continue
		}
		tried++
		text := strings.ToUpper(strings.TrimRight(strings.TrimSpace(string(s.open(ctx, c))), "="))
		secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
		if err != nil || len(secret) == 0 {
			continue
		}
		for window := range passcodeWindows {
			right = same(passcode(secret, now.Add(-time.Duration(window)*passcodePeriod)), given.Passcode) || right
		}
	}
	return u.ID, s.countGuess(ctx, u, right)
}

// requiredMethods are the combinations of ways to log in of which a user must use one; none: any will do.
func requiredMethods(u view.User) (rules [][]string) {
	set := optionsOf(u)
	if set.MultiFactorAuthEnabled != nil && !*set.MultiFactorAuthEnabled {
		return nil
	}
	for _, rule := range set.MultiFactorAuthRules {
		known := slices.DeleteFunc(slices.Clone(rule), func(m string) bool { return !slices.Contains(methods, m) })
		if len(known) > 0 {
			rules = append(rules, known)
		}
	}
	return rules
}

// receiptLife is how long a half done login may be finished.
const receiptLife = 5 * time.Minute

type receiptBody struct {
	Receipt struct {
		Methods   []string  `json:"methods"`
		User      receiptTo `json:"user"`
		ExpiresAt time.Time `json:"expires_at" layout:"2006-01-02T15:04:05.000000Z"`
		IssuedAt  time.Time `json:"issued_at" layout:"2006-01-02T15:04:05.000000Z"`
	} `json:"receipt"`
	RequiredAuthMethods [][]string `json:"required_auth_methods"`
}

type receiptTo struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Domain named  `json:"domain"`
}

// halfDone answers a login that has shown less than its user must show: 401 with a receipt, which
// stands for what was shown when the rest is sent.
func (s *Service) halfDone(w *projections.World, p *proof, receipt string) (*tokenOut, error) {
	now := s.Clock().UTC().Truncate(time.Microsecond)
	if receipt != "" {
		k, ok := s.unseal(receiptVersion, receipt)
		if !ok || w.Identity.Check(k, now) != nil || k.UserID != p.userID {
			return nil, unauthenticated()
		}
		for _, m := range k.Methods {
			if !slices.Contains(p.methods, m) {
				p.methods = append(p.methods, m)
			}
		}
	}
	u, ok := w.Identity.Users.Get(p.userID)
	rules := requiredMethods(u)
	enough := func(rule []string) bool {
		return !slices.ContainsFunc(rule, func(m string) bool { return !slices.Contains(p.methods, m) })
	}
	if !ok || len(rules) == 0 || slices.ContainsFunc(rules, enough) {
		return nil, nil
	}
	k := &view.Token{UserID: u.ID, Methods: p.methods, AuditID: newAuditID(), Seq: w.Seq, Issued: now, Expires: now.Add(receiptLife)}
	if w.Identity.Check(k, now) != nil {
		return nil, unauthenticated()
	}
	body := receiptBody{RequiredAuthMethods: rules}
	body.Receipt.Methods, body.Receipt.ExpiresAt, body.Receipt.IssuedAt = p.methods, k.Expires, now
	body.Receipt.User = receiptTo{u.ID, u.Name, domainNamed(&w.Identity, u.DomainID)}
	return &tokenOut{Status: http.StatusUnauthorized, Receipt: s.seal(receiptVersion, k), Body: body}, nil
}
