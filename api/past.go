package api

import (
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/projections/public"
)

// AsOfHeader asks a read for what it would have shown at some place in the log.
// The caller's rights are those of now: what they may not read today they don't
// read of yesterday either, and what they could not see then they don't see.
const AsOfHeader = "X-Skylog-As-Of"

// PresentOnly is for operations that show what isn't in the log, as console
// output is, or what must not outlast its deletion, as secrets must not: they
// refuse to be asked about the past, and nobody keeps what they show.
func PresentOnly(o *Operation, _ *huma.Operation) { o.present = true }

// travel has the request served from the world that it asks for. It runs once the
// caller is known by the present one, whose rights they have.
func (r *request) travel(reply http.Header) error {
	place := r.http.Header.Get(AsOfHeader)
	switch {
	case place == "":
		return nil
	case !reads(r.http):
		return Fail(http.StatusBadRequest, "%s is for reads: what has happened can't be changed.", AsOfHeader)
	case r.operation.stream || r.operation.present || r.gateway.sources.Past == nil:
		return Fail(http.StatusNotImplemented, "What this call shows is known as it is now only.")
	}
	w, shown, err := r.gateway.sources.Past(r.http.Context(), r.reader(), place)
	switch {
	case errors.Is(err, public.ErrNoPlace):
		return Fail(http.StatusBadRequest, "%s is an RFC 3339 time or the id of an event; for those who see all events, it may be a sequence.", AsOfHeader)
	case errors.Is(err, public.ErrFuture):
		return Fail(http.StatusBadRequest, "%s lies in the future.", AsOfHeader)
	case errors.Is(err, public.ErrTooOld):
		return Fail(http.StatusGone, "The log doesn't reach back to what %s says.", AsOfHeader)
	case err != nil:
		return err
	}
	r.world, r.until = w, w.Seq
	reply.Set(AsOfHeader, shown)
	return nil
}

// reader is on whose behalf the log is read: administrators see everything,
// others what is their project's and their own.
func (r *request) reader() public.Reader {
	return public.Reader{ProjectID: r.who.ProjectID, UserID: r.who.UserID,
		All: r.gateway.policy.Allows("skylog:events:all", credentials(&r.who), Target{}.lookup), Until: r.until}
}
