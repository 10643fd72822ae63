package expression

import "strings"

// Part is a piece of a template: plain text, or an expression that stood between braces.
type Part struct {
	Text   string
	Expr   bool
	Offset int // of an expression: where it begins, in characters
}

// Parts takes text with {expression} inside apart; {{ and }} are braces. The text of a fault goes on after what has it.
func Parts(text []rune) ([]Part, *Fault) {
	var parts []Part
	var literal strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		double := i+1 < len(text) && text[i+1] == c
		switch {
		case (c == '{' || c == '}') && double:
			literal.WriteRune(c)
			i++
		case c == '}':
			return nil, &Fault{Check: "bad-template", Offset: i, Text: "has a } without its {", Fix: "write }} for a brace in the text"}
		case c == '{':
			end := closing(text, i+1)
			if end < 0 {
				return nil, &Fault{Check: "bad-template", Offset: i, Text: "has a { without its }", Fix: "write {{ for a brace in the text"}
			}
			parts = append(parts, Part{Text: literal.String()}, Part{Text: string(text[i+1 : end]), Expr: true, Offset: i + 1})
			literal.Reset()
			i = end
		default:
			literal.WriteRune(c)
		}
	}
	return append(parts, Part{Text: literal.String()}), nil
}

// closing finds the } that ends an expression; quotes and inner braces are passed over.
func closing(text []rune, from int) int {
	depth := 0
	quote := rune(0)
	for i := from; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0 && c == '\\' && quote != '`':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'' || c == '`':
			quote = c
		case c == '{':
			depth++
		case c == '}' && depth > 0:
			depth--
		case c == '}':
			return i
		}
	}
	return -1
}
