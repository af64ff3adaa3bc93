// Whom the inbox must belong to, and who may do what in it.

package enum InboxRule {
    /// What is wrong with an inbox, and what cures it; nil where nothing is.
    /// - Parameters:
    ///   - owner, permissions: of the folder; bits without the type.
    ///   - user: that the daemon runs as.
    package static func problem(
        inbox: String, owner: Int, permissions: UInt32, user: Int
    ) -> String? {
        let (members, others, sticky): (UInt32, UInt32, UInt32) = (0o020, 0o002, 0o1000)
        let mode = "0" + String(permissions, radix: 8)
        if owner != user {
            return "the inbox `\(inbox)` belongs to user \(owner), not to the daemon's user "
                + "\(user): its owner may take and forge everybody's files; chown it to \(user)"
        }
        if permissions & others != 0 {
            return "anybody on this machine may put files into the inbox `\(inbox)` (mode "
                + "\(mode)): chmod o-w it"
        }
        if permissions & members != 0, permissions & sticky == 0 {
            return "members of the group may take one another's files out of the inbox "
                + "`\(inbox)` (mode \(mode)): chmod +t it"
        }
        return nil
    }
}
