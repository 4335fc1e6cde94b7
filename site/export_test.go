package site

// CannotWrite is cannotWrite, for tests.
var CannotWrite = cannotWrite
