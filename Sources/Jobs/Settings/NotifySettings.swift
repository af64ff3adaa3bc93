// `notify:` of the settings file: what the server may send, from whom, and by what.

/// Off where the settings have no such key.
package struct NotifySettings: Sendable, Equatable {
    /// How mail leaves the machine.
    package enum Mailer: Sendable, Equatable {
        /// A program that takes a message on standard input, called with `-t -oi`.
        case program(String)
        /// A mail server on this machine, which needs no rights that a sandbox takes away.
        case server(host: String, port: Int)

        package static let usual = Mailer.program("/usr/sbin/sendmail")
    }

    package var rule = NotifyRule.nothing
    /// The address that mail comes from; nil: `layerfold` at the machine's name.
    package var from: String?
    /// Where the pages are seen from outside, without a slash at its end; nil: no links.
    package var page: String?
    package var mailer = Mailer.usual

    package init() {}

    init(_ field: Field) throws {
        let map = try FieldMap(field, "a mapping, such as `mail: true`")
        try map.refuseUnknown(
            besides: ["mail", "webhooks", "from", "page", "sendmail"], in: "`notify`")
        rule.mail = try map["mail"]?.flag() ?? false
        rule.webhooks = try map["webhooks"].map(Self.hosts) ?? []
        from = try map["from"].map { field in
            let text = try field.text(MailAddress.rule)
            guard MailAddress.isValid(text) else {
                throw field.error(
                    "not a mail address", expected: MailAddress.rule, found: field.node.found)
            }
            return text
        }
        page = try map["page"].map(Self.page)
        mailer = try map["sendmail"].map(Self.mailer) ?? .usual
    }

    private static func hosts(_ field: Field) throws -> [String] {
        try field.list("a list of hosts, or `['*']`", countMax: ManifestLimits.entriesMax).map {
            let text = try $0.text("the name of a host").lowercased()
            guard
                text == "*" || WebhookURL("https://\(text)/")?.host == text
                    || WebhookURL("https://[\(text)]/")?.host == text
            else {
                throw $0.error(
                    "not a host", expected: "a name such as `chat.example.org`, or `*`",
                    found: $0.node.found, hint: "without `https://`, port and path")
            }
            return text
        }
    }

    private static func page(_ field: Field) throws -> String {
        let expected = "an address such as `https://layerfold.example.org`"
        let text = try field.text(expected)
        guard WebhookURL(text) != nil, !text.contains("?") else {
            throw field.error("not an address", expected: expected, found: field.node.found)
        }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    private static func mailer(_ field: Field) throws -> Mailer {
        let expected = "the path of a program, or `smtp://127.0.0.1`"
        let text = try field.text(expected)
        if text.hasPrefix("/"), !text.contains("\0") { return .program(text) }
        let loopback = ["localhost", "127.0.0.1", "::1"]
        let scheme = "smtp://"
        // Read as the address of a webhook: the rules of host and port are the same.
        guard text.hasPrefix(scheme),
            let place = WebhookURL("http://" + text.dropFirst(scheme.count)),
            loopback.contains(place.host)
        else {
            throw field.error(
                "no way to send mail", expected: expected, found: field.node.found,
                hint: "the mail server of this machine knows the way to others")
        }
        let usualPort = 25
        return .server(host: place.host, port: place.namesPort ? place.port : usualPort)
    }
}
