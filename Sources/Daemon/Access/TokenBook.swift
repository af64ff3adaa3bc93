// The tokens that there are. Pure: what is found, added and taken away; times and secrets come in.

package import Jobs
import Store

/// A token as it is kept.
package struct TokenRecord: Sendable, Equatable, Codable {
    package var summary: TokenSummary
    /// SHA-256 of the whole token, in hexadecimal digits.
    var digest: String

    init(summary: TokenSummary, digest: String) {
        self.summary = summary
        self.digest = digest
    }

    private enum CodingKeys: String, CodingKey { case digest = "sha256" }

    package init(from decoder: any Decoder) throws {
        summary = try TokenSummary(from: decoder)
        digest = try decoder.container(keyedBy: CodingKeys.self).decode(
            String.self, forKey: .digest)
    }

    package func encode(to encoder: any Encoder) throws {
        try summary.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(digest, forKey: .digest)
    }
}

/// What its person keeps: `lf_`, the id, `_`, and 64 digits that nobody else has.
struct TokenText {
    let id: String
    let text: String

    private static let prefix = "lf_"
    private static let idCount = 8
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")

    init(_ secret: Secret, id: String) {
        self.id = id
        text = Self.prefix + id + "_" + secret.hex
    }

    /// Nil for what cannot be a token.
    init?(_ text: String) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard text.utf8.count <= 128, parts.count == 3, parts[0] == "lf",
            Self.isID(parts[1]), Secret(hex: parts[2]) != nil
        else { return nil }
        id = String(parts[1])
        self.text = text
    }

    var digest: String { Digest(of: text).hex }

    static func isID(_ text: some StringProtocol) -> Bool {
        text.utf8.count == idCount && text.allSatisfy { alphabet.contains($0) }
    }

    static func newID() -> String {
        var generator = SystemRandomNumberGenerator()
        return String(
            (0..<idCount).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            })
    }
}

/// All tokens of a server.
package struct TokenBook: Sendable, Equatable, Codable {
    package static let currentVersion = 1
    /// Of one user, and of all.
    package static let perUserMax = 50
    package static let countMax = 10_000
    static let bytesMax = 8_388_608
    private static let hour = 3_600_000
    /// How long one that has expired is still shown.
    private static let shownMilliseconds = 30 * 24 * hour

    var version = currentVersion
    /// The oldest first.
    package private(set) var tokens: [TokenRecord] = []

    package init() {}

    enum Finding: Equatable {
        case good(TokenRecord)
        /// It was right, until then.
        case expired(TokenSummary)
        case unknown
    }

    /// - Parameter text: what somebody says that her token is.
    func find(_ text: String, now: Int) -> Finding {
        guard let token = TokenText(text) else { return .unknown }
        let record = tokens.first { $0.summary.id == token.id }
        // Held against something in any case: how long it takes says nothing of ids.
        let isSame = Comparison.isSame(token.digest, record?.digest ?? Digest(of: "").hex)
        guard let record, isSame else { return .unknown }
        return record.summary.expiresAtMilliseconds > now
            ? .good(record) : .expired(record.summary)
    }

    /// A token that somebody came by before; nil where it does not count any more.
    func valid(_ id: String, now: Int) -> TokenRecord? {
        tokens.first { $0.summary.id == id && $0.summary.expiresAtMilliseconds > now }
    }

    /// - Throws: `ErrorDocument` where there are too many.
    mutating func add(_ record: TokenRecord, now: Int) throws(ErrorDocument) {
        tokens.removeAll { $0.summary.expiresAtMilliseconds <= now - Self.shownMilliseconds }
        let own = tokens.count {
            $0.summary.user == record.summary.user && $0.summary.expiresAtMilliseconds > now
        }
        guard own < Self.perUserMax, tokens.count < Self.countMax else {
            throw ErrorDocument(
                code: .refused,
                message: own < Self.perUserMax
                    ? "the server has \(tokens.count) tokens, and keeps no more: revoke some"
                    : "you have \(own) tokens, and may have no more: revoke one "
                        + "(`layerfold token ls`, `layerfold token revoke ID`)")
        }
        tokens.append(record)
    }

    /// - Returns: what was taken away; nil where it is not there.
    mutating func remove(_ id: String) -> TokenRecord? {
        guard let index = tokens.firstIndex(where: { $0.summary.id == id }) else { return nil }
        return tokens.remove(at: index)
    }

    /// Notes that a token was used, to the hour.
    /// - Returns: whether that is news.
    mutating func use(_ id: String, now: Int) -> Bool {
        guard let index = tokens.firstIndex(where: { $0.summary.id == id }) else { return false }
        let time = now - now % Self.hour
        guard tokens[index].summary.usedAtMilliseconds != time else { return false }
        tokens[index].summary.usedAtMilliseconds = time
        return true
    }
}
