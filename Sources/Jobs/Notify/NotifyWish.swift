// What somebody wants to be told, and how: of one job in its manifest, or of all of one's jobs.

/// The key `notify` of a manifest, and what `layerfold notify set` keeps. Its JSON is the key's
/// value again.
package struct NotifyWish: Sendable, Equatable, Codable {
    /// What somebody may want to be told of.
    package enum Occasion: String, Sendable, Codable, CaseIterable {
        /// The job's results are in place.
        case done
        case failed
        /// The last unfinished job of its owner has ended: one letter for all that ended since
        /// the last one of these.
        case last
    }

    /// Where letters go.
    package enum Mailbox: Sendable, Equatable, Codable {
        /// The owner's own on the server: the user's name at the host of the setting `from`.
        case owner
        /// An address that `MailAddress.isValid` takes.
        case address(String)

        package init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let isOwner = try? container.decode(Bool.self), isOwner {
                self = .owner
            } else {
                self = .address(try container.decode(String.self))
            }
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .owner: try container.encode(true)
            case .address(let address): try container.encode(address)
            }
        }
    }

    package static let usualOccasions: [Occasion] = [.done, .failed]

    /// Nil: no mail.
    package var mail: Mailbox?
    /// Nil: no webhook.
    package var webhook: String?
    /// In the order of their declaration, each once.
    package var on: [Occasion]

    package init(
        mail: Mailbox? = nil, webhook: String? = nil, on: [Occasion] = NotifyWish.usualOccasions
    ) {
        self.mail = mail
        self.webhook = webhook
        self.on = Occasion.allCases.filter(on.contains)
    }
}

/// Addresses as they may stand in a header and go to a mail program: the plain ones of RFC 5321,
/// without quotes, comments and lists.
package enum MailAddress {
    package static let rule = "an address such as `ada@example.org`"
    private static let bytesMax = 254

    package static func isValid(_ text: String) -> Bool {
        guard text.utf8.count <= bytesMax else { return false }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && isLocalPart(parts[0]) && isHost(parts[1])
    }

    /// `[A-Za-z0-9]` with `.`, `_`, `+`, `-` and `=` between: also what a user's name has to be to
    /// stand before an `@`.
    package static func isLocalPart(_ text: some StringProtocol) -> Bool {
        guard (1...64).contains(text.utf8.count), let first = text.utf8.first,
            isWord(first) || first == UInt8(ascii: "_"), text.last != ".",
            !text.contains("..")
        else { return false }
        return text.utf8.allSatisfy { isWord($0) || "._+-=".utf8.contains($0) }
    }

    /// Labels of letters, digits and `-`.
    package static func isHost(_ text: some StringProtocol) -> Bool {
        guard text.utf8.count <= 253 else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            guard (1...63).contains(label.utf8.count), label.first != "-",
                label.last != "-"
            else { return false }
            return label.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: "-") }
        }
    }

    static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
