// What stands around every page: head, places, who is here. Works without script.

package import Report

/// Who looks, and from where: what every page needs to know.
package struct Frame: Sendable, Hashable {
    /// The places of the navigation.
    package enum Place: String, Sendable, Hashable, CaseIterable {
        case home, submit, compare, store, rejected, tokens
    }

    /// What the daemon's own path begins with behind a proxy: empty, or `/layerfold`.
    package let basePath: String
    /// The visitor's name, as the system or the proxy spells it.
    package let visitorName: String
    /// Empty where the visitor may change nothing; else goes into each form that changes something.
    package let formToken: String
    package let maySubmit: Bool
    package let isAdmin: Bool
    /// Came by a login, which has an end.
    package let hasSession: Bool

    package init(
        basePath: String, visitorName: String, formToken: String, maySubmit: Bool, isAdmin: Bool,
        hasSession: Bool
    ) {
        self.basePath = basePath
        self.visitorName = visitorName
        self.formToken = formToken
        self.maySubmit = maySubmit
        self.isAdmin = isAdmin
        self.hasSession = hasSession
    }

    /// The address of a path that begins with a slash.
    package func link(_ path: String) -> String { basePath + path }

    /// The hidden field that each form with `method="post"` carries.
    package var tokenField: Markup {
        "<input type=\"hidden\" name=\"form_token\" value=\"\(formToken)\">"
    }

    /// A whole page.
    ///
    /// - Parameters:
    ///   - title: without the server's name.
    ///   - place: where in the navigation this is; nil for none.
    ///   - body: what stands in `<main>`.
    package func page(_ title: String, at place: Place?, _ body: Markup) -> Markup {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>\(title): Layerfold</title>
        <link rel="stylesheet" href="\(link("/assets/pages.css"))">
        <script src="\(link("/assets/pages.js"))" defer></script>
        </head>
        <body data-base="\(basePath)">
        <a class="skip" href="#main">To the content</a>
        <header>\(navigation(place))</header>
        <main id="main">
        <h1>\(title)</h1>
        \(body)
        </main>
        </body>
        </html>

        """
    }

    private func navigation(_ here: Place?) -> Markup {
        "<nav></nav>"
    }
}
