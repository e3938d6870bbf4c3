package main

import (
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"

	"skylog/api/identity"
)

// passwordSettings are the rules of passwords and lock-outs as they are set: OpenStack's
// security_compliance options.
type passwordSettings struct {
	rules                identity.PasswordRules
	expiresDays, ageDays int
	life                 time.Duration
}

func (s *passwordSettings) flags(f *pflag.FlagSet) {
	r := &s.rules
	f.StringVar(&r.Regex, "password-regex", "", "what a password must match (default: anything)")
	f.StringVar(&r.Description, "password-regex-description", "", "what that is, to people")
	f.IntVar(&s.expiresDays, "password-expires-days", 0, "how many days a password is good; 0: for ever")
	f.IntVar(&s.ageDays, "minimum-password-age", 0, "how many days users keep a password before they may change it")
	f.IntVar(&r.UniqueLast, "unique-last-password-count", 0, "how many passwords in a row must differ")
	f.BoolVar(&r.ChangeUponFirstUse, "change-password-upon-first-use", false, "passwords given by administrators must be changed at the first use")
	f.IntVar(&r.LockoutAttempts, "lockout-failure-attempts", 0, "after how many wrong passwords in a row a user is locked out; 0: never")
	f.DurationVar(&r.LockoutDuration, "lockout-duration", 30*time.Minute, "for how long")
	f.DurationVar(&s.life, "token-life", time.Hour, "how long a token is good, at most 24h")
}

// passwordRules are those that were set.
func (s *passwordSettings) passwordRules() identity.PasswordRules {
	const day = 24 * time.Hour
	r := s.rules
	r.Life, r.MinimumAge = time.Duration(s.expiresDays)*day, time.Duration(s.ageDays)*day
	return r
}

// policyFile is the file whose rules replace the defaults: the one that was named, which must be
// there, or the one in the data folder from whenever it is there.
func (n *node) policyFile() (string, error) {
	if n.policy == "" {
		return filepath.Join(n.data, "policy.yaml"), nil
	}
	_, err := os.Stat(n.policy)
	return n.policy, err
}
