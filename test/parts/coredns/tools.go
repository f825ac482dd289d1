//go:build tools

// Package parts names the commands that the tests build; the modules' versions are pinned in go.mod and go.sum.
package parts

import (
	_ "github.com/coredns/coredns"
)
