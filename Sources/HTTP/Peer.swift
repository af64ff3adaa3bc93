// Who is at the other end of a connection: the kernel's word, taken when it is accepted. Over a
// unix socket that is a user, over TCP an address, which may be anybody's.

import DurableIO
import Glibc

/// The other end of a connection.
package struct Peer: Sendable, Hashable {
    /// Effective user number when it connected; nil where the kernel does not know, as over TCP.
    package let user: Int?
    /// Its group and supplementary groups then.
    package let groups: Set<Int>
    /// Where it connected from over TCP; nil over a unix socket.
    package let address: IPAddress?

    package init(user: Int?, groups: Set<Int>, address: IPAddress? = nil) {
        self.user = user
        self.groups = groups
        self.address = address
    }

    /// Those who share the limits of one.
    package enum Party: Sendable, Hashable {
        case user(Int)
        case network(IPAddress)
        case unknown
    }

    package var party: Party {
        if let address { return .network(address.network) }
        return user.map(Party.user) ?? .unknown
    }

    /// `SO_PEERGROUPS` of `asm-generic/socket.h`, which Swift's Glibc module does not have: since
    /// Linux 4.13.
    private static let peerGroups: CInt = 59

    /// - Parameter descriptor: a connected socket.
    init(of descriptor: CInt) {
        if let other = SocketAddress(.other, of: descriptor) {
            self.init(user: nil, groups: [], address: other.address)
            return
        }
        guard let peer = UnixSocket.peer(of: descriptor) else {
            self.init(user: nil, groups: [])
            return
        }
        self.init(
            user: peer.user,
            groups: Self.supplementaryGroups(of: descriptor).union([peer.group]))
    }

    private static func supplementaryGroups(of descriptor: CInt) -> Set<Int> {
        let wordBytes = MemoryLayout<UInt32>.size
        var groups = [UInt32](repeating: 0, count: 64)
        var bytes = socklen_t(groups.count * wordBytes)
        if unsafe getsockopt(descriptor, SOL_SOCKET, peerGroups, &groups, &bytes) != 0 {
            // The kernel says how much room it needs.
            guard errno == ERANGE else { return [] }
            groups = [UInt32](repeating: 0, count: Int(bytes) / wordBytes)
            guard unsafe getsockopt(descriptor, SOL_SOCKET, peerGroups, &groups, &bytes) == 0 else {
                return []
            }
        }
        return Set(groups.prefix(Int(bytes) / wordBytes).map(Int.init))
    }
}
