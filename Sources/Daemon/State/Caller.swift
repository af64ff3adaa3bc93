// Who asks, by the kernel's word.

/// A person at the socket, or the owner of a file.
package struct Caller: Sendable, Hashable {
    /// A user number.
    package let user: Int
    /// May change what is somebody else's.
    package let isAdmin: Bool

    package init(user: Int, isAdmin: Bool) {
        self.user = user
        self.isAdmin = isAdmin
    }

    package func mayChange(jobOf owner: Int) -> Bool { isAdmin || user == owner }
}
