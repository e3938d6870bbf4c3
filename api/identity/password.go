package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"runtime"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/sync/semaphore"

	"skylog/api"
)

// DefaultHashCost is bcrypt's cost for passwords and secrets, as in Keystone:
// some quarter of a second of a core.
const DefaultHashCost = 12

// maxPassword is how long a password may be.
const maxPassword = 4096

// bcryptBytes is how much of a password bcrypt looks at.
const bcryptBytes = 72

// hashing bounds how many hashes are computed at a time in this process, so that
// guesses can't take all cores from those who are logged in already.
var hashing = semaphore.NewWeighted(int64(max(1, runtime.GOMAXPROCS(0)-1)))

// hashPatience is how long a login waits for its turn.
const hashPatience = 10 * time.Second

// bcryptInput is what bcrypt is given: all of a password counts, however long it is.
func bcryptInput(password string) []byte {
	if len(password) <= bcryptBytes {
		return []byte(password)
	}
	sum := sha256.Sum256([]byte(password))
	return base64.StdEncoding.AppendEncode(nil, sum[:])
}

func turn(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, hashPatience)
	defer cancel()
	if hashing.Acquire(ctx, 1) != nil {
		f := api.Fail(http.StatusServiceUnavailable, "Too many passwords are being checked. Try again.")
		f.Header = http.Header{"Retry-After": {"5"}}
		return f
	}
	return nil
}

// hash makes the hash of a password or secret.
func (s *Service) hash(ctx context.Context, password string) (string, error) {
	if len(password) > maxPassword {
		return "", api.Fail(http.StatusBadRequest, "A password may have %d characters.", maxPassword)
	}
	if err := turn(ctx); err != nil {
		return "", err
	}
	defer hashing.Release(1)
	return HashPassword(password, s.HashCost)
}

// HashPassword makes the hash by which a password is known. A cost of zero is the default.
func HashPassword(password string, cost int) (string, error) {
	if cost == 0 {
		cost = DefaultHashCost
	}
	h, err := bcrypt.GenerateFromPassword(bcryptInput(password), cost)
	return string(h), err
}

// matches checks a password against a hash. Without a hash it takes as long, so
// that nobody learns from the time whether there is such a user. An error says
// that it couldn't be checked.
func (s *Service) matches(ctx context.Context, hash, password string) (bool, error) {
	if len(password) > maxPassword {
		password = ""
	}
	if err := turn(ctx); err != nil {
		return false, err
	}
	defer hashing.Release(1)
	against := []byte(hash)
	if hash == "" {
		against = s.dummy
	}
	err := bcrypt.CompareHashAndPassword(against, bcryptInput(password))
	if err != nil && !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return false, err
	}
	return err == nil && hash != "", nil
}
