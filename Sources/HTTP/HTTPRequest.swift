// A request as it was read, its target taken apart.

/// A whole request within the limits.
package struct HTTPRequest: Sendable, Equatable {
    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: String
    }

    package let method: String
    /// As sent, for messages: visible ASCII.
    package let target: String
    /// The path's segments, decoded; nothing is made of `.` and `..`.
    package let path: [String]
    package let query: [Field]
    /// Names in lower case.
    package let headers: [Field]
    package internal(set) var body: [UInt8] = []

    /// The first header of this name, which is in lower case.
    package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    /// Every header of this name, which is in lower case.
    package func headers(_ name: String) -> [String] {
        headers.filter { $0.name == name }.map(\.value)
    }

    /// The request without these segments at the beginning of its path; itself where the path does
    /// not begin so.
    package func below(_ folder: [String]) -> HTTPRequest {
        guard !folder.isEmpty, path.starts(with: folder) else { return self }
        var rest = Array(path.dropFirst(folder.count))
        // The folder itself is the root, with a slash behind it or without.
        if rest.isEmpty { rest = [""] }
        return HTTPRequest(
            method: method, target: target, path: rest, query: query, headers: headers, body: body)
    }

    /// Whether the body is what a form of a page sends.
    package var isForm: Bool {
        let type = header("content-type")?.prefix { $0 != ";" }.lowercased() ?? ""
        return type.filter { $0 != " " && $0 != "\t" } == "application/x-www-form-urlencoded"
    }

    /// The first value of this name in the query.
    package func query(_ name: String) -> String? { query.first { $0.name == name }?.value }
}

/// Taking apart what stands between method and version.
enum RequestTarget {
    /// - Parameter target: visible ASCII that begins with a slash.
    static func parse(
        _ target: String
    ) throws(HTTPRefusal) -> (path: [String], query: [HTTPRequest.Field]) {
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var path: [String] = []
        for part in halves[0].dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            path.append(try visible(part))
        }
        var query: [HTTPRequest.Field] = []
        for item in halves.dropFirst().joined().split(separator: "&") {
            let sides = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query.append(
                .init(
                    name: try visible(spaced(sides[0])),
                    value: try visible(spaced(sides.dropFirst().last ?? ""))))
        }
        return (path, query)
    }

    /// Forms of browsers write a space as a plus, and a plus as %2B.
    private static func spaced(_ text: Substring) -> Substring {
        text.contains("+") ? Substring(text.replacing("+", with: " ")) : text
    }

    private static func visible(_ text: Substring) throws(HTTPRefusal) -> String {
        guard let bytes = PercentCode.decoded(text.utf8) else {
            throw .malformed("a `%` in the target is not followed by two digits")
        }
        guard let text = String(validating: bytes, as: UTF8.self),
            bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { throw .malformed("the target is no visible text") }
        return text
    }
}

/// Undoing %XX.
enum PercentCode {
    /// Nil where a `%` is not followed by two digits.
    static func decoded(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = Array(text)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit),
                let low = rest.popFirst().flatMap(digit)
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
