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

    /// A form of one button that changes something.
    /// - Parameters:
    ///   - fields: what stands before the button; the token aside.
    ///   - kind: a class of the button, such as `danger`; empty for none.
    package func button(
        _ label: String, to path: String, kind: String = "", fields: Markup = ""
    ) -> Markup {
        let kind: Markup = kind.isEmpty ? "" : " class=\"\(kind)\""
        return """
            <form method="post" action="\(link(path))">\(tokenField)\(fields)\
            <button type="submit"\(kind)>\(label)</button></form>
            """
    }

    /// For pages with forms, where script does not look again.
    package func again(_ path: String) -> Markup {
        "<noscript><p><a href=\"\(link(path))\">Look again</a></p></noscript>\n"
    }

    /// A whole page.
    ///
    /// - Parameters:
    ///   - title: without the server's name.
    ///   - place: where in the navigation this is; nil for none.
    ///   - refresh: without script the browser looks again after so many seconds, and what was
    ///     typed or chosen is lost: nil, for never, where there is a form.
    ///   - body: what stands in `<main>`.
    package func page(
        _ title: String, at place: Place?, refresh: Int? = nil, _ body: Markup
    ) -> Markup {
        let title = title.shortened(to: 120)
        let again: Markup =
            refresh.map {
                "<noscript><meta http-equiv=\"refresh\" content=\"\($0)\"></noscript>\n"
            } ?? ""
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            \(again)<title>\(title): Layerfold</title>
            <link rel="icon" href="data:,">
            <link rel="stylesheet" href="\(link("/assets/pages.css"))">
            <script src="\(link("/assets/pages.js"))" defer></script>
            </head>
            <body data-base="\(basePath)">
            <a class="skip" href="#main">To the content</a>
            <header>\(navigation(place))</header>
            <main id="main" tabindex="-1">
            <h1><bdi>\(title)</bdi></h1>
            \(body)
            </main>
            </body>
            </html>

            """
    }

    private func navigation(_ here: Place?) -> Markup {
        let items = Place.allCases.filter(isShown).map { place -> Markup in
            let mark: Markup = place == here ? " aria-current=\"page\"" : ""
            return "<li><a href=\"\(link(Self.path(place)))\"\(mark)>\(Self.title(place))</a></li>"
        }
        let leave: Markup = hasSession ? button("Log out", to: "/logout", kind: "plain") : ""
        let name: Markup =
            visitorName.isEmpty
            ? "" : "<p class=\"visitor\">\(Markup.name(visitorName, countMax: 40))</p>"
        return """
            <nav aria-label="Places"><ul>\(items)</ul></nav>
            \(name)\(leave)
            """
    }

    private func isShown(_ place: Place) -> Bool {
        switch place {
        case .home, .compare, .store, .rejected: true
        case .submit, .tokens: maySubmit
        }
    }

    private static func path(_ place: Place) -> String {
        place == .home ? "/" : "/\(place.rawValue)"
    }

    private static func title(_ place: Place) -> String {
        switch place {
        case .home: "Jobs"
        case .submit: "Submit"
        case .compare: "Compare"
        case .store: "Store"
        case .rejected: "Rejected files"
        case .tokens: "Tokens"
        }
    }
}
