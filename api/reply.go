package api

import (
	"bytes"
	"net/http"
	"slices"
)

// held is a reply that is kept back until all of it is there, so that what is
// said ahead of the body can depend on it.
type held struct {
	http.ResponseWriter
	status int
	body   *bytes.Buffer
}

// WriteHeader keeps the status.
func (h *held) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

// Write keeps a part of the body.
func (h *held) Write(b []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(b)
}

// send lets the reply go.
func (h *held) send() {
	h.WriteHeader(http.StatusOK)
	h.ResponseWriter.WriteHeader(h.status)
	if h.body.Len() > 0 {
		_, _ = h.ResponseWriter.Write(h.body.Bytes()) // a client that has gone away misses it
	}
}

// reads says whether a request only asks.
func reads(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// perform lets an operation write its reply, and holds it where more is to be said.
func (r *request) perform(w http.ResponseWriter, do func(http.ResponseWriter)) {
	read := reads(r.http)
	if r.operation.stream || !read && r.rehearsal == nil {
		do(w)
		return
	}
	h := &held{ResponseWriter: w, body: bodies.Get().(*bytes.Buffer)}
	defer giveBack(h.body)
	do(h)
	if read {
		r.conditional(h)
	} else {
		r.tellRehearsal(h)
	}
}

// vary says that the reply depends on a header of the request.
func vary(reply http.Header, names ...string) {
	for _, name := range names {
		if !slices.Contains(reply.Values("Vary"), name) {
			reply.Add("Vary", name)
		}
	}
}
