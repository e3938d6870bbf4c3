package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/dlclark/regexp2"

	"skylog/api"
	cmd "skylog/commands/identity"
	view "skylog/projections/identity"
)

// PasswordRules are the rules of passwords and of lock-outs. The zero value asks nothing.
type PasswordRules struct {
	// Regex is what a password must match, and Description says so to people.
	Regex, Description string
	// Life is how long a password is good; zero: for ever.
	Life time.Duration
	// MinimumAge is how long users keep a password before they may change it themselves.
	MinimumAge time.Duration
	// UniqueLast is how many passwords in a row must differ, the new one among them.
	UniqueLast int
	// ChangeUponFirstUse says that a password which was given by somebody else must be changed.
	ChangeUponFirstUse bool
	// LockoutAttempts is after how many wrong passwords in a row a user is locked out; zero: never.
	LockoutAttempts int
	LockoutDuration time.Duration

	regex *regexp2.Regexp
}

// maxUnique is how many passwords may have to differ: each is checked at the cost of a login.
const maxUnique = 24

// matching bounds how long a password is matched: the language knows patterns that take for ever.
const matching = 100 * time.Millisecond

// compile makes the rules ready. Patterns are those of OpenStack's operators, which look ahead.
func (r *PasswordRules) compile() (err error) {
	if min(r.Life, r.MinimumAge, r.LockoutDuration) < 0 || min(r.UniqueLast, r.LockoutAttempts) < 0 || r.UniqueLast > maxUnique {
		return fmt.Errorf("password rules: none may be negative, nor more than the last %d passwords be unique", maxUnique)
	}
	if r.Regex == "" {
		return nil
	}
	if r.regex, err = regexp2.Compile(r.Regex, regexp2.None); err != nil {
		return fmt.Errorf("password rule: %w", err)
	}
	r.regex.MatchTimeout = matching
	return nil
}

// check says whether a password may be one.
func (r *PasswordRules) check(password string) error {
	if r.regex == nil {
		return nil
	}
	if ok, err := r.regex.MatchString(password); err != nil || !ok {
		return malformed("The password does not match the requirements: %s.", orElse(r.Description, r.Regex))
	}
	return nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// optionsOf are a user's options. What can't be read is none.
func optionsOf(u view.User) (set userOptions) {
	if u.Options != "" && json.Unmarshal([]byte(u.Options), &set) != nil {
		return userOptions{}
	}
	return set
}

// end is when a user's password is good no more; zero: never.
func (r *PasswordRules) end(u view.User) time.Time {
	switch set := optionsOf(u); {
	case u.PasswordHash == "":
		return time.Time{}
	case u.TemporaryPassword && !value(set.IgnoreFirstUse):
		return u.PasswordChangedAt
	case r.Life == 0 || value(set.IgnoreExpiry):
		return time.Time{}
	}
	return u.PasswordChangedAt.Add(r.Life)
}

func (r *PasswordRules) expired(u view.User, now time.Time) bool {
	end := r.end(u)
	return !end.IsZero() && !now.Before(end)
}

// expiresAt is the end of a user's password as it is shown.
func (r *PasswordRules) expiresAt(u view.User) *string {
	end := r.end(u)
	if end.IsZero() {
		return nil
	}
	return orNull(end.UTC().Format("2006-01-02T15:04:05.000000"))
}

// checkPassword says whether a user has this password.
func (s *Service) checkPassword(ctx context.Context, u view.User, password string) error {
	ok, err := s.matches(ctx, u.PasswordHash, password) // also for nobody
	if err != nil {
		return err
	}
	return s.countGuess(ctx, u, ok)
}

// countGuess turns away wrong passwords and passcodes, and counts them where there are lock-outs.
// Who is locked out is never right, and who isn't there is treated alike, down to the command
// that counts: nobody learns who there is.
func (s *Service) countGuess(ctx context.Context, u view.User, right bool) (err error) {
	attempts, now := s.Rules.LockoutAttempts, s.Clock().UTC()
	counted := attempts > 0 && !value(optionsOf(u).IgnoreLockout)
	if right && !(counted && now.Before(u.LockedUntil)) {
		if u.FailedLogins > 0 {
			_, err = s.Do(ctx, cmd.ForgiveFailedLogins{ID: u.ID})
		}
		return err
	}
	if counted {
		if _, err := s.Do(ctx, cmd.CountFailedLogin{ID: u.ID, Attempts: attempts, At: now, LockedUntil: now.Add(s.Rules.LockoutDuration)}); err != nil {
			return err
		}
	}
	return unauthenticated()
}

// mayBecome says whether users may give themselves this password now.
func (s *Service) mayBecome(ctx context.Context, u view.User, password string) error {
	if err := s.Rules.check(password); err != nil {
		return err
	}
	if left := u.PasswordChangedAt.Add(s.Rules.MinimumAge); s.Clock().Before(left) && !u.TemporaryPassword {
		return malformed("Cannot change password before minimum age, until %s.", left.UTC().Format(time.RFC3339))
	}
	former := u.FormerHashes[:min(len(u.FormerHashes), max(0, s.Rules.UniqueLast-2))]
	for _, hash := range former {
		used, err := s.matches(ctx, hash, password)
		if err != nil {
			return err
		}
		if used {
			return malformed("The new password cannot be identical to a previous password. The total number which includes the new password must be unique is %d.", s.Rules.UniqueLast)
		}
	}
	return nil
}

// hashOfGiven hashes a password that somebody gives a user; without one there is none. Whether it
// must be changed at the first use is told too, which it needn't where users change their own.
func (s *Service) hashOfGiven(ctx context.Context, userID string, password *string) (hash *string, temporary bool, err error) {
	if password == nil {
		return nil, false, nil
	}
	if err := s.Rules.check(*password); err != nil {
		return nil, false, err
	}
	h, err := s.hash(ctx, *password)
	return &h, s.Rules.ChangeUponFirstUse && api.From(ctx).UserID != userID, err
}

// passwordEnds reads the filter by when passwords end, such as lt:2026-01-02T03:04:05Z. Users whose
// passwords never end pass only where there is none.
func (s *Service) passwordEnds(ctx context.Context) (func(*view.User) bool, error) {
	text := api.Query(ctx).Get("password_expires_at")
	if text == "" {
		return func(*view.User) bool { return true }, nil
	}
	how, when, ok := strings.Cut(text, ":")
	at, err := time.Parse(time.RFC3339, when)
	holds := map[string]func(order int) bool{
		"lt": func(n int) bool { return n < 0 }, "lte": func(n int) bool { return n <= 0 }, "gt": func(n int) bool { return n > 0 },
		"gte": func(n int) bool { return n >= 0 }, "eq": func(n int) bool { return n == 0 }, "neq": func(n int) bool { return n != 0 },
	}[how]
	if !ok || err != nil || holds == nil {
		return nil, malformed("password_expires_at is one of lt, lte, gt, gte, eq and neq, a colon and a time like 2026-01-02T03:04:05Z.")
	}
	return func(u *view.User) bool {
		end := s.Rules.end(*u)
		return !end.IsZero() && holds(end.Compare(at))
	}, nil
}
