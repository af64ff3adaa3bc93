// Addresses of webhooks: a small part of what RFC 3986 allows, so that we and the program that
// connects cannot read one differently. Who connects looks at the host's addresses again.

/// `https://HOST[:PORT][/PATH][?QUERY]`, or `http://` where the host is this machine.
package struct WebhookURL: Sendable, Hashable {
    package enum Scheme: String, Sendable { case https, http }

    package let text: String
    package let scheme: Scheme
    /// In lower case; an address of IPv6 without its brackets.
    package let host: String
    package let port: Int
    /// Whether the port is written out.
    package let namesPort: Bool
    package var isIPv6: Bool { host.contains(":") }

    package static let rule = "an address such as `https://chat.example.org/hooks/abc`"
    /// Whether the name is one of this machine's for itself.
    package var isThisMachine: Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }

    private static let bytesMax = 2_048
    /// What may stand behind the host. Not `#`, which no server sees, and nothing that a program
    /// would take for a pattern.
    private static let pathSigns = "-._~:/?@!$&'()*+,;=%".utf8

    /// - Returns: nil for what is not such an address.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.bytesMax, let colon = text.firstRange(of: "://"),
            let scheme = Scheme(rawValue: text[..<colon.lowerBound].lowercased())
        else { return nil }
        let rest = text[colon.upperBound...]
        let authority = rest.prefix { !"/?".contains($0) }
        let tail = rest[authority.endIndex...]
        guard tail.utf8.allSatisfy({ MailAddress.isWord($0) || Self.pathSigns.contains($0) }),
            let place = Self.place(authority, usual: scheme == .https ? 443 : 80)
        else { return nil }
        self.text = text
        self.scheme = scheme
        (host, port, namesPort) = place
    }

    /// No `user:password@`: where it ends is read in more than one way.
    private static func place(
        _ text: Substring, usual: Int
    ) -> (host: String, port: Int, namesPort: Bool)? {
        var (host, rest) = (text.prefix { $0 != ":" }, text.drop { $0 != ":" })
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
            guard host.contains(":"), (2...45).contains(host.utf8.count),
                host.allSatisfy({ $0.isHexDigit && $0.isASCII || ":.".contains($0) })
            else { return nil }
        } else {
            guard MailAddress.isHost(host), !looksLikeNumber(host) || isPlainIPv4(host) else {
                return nil
            }
        }
        guard !rest.isEmpty else { return (host.lowercased(), usual, false) }
        let digits = rest.dropFirst()
        guard rest.hasPrefix(":"), (1...5).contains(digits.count),
            digits.allSatisfy({ $0.isASCII && $0.isNumber }),
            let port = Int(digits), (1...65_535).contains(port)
        else { return nil }
        return (host.lowercased(), port, true)
    }

    /// `2130706433`, `0x7f.1` and the like are addresses to some programs.
    private static func looksLikeNumber(_ host: Substring) -> Bool {
        guard let last = host.split(separator: ".").last else { return true }
        return last.allSatisfy(\.isNumber) || last.lowercased().hasPrefix("0x")
    }

    private static func isPlainIPv4(_ host: Substring) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in Int(part).map { $0 < 256 && "\($0)" == part } ?? false }
    }
}
