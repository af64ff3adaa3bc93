// A visitor's tokens: which there are, a new one, away with an old one.

package import Jobs
package import Report

package struct TokensPage: Sendable, Hashable {
    /// A token as the page shows it.
    package struct Row: Sendable, Hashable {
        package let id: String
        package let user: String
        package let scope: AccessScope
        package let name: String
        /// As people read them; empty where it was never used.
        package let made: String
        package let expires: String
        package let used: String

        package init(
            id: String, user: String, scope: AccessScope, name: String, made: String,
            expires: String, used: String
        ) {
            self.id = id
            self.user = user
            self.scope = scope
            self.name = name
            self.made = made
            self.expires = expires
            self.used = used
        }
    }

    package let frame: Frame
    package let rows: [Row]
    /// What a token of the visitor's may be at most; nil where she makes none here.
    package let scopeMax: AccessScope?
    /// A token that was just made, to be shown this once.
    package let new: String?
    package let problem: String?

    package init(
        frame: Frame, rows: [Row], scopeMax: AccessScope?, new: String? = nil,
        problem: String? = nil
    ) {
        self.frame = frame
        self.rows = rows
        self.scopeMax = scopeMax
        self.new = new
        self.problem = problem
    }

    package var markup: Markup {
        frame.page("Tokens", at: .tokens, "\(told)\(table)\(form)")
    }

    private var told: Markup {
        var markup: Markup =
            problem.map { "<p class=\"problem\" role=\"alert\">\($0)</p>\n" } ?? ""
        if let new {
            markup += """
                <section class="new" role="status"><h2>A new token</h2>
                <p>Keep it now: it is not shown again.</p>
                <p><code class="copy">\(new)</code></p></section>

                """
        }
        return markup
    }

    private var table: Markup {
        if rows.isEmpty { return "<p>There are no tokens.</p>\n" }
        let lines: [Markup] = rows.map { row in
            """
            <tr><th scope="row"><code>\(row.id)</code></th><td>\(Markup.name(row.name))</td>\
            <td>\(row.user)</td><td>\(row.scope.rawValue)</td><td>\(row.made)</td>\
            <td>\(row.expires)</td><td>\(row.used.isEmpty ? "never" : row.used)</td>\
            <td>\(revoke(row))</td></tr>

            """
        }
        return """
            <div class="scroll" tabindex="0" role="region" aria-label="Tokens"><table>
            <thead><tr><th scope="col">Token</th><th scope="col">Name</th>\
            <th scope="col">User</th><th scope="col">May</th><th scope="col">Made</th>\
            <th scope="col">Until</th><th scope="col">Used</th>\
            <th scope="col"><span class="unseen">Revoke</span></th></tr></thead>
            <tbody>
            \(lines)</tbody></table></div>

            """
    }

    private func revoke(_ row: Row) -> Markup {
        guard frame.maySubmit else { return "" }
        return """
            <form method="post" action="\(frame.link("/tokens/revoke"))">\(frame.tokenField)\
            <input type="hidden" name="id" value="\(row.id)">\
            <button type="submit" aria-label="Revoke \(row.id)">Revoke</button></form>
            """
    }

    private var form: Markup {
        guard let scopeMax else {
            return """
                <p>Who came by a token makes none here: on the server, \
                <code>layerfold token new</code> does.</p>

                """
        }
        let choices: [Markup] = AccessScope.allCases.filter { $0 <= scopeMax }.map { scope in
            let mark: Markup = scope == .submit ? " selected" : ""
            return "<option value=\"\(scope.rawValue)\"\(mark)>\(Self.words(scope))</option>"
        }
        return """
            <h2>Make a token</h2>
            <form method="post" action="\(frame.link("/tokens"))">\(frame.tokenField)
            <p><label for="name">What it is for</label>
            <input id="name" name="name" maxlength="\(TokenRequest.nameBytesMax)" size="40"></p>
            <p><label for="scope">It may</label>
            <select id="scope" name="scope">\(choices)</select></p>
            <p><label for="days">Days</label>
            <input id="days" name="days" type="number" min="1" max="\(TokenRequest.daysMax)" \
            value="\(TokenRequest.daysDefault)" required></p>
            <p><button type="submit">Make a token</button></p>
            </form>

            """
    }

    private static func words(_ scope: AccessScope) -> String {
        switch scope {
        case .read: "look, and change nothing"
        case .submit: "submit jobs, and change mine"
        case .admin: "do what an admin may"
        }
    }
}
