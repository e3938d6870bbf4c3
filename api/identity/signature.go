package identity

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // of AWS' first signatures, as S3 clients of old send them
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"net/url"
	"slices"
	"strings"
	"time"
)

// signed is a request somewhere else that a client signed, as that place saw it.
type signed struct {
	Access    string            `json:"access"`
	Signature string            `json:"signature"`
	Host      string            `json:"host"`
	Verb      string            `json:"verb"`
	Path      string            `json:"path"`
	Params    map[string]string `json:"params"`
	Headers   map[string]string `json:"headers"`
	BodyHash  string            `json:"body_hash"`
	// Token is, for S3, the text that was signed, in base 64.
	Token string `json:"token"`
}

func mac(of func() hash.Hash, key []byte, text string) []byte {
	h := hmac.New(of, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func same(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

// validEC2 says whether a request was signed with a secret, by AWS' second or fourth way to sign.
func (r *signed) validEC2(secret string) bool {
	if r.Signature == "" {
		return false
	}
	hosts := []string{r.Host}
	if name, _, ok := strings.Cut(r.Host, ":"); ok { // some clients leave the port out
		hosts = append(hosts, name)
	}
	for _, host := range hosts {
		want := ""
		switch version := r.Params["SignatureVersion"]; {
		case version == "2":
			want = r.second(secret, host)
		case version == "" && r.fourthScheme():
			want = r.fourth(secret)
		}
		if want != "" && same(want, r.Signature) {
			return true
		}
	}
	return false
}

func (r *signed) second(secret, host string) string {
	params := map[string]string{"SignatureMethod": "HmacSHA256"}
	for name, v := range r.Params {
		if name != "Signature" && name != "SignatureMethod" {
			params[name] = v
		}
	}
	text := r.Verb + "\n" + host + "\n" + r.Path + "\n" + canonicalQuery(params)
	return base64.StdEncoding.EncodeToString(mac(sha256.New, []byte(secret), text))
}

// escaper writes a query as AWS has it: what is not a letter, digit, -, _, . or ~ is escaped.
var escaper = strings.NewReplacer("+", "%20", "%7E", "~")

func canonicalQuery(params map[string]string) string {
	var pairs []string
	for name, v := range params {
		pairs = append(pairs, escaper.Replace(url.QueryEscape(name))+"="+escaper.Replace(url.QueryEscape(v)))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

func (r *signed) header(name string) string {
	for n, v := range r.Headers {
		if strings.EqualFold(strings.TrimSpace(n), name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

const schemeV4 = "AWS4-HMAC-SHA256"

func (r *signed) fourthScheme() bool {
	return strings.HasPrefix(r.header("Authorization"), schemeV4) || r.Params["X-Amz-Algorithm"] == schemeV4
}

// part is a part of the signature's description, from the header or the query.
func (r *signed) part(name string) string {
	if auth := r.header("Authorization"); auth != "" {
		_, rest, _ := strings.Cut(auth, name+"=")
		v, _, _ := strings.Cut(rest, ",")
		return strings.TrimSpace(v)
	}
	return r.Params["X-Amz-"+name]
}

// fourth is the signature by AWS' fourth way, empty where its parts don't fit together.
func (r *signed) fourth(secret string) string {
	scope := strings.Split(r.part("Credential"), "/")
	date := r.date()
	if len(scope) != 5 || scope[0] != r.Access || !strings.HasPrefix(date, scope[1]) || scope[1] == "" {
		return ""
	}
	names := r.part("SignedHeaders")
	var headers []string
	for name := range strings.SplitSeq(names, ";") {
		if v := r.header(name); v != "" {
			headers = append(headers, name+":"+v)
		}
	}
	query := ""
	if !strings.EqualFold(r.Verb, "POST") { // whose parameters stand in the body
		params := map[string]string{}
		for name, v := range r.Params {
			if name != "X-Amz-Signature" {
				params[name] = v
			}
		}
		query = canonicalQuery(params)
	}
	request := strings.Join([]string{strings.ToUpper(r.Verb), r.Path, query, strings.Join(headers, "\n") + "\n", names, r.BodyHash}, "\n")
	sum := sha256.Sum256([]byte(request))
	text := strings.Join([]string{schemeV4, date, strings.Join(scope[1:], "/"), hex.EncodeToString(sum[:])}, "\n")
	return signV4(secret, scope[1:], text)
}

// signV4 signs a text with the key that belongs to a scope: date, region, service and the
// word aws4_request.
func signV4(secret string, scope []string, text string) string {
	key := []byte("AWS4" + secret)
	for _, part := range scope {
		key = mac(sha256.New, key, part)
	}
	return hex.EncodeToString(mac(sha256.New, key, text))
}

func (r *signed) date() string { return cmp.Or(r.header("X-Amz-Date"), r.Params["X-Amz-Date"]) }

// validS3 says whether the text that was signed bears the signature, and when it was signed:
// zero, where the text doesn't tell.
func (r *signed) validS3(secret string) (at time.Time, ok bool) {
	text, err := base64.URLEncoding.DecodeString(r.Token)
	if err != nil {
		if text, err = base64.StdEncoding.DecodeString(r.Token); err != nil {
			return at, false
		}
	}
	lines := strings.Split(string(text), "\n")
	if !strings.HasPrefix(lines[0], "AWS4") {
		want := base64.StdEncoding.EncodeToString(mac(sha1.New, []byte(secret), string(text)))
		return dateOfS3(lines), same(want, r.Signature)
	}
	if len(lines) != 4 || lines[0] != schemeV4 {
		return at, false
	}
	scope := strings.Split(lines[2], "/")
	if len(scope) != 4 || scope[3] != "aws4_request" || !slices.Contains([]string{"s3", "iam", "sts"}, scope[2]) || !strings.HasPrefix(lines[1], scope[0]) {
		return at, false
	}
	at, err = time.Parse("20060102T150405Z", lines[1])
	return at, err == nil && same(signV4(secret, scope, string(text)), r.Signature)
}

// dateOfS3 finds the date in the text of an S3 request of old: the fourth line, or that of x-amz-date.
func dateOfS3(lines []string) time.Time {
	if len(lines) > 3 && lines[3] != "" {
		if at, err := time.Parse(time.RFC1123Z, strings.Replace(lines[3], "GMT", "+0000", 1)); err == nil {
			return at
		}
	}
	for _, line := range lines {
		if text, ok := strings.CutPrefix(strings.ToLower(line), "x-amz-date:"); ok {
			if at, err := time.Parse(time.RFC1123Z, titleDate(strings.TrimSpace(text))); err == nil {
				return at
			}
		}
	}
	return time.Time{}
}

// titleDate gives a date in lower case its capitals back.
func titleDate(s string) string {
	words := strings.Fields(s)
	for i, w := range words {
		if w == "gmt" {
			words[i] = "+0000"
		} else if w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, " ")
}

// signatureLife is how long a signature is good, before and behind the time that it bears.
const signatureLife = 15 * time.Minute

// signedAt is when an EC2 request says that it was signed, or until when it says to be good.
func (r *signed) signedAt() (at time.Time, ok bool) {
	text := cmp.Or(r.Params["Timestamp"], r.date())
	for _, layout := range []string{"20060102T150405Z", time.RFC3339, "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return at, false
}

// fresh says whether a signature of this time is good now.
func fresh(at, now time.Time) bool {
	return now.Before(at.Add(signatureLife)) && at.Before(now.Add(signatureLife))
}
