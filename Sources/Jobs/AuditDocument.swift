// Who did what: what `layerfold audit` gets from the daemon.

/// An act of a person.
package struct AuditEvent: Sendable, Equatable, Codable {
    /// Place in the log.
    package var sequence: Int
    /// Milliseconds since 1970 UTC.
    package var atMilliseconds: Int
    /// User number: the kernel's word.
    package var user: Int
    /// `submit`, `cancel`, ...
    package var verb: String
    package var job: String?
    /// Whether it was done as an administrator.
    package var isAdmin: Bool

    package init(
        sequence: Int, atMilliseconds: Int, user: Int, verb: String, job: String?, isAdmin: Bool
    ) {
        self.sequence = sequence
        self.atMilliseconds = atMilliseconds
        self.user = user
        self.verb = verb
        self.job = job
        self.isAdmin = isAdmin
    }

    private enum CodingKeys: String, CodingKey {
        case user, verb, job
        case sequence = "seq"
        case atMilliseconds = "at_ms"
        case isAdmin = "admin"
    }
}

/// A part of the audit log, the newest first.
package struct AuditList: Sendable, Equatable, Codable {
    package var events: [AuditEvent]
    /// For `after` of the next question; nil where there is nothing older.
    package var next: Int?

    package init(events: [AuditEvent], next: Int?) {
        self.events = events
        self.next = next
    }
}
