// Who asks, and how much of that person's rights the way she came by gives her: what every route
// gets to know.

package import Jobs

/// Somebody at the API or at a page.
package struct Visitor: Sendable, Hashable {
    package typealias Scope = AccessScope

    /// Whose rights count. An admin only where the scope is `admin` as well.
    package let caller: Caller
    package let scope: Scope
    /// What each form that changes something sends back; nobody else's page can know it.
    package let formToken: String
    /// What all addresses begin with: empty, or `/layerfold`.
    package let basePath: String
    /// As the system spells it.
    package let name: String
    /// The token by which she came; nil where the kernel or a proxy says who she is.
    package let token: String?
    /// Came by a login, which has an end.
    package let hasSession: Bool

    package init(
        caller: Caller, scope: Scope, formToken: String, basePath: String, name: String,
        token: String? = nil, hasSession: Bool = false
    ) {
        self.caller = caller
        self.scope = scope
        self.formToken = formToken
        self.basePath = basePath
        self.name = name
        self.token = token
        self.hasSession = hasSession
    }

    /// Somebody whom the kernel knows, with all rights that she has.
    package init(
        known caller: Caller, formToken: String = "", basePath: String = "", name: String? = nil
    ) {
        self.init(
            caller: caller, scope: caller.isAdmin ? .admin : .submit, formToken: formToken,
            basePath: basePath, name: name ?? "\(caller.user)")
    }

    /// Somebody of whom nothing is known, at a route that is open to all.
    package static func nobody(basePath: String) -> Visitor {
        Visitor(
            caller: Caller(user: -1, isAdmin: false), scope: .read, formToken: "",
            basePath: basePath, name: "")
    }

    /// - Throws: `ErrorDocument` where she may not do what needs this scope.
    func require(_ needed: Scope) throws(ErrorDocument) {
        guard scope < needed else { return }
        throw ErrorDocument(
            code: .forbidden,
            message: needed == .admin
                ? "this is for admins"
                    + (token == nil ? "" : ", with a token of the scope `admin`")
                : "the token `\(token ?? "")` may look and change nothing: use one of the scope "
                    + "`\(needed.rawValue)`")
    }
}
