// `listen`, `base_path`, `hosts` and `proxy` of the settings file: how the daemon is reached over
// TCP, and whom it believes what a header says.

import Glibc

/// An address to listen at.
package struct ListenSetting: Sendable, Hashable {
    /// Of IPv4 or IPv6, without brackets.
    package let host: String
    /// 0 for any that is free.
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    private static let expected = "an address with a port, such as 127.0.0.1:8470, or a port"

    /// One, or a list of them.
    static func parse(_ field: Field, beyondLoopback: Bool) throws -> [ListenSetting] {
        if (try? field.text()) != nil { return [try one(field, beyondLoopback)] }
        return try field.list(expected, countMax: 16).map { try one($0, beyondLoopback) }
    }

    private static func one(_ field: Field, _ beyondLoopback: Bool) throws -> ListenSetting {
        let text = try field.text(expected)
        var (host, digits) = ("127.0.0.1", text[...])
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = String(text[text.index(after: text.startIndex)..<end])
            digits = text[text.index(after: end)...]
            guard digits.popFirst() == ":", family(of: host) == AF_INET6 else {
                throw wrong(field)
            }
        } else if let colon = text.lastIndex(of: ":") {
            host = String(text[..<colon])
            digits = text[text.index(after: colon)...]
            if host == "localhost" { host = "127.0.0.1" }
            guard family(of: host) == AF_INET else { throw wrong(field) }
        }
        guard (1...5).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = Int(digits), port <= 65_535
        else { throw wrong(field) }
        let isLoopback = host.hasPrefix("127.") || host == "::1"
        guard isLoopback || beyondLoopback else {
            throw field.error(
                "not an address of this machine alone", expected: "127.0.0.1:\(port)",
                found: field.node.found,
                hint: "tokens would cross the network for all to read: put a proxy that speaks "
                    + "TLS before it, or set `listen_beyond_loopback: true`")
        }
        return ListenSetting(host: host, port: port)
    }

    private static func wrong(_ field: Field) -> ManifestError {
        field.error(
            "not an address", expected: expected, found: field.node.found,
            hint: "an address of IPv6 stands in brackets and quotes: \"[::1]:8470\"")
    }

    /// AF_INET or AF_INET6; 0 for what is no address.
    static func family(of text: String) -> CInt {
        var (four, six) = (in_addr(), in6_addr())
        guard !text.utf8.contains(0) else { return 0 }
        if unsafe inet_pton(AF_INET, text, &four) == 1 { return AF_INET }
        return unsafe inet_pton(AF_INET6, text, &six) == 1 ? AF_INET6 : 0
    }
}

/// A reverse proxy, which says who somebody is that it has let in.
package struct ProxySettings: Sendable, Equatable {
    package enum Source: Sendable, Hashable {
        case address(String)
        /// Comes over the unix socket, as this user.
        case user(String)
    }

    /// From where it comes; from elsewhere its headers count for nothing.
    package var from: [Source]
    /// Where the name of the user stands, in lower case; nil where it names nobody.
    package var userHeader: String?

    package init(from: [Source], userHeader: String? = nil) {
        self.from = from
        self.userHeader = userHeader
    }

    static func parse(_ field: Field) throws -> ProxySettings {
        let map = try FieldMap(field, "a mapping, such as `from: [unix:caddy]`")
        try map.refuseUnknown(besides: ["from", "user_header"], in: "`proxy`")
        let from = try map.required("from", hint: "add one, such as `from: [unix:caddy]`")
        let sources = try from.list("a list of addresses and users", countMax: 64).map(source)
        guard !sources.isEmpty else {
            throw from.error(
                "no proxy is named", expected: "addresses and users, such as [unix:caddy]",
                hint: "name one, or take `proxy` out")
        }
        return ProxySettings(from: sources, userHeader: try map["user_header"].map(header))
    }

    private static func source(_ field: Field) throws -> Source {
        let expected = "an address, such as 127.0.0.1, or unix: and a user, such as unix:caddy"
        let text = try field.text(expected)
        if text.hasPrefix("unix:") {
            let name = String(text.dropFirst(5))
            guard !name.isEmpty, name.utf8.count <= 256,
                name.allSatisfy({ $0.isLetter || $0.isNumber || "._-@\\$".contains($0) })
            else { throw field.error("not a user", expected: expected, found: field.node.found) }
            return .user(name)
        }
        guard ListenSetting.family(of: text) != 0 else {
            throw field.error("not an address", expected: expected, found: field.node.found)
        }
        return .address(text)
    }

    private static func header(_ field: Field) throws -> String {
        let name = try field.text("the name of a header, such as X-Forwarded-User").lowercased()
        let isName =
            (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
        let taken = [
            "authorization", "cookie", "host", "origin", "x-forwarded-for", "x-forwarded-proto",
        ]
        guard isName, !taken.contains(name) else {
            throw field.error(
                "not a header that can name a user", expected: "a header of its own",
                found: field.node.found)
        }
        return name
    }
}

enum PublicName {
    /// A name by which browsers ask for the daemon, without a port.
    static func host(_ field: Field) throws -> String {
        let text = try field.text("a name, such as layerfold.example.org").lowercased()
        let isName =
            (1...253).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                    true
                default: false
                }
            } && !text.hasPrefix(".") && !text.hasSuffix(".") && !text.contains("..")
        guard isName else {
            throw field.error(
                "not a name of a host", expected: "a name without `https://`, port and path",
                found: field.node.found)
        }
        return text
    }

    /// What all addresses begin with; empty for nothing.
    static func basePath(_ field: Field) throws -> String {
        let text = try field.text("a path, such as /layerfold")
        let path = text.hasSuffix("/") ? String(text.dropLast()) : text
        if path.isEmpty, text == "/" { return "" }
        let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy { part in
            !part.isEmpty && part != "." && part != ".."
                && part.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"),
                        UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"):
                        true
                    default: "-._~".utf8.contains(byte)
                    }
                }
        }
        guard path.hasPrefix("/"), isPlain, path.utf8.count <= 200 else {
            throw field.error(
                "not a path", expected: "letters, digits and -._~ between slashes",
                found: field.node.found)
        }
        guard parts.first != "v1" else {
            throw field.error(
                "the API's own path", expected: "another one, such as /layerfold",
                found: field.node.found)
        }
        return path
    }
}
