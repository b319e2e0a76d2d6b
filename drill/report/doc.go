// Package report makes of a drill's records what people read: figures for the terminal, and a page with a picture of what each site
// acknowledged, second by second, with the faults marked.
//
// A report is data first (it is written as JSON too); texts and pictures are made of it alone.
package report
