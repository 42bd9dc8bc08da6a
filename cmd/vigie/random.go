package main

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/google/uuid"
)

// freshKey gives an idempotency key for one request that is sent once.
func freshKey() string { return "cli-" + uuid.NewString() }

// passwordAlphabet leaves out letters and digits that are read for one another.
const passwordAlphabet = "abcdefghjkmnpqrstuvwxyz23456789"

// oneTimePassword draws a password of 20 letters and digits in four groups:
// 98 bits, easy to read out.
func oneTimePassword() (string, error) {
	groups := make([]string, 4)
	for i := range groups {
		var b strings.Builder
		for range 5 {
			n, err := rand.Int(rand.Reader, big.NewInt(int64(len(passwordAlphabet))))
			if err != nil {
				return "", fmt.Errorf("draw a password: %w", err)
			}
			b.WriteByte(passwordAlphabet[n.Int64()])
		}
		groups[i] = b.String()
	}
	return strings.Join(groups, "-"), nil
}

// showDate gives a date for a table, "-" for the zero time.
func showDate(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.DateOnly)
}
