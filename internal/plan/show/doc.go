// Package show renders a plan: as text for a terminal, as Markdown for a comment at a pull request, and as one HTML page
// with search and filters. What comes from data (record texts, names, reasons, file names) is untrusted in all three:
// control characters are spelt out, Markdown gets it in code only, and the page builds its elements from text alone.
package show
