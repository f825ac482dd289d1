module handover.dev/test/pause

go 1.24
