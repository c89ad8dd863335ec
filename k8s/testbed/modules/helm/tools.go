//go:build tools

// Package tools names the programs that are built from this module, so that go.mod and go.sum pin what they need.
package tools

import (
	_ "helm.sh/helm/v4/cmd/helm"
)
