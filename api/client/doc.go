// Package client talks to a Vigie node over its REST interface. The calls and
// types are generated from ../openapi.yaml (Raw); Client adds what every caller
// wants: trust in the cluster's own certificate authority and in nothing else,
// the credential, retries of calls that may be repeated, and problems as errors.
//
//	c, err := client.New(client.Config{Server: "https://10.0.0.1:8443", CA: pem, Credential: key})
//	lead, err := client.Answer[client.Lead](c.Match(ctx, client.MatchRequest{…}))
//
// It depends on nothing else of Vigie.
package client
