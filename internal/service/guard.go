package service

import (
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
)

// Guard wraps a handler that changes something, or shows what outsiders must not see: the token is required if
// there is one. A loopback listener without a token answers only requests that no browser page can forge: a
// request with an Origin, or with a Host that is no loopback name (DNS rebinding), is refused.
func (h *Host) Guard(next http.HandlerFunc) http.HandlerFunc { return h.guard(next, false) }

// Question wraps a handler that changes nothing: as Guard, and the read token will do.
func (h *Host) Question(next http.HandlerFunc) http.HandlerFunc { return h.guard(next, true) }

func (h *Host) guard(next http.HandlerFunc, mayRead bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		reads := h.ReadToken != "" && presents(r, h.ReadToken)
		switch {
		case h.Token == "":
			if r.Header.Get("Origin") != "" || !loopbackHost(r.Host) {
				Fail(w, http.StatusForbidden, errors.New("refused: the request comes from a web page or for another host name"))
				return
			}
		case reads && !mayRead:
			Fail(w, http.StatusForbidden, errors.New("refused: this token may ask questions and nothing else; use the one of http.token_file"))
			return
		case !reads && !presents(r, h.Token):
			w.Header().Set("WWW-Authenticate", "Bearer")
			Fail(w, http.StatusUnauthorized, errors.New("a valid token is required: Authorization: Bearer …"))
			return
		}
		next(w, r)
	}
}

func presents(r *http.Request, token string) bool {
	return subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+token)) == 1
}

func loopbackHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
