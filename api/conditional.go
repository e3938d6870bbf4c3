package api

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
)

// private keeps replies out of caches that serve several users, and has every
// other one ask whether what it has is still so. Faults, too, are one caller's.
func private(reply http.Header) {
	reply.Set("Cache-Control", "private, no-cache")
	vary(reply, "X-Auth-Token", AsOfHeader)
}

// conditional sends a reply that was held, with the version of what it shows: one
// for the same bytes always, another for others. A client that has that version
// gets no body. The version is a hash of the reply, so it can't be wrong, whatever
// the reply was made of; that nothing has to be sent again is what it saves.
func (r *request) conditional(h *held) {
	defer h.send()
	if h.status != http.StatusOK || h.body.Len() == 0 {
		return
	}
	sum := sha256.Sum256(h.body.Bytes())
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	h.Header().Set("ETag", tag)
	vary(h.Header(), "X-Auth-Token", AsOfHeader) // an operation may have set its own
	if has(r.http.Header.Values("If-None-Match"), tag) {
		h.status = http.StatusNotModified
		h.body.Reset()
		h.Header().Del("Content-Type")
		h.Header().Del("Content-Length")
	}
}

// has says whether a list of versions names one. Weak ones are as good here.
func has(lists []string, tag string) bool {
	for _, list := range lists {
		for one := range strings.SplitSeq(list, ",") {
			if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == tag {
				return true
			}
		}
	}
	return false
}
