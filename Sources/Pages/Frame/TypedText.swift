// What somebody typed into a form that was not taken: pages are kept by no browser, so the answer
// has it.

import Report

package struct TypedText: Sendable, Hashable {
    /// A field that takes somebody time to fill in, and the button that sends it.
    package struct Field: Sendable, Hashable {
        package let name: String
        let label: String
        let button: String
        /// The value of `do` that the button sends; nil for none.
        let verb: String?
        /// A hidden field that goes along; nil for none.
        package let also: String?

        package static let manifest = Field(
            name: "manifest", label: "The manifest as you typed it", button: "Check and plan",
            verb: "check", also: "name")
        package static let note = Field(
            name: "note", label: "The note as you typed it", button: "Keep the note", verb: nil,
            also: nil)
    }

    let field: Field
    let text: String
    /// Of the hidden field.
    let also: String?
    /// Where its form is sent to.
    let path: String

    package init(_ field: Field, _ text: String, also: String? = nil, path: String) {
        self.field = field
        self.text = text
        self.also = also
        self.path = path
    }

    /// The page of the form: the path without what is done there.
    package var page: String {
        let words = path.split(separator: "/")
        return "/" + (words.count > 1 ? words.dropLast() : words).joined(separator: "/")
    }

    /// A form of the present, which somebody may look at and send.
    func form(_ frame: Frame) -> Markup {
        let hidden: Markup =
            field.also.flatMap { name in
                also.map { "<input type=\"hidden\" name=\"\(name)\" value=\"\($0)\">" }
            } ?? ""
        let verb: Markup = field.verb.map { " name=\"do\" value=\"\($0)\"" } ?? ""
        return """
            <form class="editor" method="post" action="\(frame.link(path))">\(frame.tokenField)\(hidden)
            \(area)
            <p><button type="submit"\(verb)>\(field.button)</button></p></form>

            """
    }

    /// To be copied, by somebody of whom no form is taken yet.
    var copy: Markup { "<div class=\"editor\">\(area)</div>\n" }

    // The first line end behind the tag is not part of the text.
    private var area: Markup {
        """
        <p><label for="typed">\(field.label)</label></p>
        <textarea id="typed" name="\(field.name)" rows="14" cols="80" spellcheck="false">
        \(text)</textarea>
        """
    }
}
