// The note beside a rejected file: the error, and what it is about.

import Foundation
package import Jobs

/// `NAME.error.json`. A `ManifestError` with more beside it: who reads only that, reads on.
package struct RejectedFile: Sendable, Equatable, Codable {
    package static let bytesMax = 262_144

    /// The name in the inbox, on one line.
    package var file: String
    package var reason: Refusal.Reason
    /// The file's owner; nil where the name does not say who put it there (hard links).
    package var owner: Int?
    /// Milliseconds since 1970 UTC.
    package var rejectedAtMilliseconds: Int
    package var error: ManifestError

    package init(
        file: String, reason: Refusal.Reason, owner: Int?, rejectedAtMilliseconds: Int,
        error: ManifestError
    ) {
        self.file = file
        self.reason = reason
        self.owner = owner
        self.rejectedAtMilliseconds = rejectedAtMilliseconds
        self.error = error
    }

    private enum CodingKeys: String, CodingKey {
        case file, reason, owner
        case rejectedAtMilliseconds = "rejected_at_ms"
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        file = try container.decode(String.self, forKey: .file)
        reason = try container.decode(Refusal.Reason.self, forKey: .reason)
        owner = try container.decodeIfPresent(Int.self, forKey: .owner)
        rejectedAtMilliseconds = try container.decode(Int.self, forKey: .rejectedAtMilliseconds)
        error = try ManifestError(from: decoder)
    }

    package func encode(to encoder: any Encoder) throws {
        try error.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(file, forKey: .file)
        try container.encode(reason, forKey: .reason)
        try container.encodeIfPresent(owner, forKey: .owner)
        try container.encode(rejectedAtMilliseconds, forKey: .rejectedAtMilliseconds)
    }
}
