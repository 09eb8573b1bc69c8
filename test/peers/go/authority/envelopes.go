package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/notaryproject/notation-core-go/signature"
	"github.com/veraison/go-cose"
)

const (
	prefix        = "io.cncf.notary."
	scheme        = prefix + "signingScheme"
	signingTime   = prefix + "signingTime"
	authenticTime = prefix + "authenticSigningTime"
	timestamp     = prefix + "timestampSignature"
	payloadType   = "application/vnd.cncf.notary.payload.v1+json"
)

// headers are the protected headers of an envelope, whose signature is made anew once they were changed.
type headers interface {
	drop(name string)
	setText(name, value string)
	setTime(name string, value time.Time)
	critical(names ...string)
}

// sign lets the reference implementation sign.
func sign(mediaType string, payload []byte, chain []*x509.Certificate, c testCase, key crypto.Signer) []byte {
	signer, err := signature.NewLocalSigner(chain, key)
	must(err)
	envelope, err := signature.NewEnvelope(mediaType)
	must(err)
	made, err := envelope.Sign(&signature.SignRequest{
		Payload:       signature.Payload{ContentType: payloadType, Content: payload},
		Signer:        signer,
		SigningTime:   c.signedAt,
		Expiry:        c.expiry,
		SigningScheme: signature.SigningSchemeX509SigningAuthority,
		SigningAgent:  "authority/1.0",
	})
	must(err)
	return made
}

type jwsEnvelope struct {
	Payload   string         `json:"payload"`
	Protected string         `json:"protected"`
	Header    map[string]any `json:"header"`
	Signature string         `json:"signature"`
}

type jwsHeaders map[string]any

func (h jwsHeaders) drop(name string)                     { delete(h, name) }
func (h jwsHeaders) setText(name, value string)           { h[name] = value }
func (h jwsHeaders) setTime(name string, value time.Time) { h[name] = value.Format(time.RFC3339Nano) }
func (h jwsHeaders) critical(names ...string)             { h["crit"] = names }

// changeJws replaces the certificates, which are not signed; and the protected headers, which are signed again.
func changeJws(made []byte, chain []*x509.Certificate, c testCase, key crypto.Signer) []byte {
	var envelope jwsEnvelope
	must(json.Unmarshal(made, &envelope))
	encoded := []string{}
	for _, certificate := range chain {
		encoded = append(encoded, base64.StdEncoding.EncodeToString(certificate.Raw))
	}
	envelope.Header["x5c"] = encoded
	if c.stamp != nil {
		envelope.Header[timestamp] = base64.StdEncoding.EncodeToString(c.stamp)
	}
	if c.change != nil {
		text, err := base64.RawURLEncoding.DecodeString(envelope.Protected)
		must(err)
		protected := jwsHeaders{}
		must(json.Unmarshal(text, &protected))
		c.change(protected)
		text, err = json.Marshal(protected)
		must(err)
		envelope.Protected = base64.RawURLEncoding.EncodeToString(text)
		signed := []byte(envelope.Protected + "." + envelope.Payload)
		envelope.Signature = base64.RawURLEncoding.EncodeToString(primitive(signed, key))
	}
	text, err := json.Marshal(envelope)
	must(err)
	return text
}

// primitive signs as JWS does: the changed ones have keys of P-256 alone.
func primitive(signed []byte, key crypto.Signer) []byte {
	hash := crypto.SHA256.New()
	hash.Write(signed)
	r, s, err := ecdsa.Sign(rand.Reader, key.(*ecdsa.PrivateKey), hash.Sum(nil))
	must(err)
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signature
}

type coseHeaders cose.ProtectedHeader

func (h coseHeaders) drop(name string)           { delete(h, name) }
func (h coseHeaders) setText(name, value string) { h[name] = value }
func (h coseHeaders) setTime(name string, value time.Time) {
	if value.Nanosecond() == 0 {
		h[name] = cbor.Tag{Number: 1, Content: value.Unix()}
	} else {
		h[name] = cbor.Tag{Number: 1, Content: float64(value.UnixMicro()) / 1e6}
	}
}
func (h coseHeaders) critical(names ...string) {
	labels := []any{}
	for _, name := range names {
		labels = append(labels, name)
	}
	h[cose.HeaderLabelCritical] = labels
}

// changeCose is changeJws for the other format.
func changeCose(made []byte, chain []*x509.Certificate, c testCase, key crypto.Signer) []byte {
	var message cose.Sign1Message
	must(message.UnmarshalCBOR(made))
	encoded := []any{}
	for _, certificate := range chain {
		encoded = append(encoded, certificate.Raw)
	}
	message.Headers.Unprotected[cose.HeaderLabelX5Chain] = encoded
	if c.stamp != nil {
		message.Headers.Unprotected[timestamp] = c.stamp
	}
	message.Headers.RawUnprotected = nil
	if c.change != nil {
		protected := coseHeaders(message.Headers.Protected)
		// The decoder does not keep the tag of the time.
		protected.setTime(authenticTime, c.signedAt)
		c.change(protected)
		message.Headers.RawProtected, message.Signature = nil, nil
		signer, err := cose.NewSigner(cose.AlgorithmES256, key)
		must(err)
		must(message.Sign(rand.Reader, nil, signer))
	}
	bytes, err := message.MarshalCBOR()
	must(err)
	return bytes
}
