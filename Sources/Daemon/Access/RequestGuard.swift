// What no request of a browser that was led here by another's page gets past: names of hosts, and
// origins. Over the unix socket as well, which a browser reaches through a proxy or by `ssh -L`.
// Pure.

import Failures
import HTTP

enum RequestGuard {
    /// - Parameter hosts: names by which browsers may ask, besides `localhost` and addresses.
    /// - Throws: `HTTPRefusal`.
    static func check(
        _ request: HTTPRequest, _ arrival: Arrival, hosts: [String]
    ) throws(HTTPRefusal) {
        try checkHost(request.header("host"), hosts)
        try checkOrigin(request, arrival)
        try checkSite(request)
    }

    static func isChange(_ request: HTTPRequest) -> Bool {
        request.method != "GET" && request.method != "HEAD"
    }

    // MARK: Hosts

    /// Somebody's page may name a host that leads here all of a sudden (DNS rebinding): then the
    /// browser takes us for that page's own server. Addresses are nobody's to lead elsewhere.
    private static func checkHost(_ host: String?, _ hosts: [String]) throws(HTTPRefusal) {
        // Browsers send one; programs of HTTP/1.0 need not.
        guard let host else { return }
        let name = Authority(host)?.name
        if let name, name == "localhost" || hosts.contains(name) || IPAddress(name) != nil {
            return
        }
        throw HTTPRefusal(
            status: 421,
            message: "`\(OneLine.text(host, bytesMax: 200))` is no name of this server; if it is, "
                + "add it to `hosts` in the server's settings")
    }

    // MARK: Origins

    private static func checkOrigin(
        _ request: HTTPRequest, _ arrival: Arrival
    ) throws(HTTPRefusal) {
        guard let origin = request.header("origin") else { return }
        let parts = origin.split(separator: ":", maxSplits: 1).map(String.init)
        let scheme = parts.first?.lowercased() ?? ""
        if parts.count == 2, parts[1].hasPrefix("//"),
            scheme == "https" || (scheme == "http" && arrival.isSecure != true),
            let from = Authority(String(parts[1].dropFirst(2))),
            let here = request.header("host").flatMap(Authority.init),
            from.name == here.name, from.port(scheme) == here.port(scheme)
        {
            return
        }
        throw HTTPRefusal(
            status: 403,
            message: "`\(OneLine.text(origin, bytesMax: 200))` is another server's page, and may "
                + "ask nothing here; behind a proxy: it has to pass `Host` on as it came")
    }

    /// What a browser itself says of the page that asks (Fetch Metadata).
    private static func checkSite(_ request: HTTPRequest) throws(HTTPRefusal) {
        let site = request.header("sec-fetch-site")
        guard isChange(request) else {
            // A link may lead here from anywhere; pictures, frames and scripts of others' may not.
            let isLink =
                request.header("sec-fetch-mode") == "navigate"
                && [nil, "document"].contains(request.header("sec-fetch-dest"))
            guard [nil, "same-origin", "none"].contains(site) || isLink else {
                throw HTTPRefusal(
                    status: 403, message: "another server's page may show nothing of this one")
            }
            return
        }
        guard [nil, "same-origin", "none"].contains(site) else {
            throw HTTPRefusal(
                status: 403, message: "another server's page may change nothing here")
        }
        // A browser that says neither is too old to be told from another's page.
        guard site != nil || request.header("origin") != nil || request.header("cookie") == nil
        else {
            throw HTTPRefusal(
                status: 403,
                message: "a change that comes with a cookie needs the header `Origin`; programs "
                    + "send `Authorization: Bearer TOKEN` instead")
        }
    }
}

/// A host with its port, as `Host` and `Origin` have it.
struct Authority: Hashable {
    /// In lower case, of an IPv6 address without its brackets.
    let name: String
    private let port: Int?

    init?(_ text: String) {
        var rest = text[...]
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            name = rest[rest.index(after: rest.startIndex)..<end].lowercased()
            guard name.contains(":"), IPAddress(name) != nil else { return nil }
            rest = rest[rest.index(after: end)...]
        } else {
            let head = rest.prefix { $0 != ":" }
            rest = rest[head.endIndex...]
            // A point at the end is the same name.
            name = (head.last == "." ? head.dropLast() : head).lowercased()
        }
        guard !name.isEmpty else { return nil }
        if rest.isEmpty {
            port = nil
            return
        }
        let digits = rest.dropFirst()
        guard rest.first == ":", (1...5).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = Int(digits), number <= 65_535
        else { return nil }
        port = number
    }

    /// The port, or what the scheme has where none is said.
    func port(_ scheme: String) -> Int { port ?? (scheme == "https" ? 443 : 80) }
}
