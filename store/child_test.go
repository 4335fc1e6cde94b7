package store

func playChild() {}
