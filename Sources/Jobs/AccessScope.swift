// What somebody may do who comes in over the network, and the documents of `/v1/tokens`.

/// How much of a person's rights a token or a visitor has.
package enum AccessScope: String, Sendable, Hashable, Codable, Comparable, CaseIterable {
    /// Sees, and changes nothing.
    case read
    /// Submits jobs and changes those of its person.
    case submit
    /// Whatever an admin may, as long as its person is one.
    case admin

    private var rank: Int {
        switch self {
        case .read: 0
        case .submit: 1
        case .admin: 2
        }
    }

    package static func < (one: AccessScope, other: AccessScope) -> Bool { one.rank < other.rank }
}

/// A token as people see it: without its secret, which nobody has but who got it.
package struct TokenSummary: Sendable, Equatable, Codable {
    package var id: String
    /// User number of who made it, whose rights it has.
    package var user: Int
    package var scope: AccessScope
    /// Words of who made it.
    package var name: String
    package var madeAtMilliseconds: Int
    package var expiresAtMilliseconds: Int
    /// To the hour; nil until it is used.
    package var usedAtMilliseconds: Int?

    package init(
        id: String, user: Int, scope: AccessScope, name: String, madeAtMilliseconds: Int,
        expiresAtMilliseconds: Int, usedAtMilliseconds: Int? = nil
    ) {
        self.id = id
        self.user = user
        self.scope = scope
        self.name = name
        self.madeAtMilliseconds = madeAtMilliseconds
        self.expiresAtMilliseconds = expiresAtMilliseconds
        self.usedAtMilliseconds = usedAtMilliseconds
    }

    private enum CodingKeys: String, CodingKey {
        case id, user, scope, name
        case madeAtMilliseconds = "made_at_ms"
        case expiresAtMilliseconds = "expires_at_ms"
        case usedAtMilliseconds = "used_at_ms"
    }
}

package struct TokenList: Sendable, Equatable, Codable {
    /// The oldest first.
    package var tokens: [TokenSummary]

    package init(tokens: [TokenSummary]) { self.tokens = tokens }
}

/// The body of `POST /v1/tokens`; what is left out has the default.
package struct TokenRequest: Sendable, Equatable, Codable {
    package static let bytesMax = 4_096
    package static let nameBytesMax = 100
    package static let daysDefault = 90
    package static let daysMax = 3_650

    /// Default: submit.
    package var scope: AccessScope?
    package var name: String?
    /// How long it counts. Default: 90.
    package var days: Int?

    package init(scope: AccessScope? = nil, name: String? = nil, days: Int? = nil) {
        self.scope = scope
        self.name = name
        self.days = days
    }
}

/// A token that was just made.
package struct NewToken: Sendable, Equatable, Codable {
    /// What its person keeps: it is said this once.
    package var token: String
    package var summary: TokenSummary

    package init(token: String, summary: TokenSummary) {
        self.token = token
        self.summary = summary
    }
}
