// What a browser is told where an address leads nowhere, or something may not be done.

package import Jobs
package import Report

package struct ErrorPage: Sendable {
    let error: ErrorDocument
    let typed: TypedText?
    let isOfOldForm: Bool

    /// - Parameters:
    ///   - typed: what the refused form had.
    ///   - isOfOldForm: whether nothing but the age of the form's page is wrong.
    package init(_ error: ErrorDocument, typed: TypedText? = nil, isOfOldForm: Bool = false) {
        self.error = error
        self.typed = typed
        self.isOfOldForm = isOfOldForm
    }

    package func render(_ frame: Frame) -> Markup {
        let place: Markup =
            error.manifestError.map {
                "<p>Line \($0.line), column \($0.column) of the manifest.</p>"
            } ?? ""
        return frame.page(
            title, at: nil,
            """
            <p class="notice bad">\(error.message.shortened(to: 4_000))</p>
            \(place)<p>\(cure)</p>
            \(typed?.form(frame) ?? "")<p><a href="\(frame.link("/"))">To the jobs</a></p>
            """)
    }

    private var title: String {
        if isOfOldForm { return "The page is out of date" }
        return switch error.code {
        case .manifest: "The manifest was refused"
        case .notFound: "Not found"
        case .forbidden: "Not allowed"
        case .unknownCaller: "Who are you?"
        case .refused: "Not possible now"
        case .tooLarge: "Too large"
        case .unavailable: "Not available at present"
        }
    }

    private var cure: String {
        if isOfOldForm {
            return "Nothing was changed. "
                + (typed == nil
                    ? "Go back, load the page again, and send its form." : "Send it again:")
        }
        if typed != nil { return "Nothing was changed. Here is what you typed:" }
        return switch error.code {
        case .manifest: "Go back, correct it, and send it again."
        case .notFound:
            "It may have been removed, or it is not shown to you: look for it among the jobs."
        case .forbidden: "Ask its owner, or an administrator of this server."
        case .unknownCaller: "Log in first."
        case .refused: "Go back and look again: the page that you came from may be out of date."
        case .tooLarge: "Go back and send less."
        case .unavailable: "Nothing was lost. Try again in a moment."
        }
    }
}
