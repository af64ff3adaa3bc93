// Where somebody says who she is: with a token, which her system's own account has made.

package import Report

package struct LoginPage: Sendable, Hashable {
    package let frame: Frame
    /// Where to go on, below the base path.
    package let next: String
    /// Why the last try did not succeed; nil for the first.
    package let problem: String?
    /// What the form had that nobody is known to have sent.
    package let typed: TypedText?

    package init(frame: Frame, next: String, problem: String? = nil, typed: TypedText? = nil) {
        self.frame = frame
        self.next = next
        self.problem = problem
        self.typed = typed
    }

    package var markup: Markup {
        let told: Markup =
            problem.map { "<p class=\"problem\" role=\"alert\" id=\"problem\">\($0)</p>" } ?? ""
        let describes: Markup = problem == nil ? "how" : "problem how"
        return frame.page(
            "Log in", at: nil,
            """
            \(told)
            \(typed?.copy ?? "")<form method="post" action="\(frame.link("/login"))" class="login">
            <input type="hidden" name="next" value="\(next)">
            <p><label for="token">Token</label>
            <input id="token" name="token" type="password" required autocomplete="off" \
            spellcheck="false" aria-describedby="\(describes)" size="80"></p>
            <p><button type="submit">Log in</button></p>
            </form>
            <p id="how">On the server, <code>layerfold token new</code> makes a token and prints \
            it once. It has your rights there, or fewer.</p>
            <p>Logged in already, and came by a link from elsewhere? \
            <a href="\(frame.link(next))">Go on</a>.</p>
            """)
    }
}
