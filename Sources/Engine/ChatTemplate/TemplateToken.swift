// What a template is cut into.

import JSON

struct TemplateToken {
    enum Kind: Equatable {
        /// Outside of all tags.
        case text(String)
        case outputBegin, outputEnd, tagBegin, tagEnd
        case name(String)
        case string(String)
        case integer(Int)
        case float(Double)
        /// An operator or a bracket, by its spelling.
        case sign(String)
        case end
    }

    let kind: Kind
    let place: TextPlace

    /// For messages.
    var shown: String {
        switch kind {
        case .text: "text"
        case .outputBegin: "`{{`"
        case .outputEnd: "`}}`"
        case .tagBegin: "`{%`"
        case .tagEnd: "`%}`"
        case .name(let name): quoted(name)
        case .string: "a string"
        case .integer, .float: "a number"
        case .sign(let sign): quoted(sign)
        case .end: "the end of the template"
        }
    }
}
