// Where a login leads to, and where it leads back: never to another server. Pure.

import HTTP

enum LoginAddress {
    private static let bytesMax = 2_048

    /// The login, from where somebody gets to what she asked for.
    static func make(for request: HTTPRequest, basePath: String) -> String {
        let next = request.method == "GET" ? wayBack(below(request.target, basePath)) : "/"
        return basePath + "/login" + (next == "/" ? "" : "?next=" + escaped(next))
    }

    /// What is asked for below the base path, which stands before it or was taken away on the way.
    private static func below(_ target: String, _ basePath: String) -> String {
        guard !basePath.isEmpty, target.hasPrefix(basePath) else { return target }
        let rest = String(target.dropFirst(basePath.count))
        // `/layerfold` and `/layerfold?a=b` are the first page, `/layerfolder` is something else.
        if rest.isEmpty || rest.hasPrefix("?") { return "/" + rest }
        return rest.hasPrefix("/") ? rest : target
    }

    /// A path below the base path; the first page for anything that would lead elsewhere.
    static func wayBack(_ next: String?) -> String {
        guard let next, next.utf8.count <= bytesMax, next.hasPrefix("/"),
            // Browsers take `//` and `/\` for the beginning of another server's name.
            !next.hasPrefix("//"), !next.utf8.contains(UInt8(ascii: "\\")),
            next.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return "/" }
        return next
    }

    private static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "/"), UInt8(ascii: "-"),
                UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }
}
