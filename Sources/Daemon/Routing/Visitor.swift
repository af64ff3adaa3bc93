// Who asks, and how much of that person's rights the way she came by gives her: what every route
// gets to know.

/// Somebody at the API or at a page.
package struct Visitor: Sendable, Hashable {
    /// What a way in allows, each more than the one before.
    package enum Scope: String, Sendable, Hashable, Comparable, CaseIterable {
        case read, submit, admin

        package static func < (left: Scope, right: Scope) -> Bool {
            (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
        }
    }

    package let caller: Caller
    package let scope: Scope
    /// What each form that changes something sends back.
    package let formToken: String
    /// What all addresses begin with: empty, or `/layerfold`.
    package let basePath: String
    /// As the system spells it.
    package let name: String

    package init(caller: Caller, scope: Scope, formToken: String, basePath: String, name: String) {
        self.caller = caller
        self.scope = scope
        self.formToken = formToken
        self.basePath = basePath
        self.name = name
    }

    /// Somebody whom the kernel knows, with all rights that she has.
    package init(
        known caller: Caller, formToken: String = "", basePath: String = "", name: String? = nil
    ) {
        self.init(
            caller: caller, scope: caller.isAdmin ? .admin : .submit, formToken: formToken,
            basePath: basePath, name: name ?? "\(caller.user)")
    }
}
