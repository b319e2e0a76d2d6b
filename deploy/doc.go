// Package deploy has no code: its tests check the files beside it with the tools that read them, and start three sites from them.
package deploy
