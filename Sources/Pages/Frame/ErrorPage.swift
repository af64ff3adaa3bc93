// What a browser is told where an address leads nowhere, or something may not be done.

package import Jobs
package import Report

package struct ErrorPage: Sendable {
    let error: ErrorDocument

    package init(_ error: ErrorDocument) { self.error = error }

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
            <p><a href="\(frame.link("/"))">To the jobs</a></p>
            """)
    }

    private var title: String {
        switch error.code {
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
        switch error.code {
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
