//go:build tools

// Package tools names the programs that are built from this module, so that go.mod and go.sum pin what they need.
package tools

import (
	_ "sigs.k8s.io/kueue/cmd/kueue"
	_ "sigs.k8s.io/lws/cmd"
)
