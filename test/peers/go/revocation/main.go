// Command revocation asks the reference implementation's revocation library about certificates.
//
// It reads one JSON object per line, {"name", "chain", "answers", "signedAt"}: base64 of the DER of each certificate, leaf
// first; what is behind each URL, as base64; and, where an authority vouches for it, when the artifact was signed. It
// answers each with one line, {"name", "status", "errors"}: "ok", "nonRevokable", "revoked" or "unknown" of the leaf, or
// "panic"; and the sentences about each server it asked. No network: a URL without an answer is status 404. The library
// has no clock but the machine's, so answers have to be of now.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/notaryproject/notation-core-go/revocation"
	"github.com/notaryproject/notation-core-go/revocation/crl"
	"github.com/notaryproject/notation-core-go/revocation/purpose"
	"github.com/notaryproject/notation-core-go/revocation/result"
)

type question struct {
	Name     string            `json:"name"`
	Chain    [][]byte          `json:"chain"`
	Answers  map[string][]byte `json:"answers"`
	SignedAt time.Time         `json:"signedAt"`
}

type answer struct {
	Name   string   `json:"name"`
	Status string   `json:"status"`
	Errors []string `json:"errors"`
}

var statuses = map[result.Result]string{
	result.ResultOK:           "ok",
	result.ResultNonRevokable: "nonRevokable",
	result.ResultRevoked:      "revoked",
	result.ResultUnknown:      "unknown",
}

// network is what is behind the URLs of one question.
type network map[string][]byte

func (n network) RoundTrip(request *http.Request) (*http.Response, error) {
	body, found := n[request.URL.String()]
	if !found && request.Method == http.MethodGet {
		// OCSP by GET: the request is the last segment of the path.
		for url, bytes := range n {
			if strings.HasSuffix(url, "/") && strings.HasPrefix(request.URL.String(), url) {
				body, found = bytes, true
			}
		}
	}
	status := http.StatusOK
	if !found {
		status = http.StatusNotFound
	}
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{},
		Body:       io.NopCloser(bytes.NewReader(body)),
		Request:    request,
	}, nil
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 0, 1<<16), 1<<22)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			fail("input line: " + err.Error())
		}
		if err := out.Encode(judge(q)); err != nil {
			fail(err.Error())
		}
	}
	if err := lines.Err(); err != nil {
		fail(err.Error())
	}
}

func judge(q question) (a answer) {
	a = answer{Name: q.Name, Errors: []string{}}
	// Some certificates crash the library; that is an answer too.
	defer func() {
		if reason := recover(); reason != nil {
			a = answer{Name: q.Name, Status: "panic", Errors: []string{fmt.Sprint(reason)}}
		}
	}()
	chain := make([]*x509.Certificate, 0, len(q.Chain))
	for _, der := range q.Chain {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return refused(a, err)
		}
		chain = append(chain, certificate)
	}
	client := &http.Client{Transport: network(q.Answers)}
	fetcher, err := crl.NewHTTPFetcher(client)
	if err != nil {
		return refused(a, err)
	}
	validator, err := revocation.NewWithOptions(revocation.Options{
		OCSPHTTPClient:   client,
		CRLFetcher:       fetcher,
		CertChainPurpose: purpose.CodeSigning,
	})
	if err != nil {
		return refused(a, err)
	}
	results, err := validator.ValidateContext(context.Background(), revocation.ValidateContextOptions{
		CertChain:            chain,
		AuthenticSigningTime: q.SignedAt,
	})
	if err != nil {
		return refused(a, err)
	}
	a.Status = statuses[results[0].Result]
	for _, server := range results[0].ServerResults {
		if server != nil && server.Error != nil {
			a.Errors = append(a.Errors, server.Error.Error())
		}
	}
	return a
}

// refused says that the question was not taken: no status, which equals none of ours.
func refused(a answer, err error) answer {
	a.Status = "refused"
	a.Errors = append(a.Errors, err.Error())
	return a
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(2)
}
