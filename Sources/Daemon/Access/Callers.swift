// Who a connection belongs to, and what that person may see. What people may change is asked of the
// queue, with the caller.

package import HTTP
package import Jobs

/// Makes callers of peers.
package struct Callers: Sendable {
    private let daemonUser: Int
    private let adminGroup: Int?
    private let unknownUser: Int

    /// - Parameters:
    ///   - daemonUser: is an admin, as root is.
    ///   - adminGroup: number of the group whose members are admins.
    ///   - unknownUser: what the kernel says where a user has no number here.
    package init(daemonUser: Int, adminGroup: Int?, unknownUser: Int = 65_534) {
        self.daemonUser = daemonUser
        self.adminGroup = adminGroup
        self.unknownUser = unknownUser
    }

    /// - Throws: `ErrorDocument` where the kernel does not say who it is.
    package func caller(_ peer: Peer) throws(ErrorDocument) -> Caller {
        guard let user = peer.user, user != unknownUser else {
            throw ErrorDocument(
                code: .forbidden,
                message:
                    "the system does not say who you are: connect to the daemon's unix socket, "
                    + "from where users have the numbers that they have for the daemon")
        }
        let isMember = adminGroup.map(peer.groups.contains) ?? false
        return Caller(user: user, isAdmin: user == 0 || user == daemonUser || isMember)
    }
}

/// What people may see of one another.
package struct Visibility: Sendable, Hashable {
    /// Whether people see their own jobs only.
    package let isPrivate: Bool

    package init(isPrivate: Bool) { self.isPrivate = isPrivate }

    package func shows(jobOf owner: Int, to caller: Caller) -> Bool {
        !isPrivate || caller.mayChange(jobOf: owner)
    }

    /// The user whose jobs alone the caller sees; nil for all.
    package func limit(for caller: Caller) -> Int? {
        isPrivate && !caller.isAdmin ? caller.user : nil
    }
}
