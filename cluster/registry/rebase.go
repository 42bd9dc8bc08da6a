package registry

import (
	"bytes"
	"fmt"

	"vigie/watchlist/command"
)

// Rebase turns a record of one cluster into that of a new cluster which takes its
// state over: the setup becomes the new one, and members, join tokens and sessions
// stay behind. keep is false for what stays behind.
func Rebase(r Record, setup command.ClusterSetup) (out Record, keep bool, err error) {
	switch r.Bucket {
	case bucketMembers.name, bucketTokens.name, bucketSessions.name:
		return Record{}, false, nil
	case bucketCluster.name:
		if bytes.Equal(r.Key, keySetup) {
			if r.Value, err = command.Marshal(setup); err != nil {
				return Record{}, false, fmt.Errorf("registry: new setup: %w", err)
			}
		}
	}
	return r, true, nil
}
