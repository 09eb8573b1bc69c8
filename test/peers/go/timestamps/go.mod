module edge-notary.test/peers/timestamps

go 1.26

require (
	github.com/notaryproject/notation-core-go v1.3.0
	github.com/notaryproject/tspclient-go v1.0.0
)
