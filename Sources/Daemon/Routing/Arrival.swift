// The way by which a request came: what the kernel says of the other end, and what a proxy says
// that is believed. Pure.

package import HTTP

/// Whom the daemon believes what a header says: `proxy` of the settings, names as numbers.
package struct TrustedProxies: Sendable, Hashable {
    package var addresses: Set<IPAddress>
    /// User numbers, over the unix socket.
    package var users: Set<Int>
    /// In lower case; nil where proxies name nobody.
    package var userHeader: String?

    package init(
        addresses: Set<IPAddress> = [], users: Set<Int> = [], userHeader: String? = nil
    ) {
        self.addresses = addresses
        self.users = users
        self.userHeader = userHeader
    }

    func includes(_ peer: Peer) -> Bool {
        if let address = peer.address { return addresses.contains(address) }
        return peer.user.map(users.contains) ?? false
    }

    /// What is wrong with them; nil where nothing is.
    package var problem: String? {
        let loopback = addresses.filter(\.isLoopback).map(\.description).min()
        guard userHeader != nil, let loopback else { return nil }
        return "`proxy` in the settings believes whatever comes from \(loopback) who its user is, "
            + "and every user of this machine can come from there: let the proxy come over the "
            + "unix socket instead (`from: [unix:USER]`)"
    }

    /// Those that share no one's limits.
    package var parties: Set<Peer.Party> {
        Set(addresses.map { .network($0.network) } + users.map(Peer.Party.user))
    }
}

package struct Arrival: Sendable, Hashable {
    package enum Way: Sendable, Hashable {
        /// Over the unix socket: the kernel says who it is.
        case kernel(Peer)
        /// A proxy says who it is, by name or number.
        case proxy(user: String)
        /// Who it is, only a token or a session says.
        case network
    }

    package let way: Way
    /// Those who share the limits of wrong tokens.
    package let party: Peer.Party
    /// Whether the browser speaks TLS, as far as is known; nil where nobody says.
    package let isSecure: Bool?

    package init(way: Way, party: Peer.Party, isSecure: Bool? = nil) {
        self.way = way
        self.party = party
        self.isSecure = isSecure
    }

    /// - Throws: `HTTPRefusal` where a proxy says two things at once.
    package init(
        _ request: HTTPRequest, _ peer: Peer, _ proxies: TrustedProxies
    ) throws(HTTPRefusal) {
        guard proxies.includes(peer) else {
            if peer.address == nil { try Self.refuseUnnamedProxy(request, proxies) }
            self.init(
                way: peer.address == nil ? .kernel(peer) : .network, party: peer.party)
            return
        }
        let users = try proxies.userHeader.map { name throws(HTTPRefusal) in
            try Self.single(name, request)
        }
        let scheme = try Self.single("x-forwarded-proto", request)?.lowercased()
        // The last one is the proxy's own word, those before it are its client's.
        let client = request.headers("x-forwarded-for").last?.split(separator: ",").last
            .flatMap { IPAddress($0.filter { $0 != " " && $0 != "\t" }) }
        self.init(
            way: users.flatMap { $0 }.map(Way.proxy) ?? .network,
            party: client.map { .network($0.network) } ?? peer.party,
            isSecure: scheme.map { $0 == "https" })
    }

    /// Over the unix socket a proxy would be taken for the user that it runs as, and all who come
    /// through it for that user.
    private static func refuseUnnamedProxy(
        _ request: HTTPRequest, _ proxies: TrustedProxies
    ) throws(HTTPRefusal) {
        let marks = ["forwarded", "via", "x-forwarded-for", "x-forwarded-proto", "x-real-ip"]
        let found = (marks + [proxies.userHeader].compactMap { $0 }).first {
            request.header($0) != nil
        }
        guard let found else { return }
        throw HTTPRefusal(
            status: 403,
            message: "the header `\(found)` is a proxy's, and this one is none that the server's "
                + "settings name: add `unix:` and the user that it runs as to `from` of `proxy`")
    }

    /// A header that a client may have sent as well as the proxy is no one's word.
    private static func single(
        _ name: String, _ request: HTTPRequest
    ) throws(HTTPRefusal) -> String? {
        let values = request.headers(name)
        guard values.count <= 1 else {
            throw HTTPRefusal(
                status: 400,
                message: "the header `\(name)` came \(values.count) times: the proxy has to "
                    + "replace what its clients send")
        }
        return values.first.flatMap { $0.isEmpty ? nil : $0 }
    }
}
