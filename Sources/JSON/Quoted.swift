// Names from outside in messages.

/// A name from a file, fit to be shown: in backticks, control characters escaped, cut at 120
/// characters.
package func quoted(_ name: String) -> String {
    var shown = ""
    for scalar in name.unicodeScalars.prefix(120) {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
            shown += scalar.escaped(asASCII: true)
        default:
            shown.unicodeScalars.append(scalar)
        }
    }
    return name.unicodeScalars.count > 120 ? "`\(shown)…`" : "`\(shown)`"
}
