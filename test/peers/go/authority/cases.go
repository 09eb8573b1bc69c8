package main

import "time"

// testCase is one signature of each format.
type testCase struct {
	name, about string
	kind        string
	leaf, root  period
	signedAt    time.Time
	expiry      time.Time
	// stamp is put beside the signature as its timestamp.
	stamp  []byte
	change func(headers)
}

var (
	century = period{date(2024, 1, 1), date(2124, 1, 1)}
	gone    = period{date(2020, 1, 1), date(2022, 1, 1)}
	summer  = date(2025, 6, 1)
)

func good(name, about string) testCase {
	return testCase{name: name, about: about, kind: "p-256", leaf: century, root: century, signedAt: summer}
}

func within(name, about string, leaf, root period, signedAt time.Time) testCase {
	return testCase{name: name, about: about, kind: "p-256", leaf: leaf, root: root, signedAt: signedAt}
}

func changed(name, about string, change func(headers)) testCase {
	made := good(name, about)
	made.change = change
	return made
}

func cases() []testCase {
	var all []testCase
	for _, kind := range []string{"p-256", "p-384", "p-521", "rsa-2048", "rsa-3072", "rsa-4096"} {
		made := good(kind, "Good, with a key of this kind")
		made.kind = kind
		all = append(all, made)
	}
	lasting := good("lasting", "Expires in a hundred years")
	lasting.expiry = date(2123, 1, 1)
	expired := good("expired", "Expired a day after it was made")
	expired.expiry = summer.AddDate(0, 0, 1)
	stamped := good("stamped", "With a timestamp that is none")
	stamped.stamp = []byte("no token")
	fraction := within("fraction-too-late", "Made half a millisecond after its certificate", gone, always, gone.to)
	fraction.change = func(h headers) { h.setTime(authenticTime, gone.to.Add(500*time.Microsecond)) }
	return append(all,
		lasting,
		expired,
		stamped,
		fraction,
		within("retired", "Certificates that expired since, valid when it was made", gone, gone, date(2021, 6, 1)),
		within("first-second", "Made in the first second of its certificates", century, century, century.from),
		within("last-second", "Made in the last second of its certificates", gone, gone, gone.to),
		within("too-early", "Made a second before its certificate", century, always, century.from.Add(-time.Second)),
		within("too-late", "Made a second after its certificate", gone, always, gone.to.Add(time.Second)),
		within("root-too-late", "Made after its root", century, gone, summer),
		within("future", "Made at a time that has not come", century, century, date(2100, 1, 1)),
		changed("without-time", "Without its authentic signing time", func(h headers) {
			h.drop(authenticTime)
			h.critical(scheme)
		}),
		changed("signing-time-instead", "With a signing time in place of the authentic one", func(h headers) {
			h.drop(authenticTime)
			h.setTime(signingTime, summer)
			h.critical(scheme)
		}),
		changed("signing-time-too", "With a signing time beside the authentic one", func(h headers) {
			h.setTime(signingTime, summer)
		}),
		changed("time-not-critical", "With an authentic signing time that may be passed over", func(h headers) {
			h.critical(scheme)
		}),
		changed("other-scheme", "With an authentic signing time under notary.x509", func(h headers) {
			h.setText(scheme, "notary.x509")
			h.critical(scheme)
		}),
		changed("both-under-x509", "With both times under notary.x509", func(h headers) {
			h.setText(scheme, "notary.x509")
			h.setTime(signingTime, summer)
			h.critical(scheme)
		}),
	)
}
