// Who may ask the queue through the bridge, which runs what it is asked for.

import DurableIO
import Foundation
import Glibc
import Testing

@testable import layerfold

@Suite struct ClusterBridgeTests {
    @Test func `the bridge serves its own user and root, and nobody else`() {
        #expect(BridgeCommand.refusal(of: 870, isSocket: true, own: 870) == nil)
        #expect(BridgeCommand.refusal(of: 0, isSocket: true, own: 870) == nil)
        // By hand, over no socket.
        #expect(BridgeCommand.refusal(of: nil, isSocket: false, own: 870) == nil)
        #expect(BridgeCommand.refusal(of: nil, isSocket: true, own: 870) != nil)
        for (peer, own) in [(1_000, 870), (870, 0)] {
            let refusal = BridgeCommand.refusal(of: peer, isSocket: true, own: own)
            #expect(refusal?.contains("user \(peer)") == true)
        }
    }

    @Test func `who is at the other end is the kernel's word`() throws {
        var ends: [CInt] = [-1, -1]
        let kind = CInt(SOCK_STREAM.rawValue)
        try #require(unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0)
        defer { ends.forEach { close($0) } }
        let peer = try #require(UnixSocket.peer(of: ends[0]))
        #expect(peer.user == Int(geteuid()) && peer.group == Int(getegid()))
        var pipes: [CInt] = [-1, -1]
        try #require(unsafe pipe(&pipes) == 0)
        defer { pipes.forEach { close($0) } }
        #expect(UnixSocket.peer(of: pipes[0]) == nil)
        #expect(UnixSocket.isSocket(ends[0]) && !UnixSocket.isSocket(pipes[0]))
        // Of a socket of the network the kernel tells nobody.
        let other = socket(AF_INET, kind, 0)
        defer { close(other) }
        #expect(UnixSocket.peer(of: other) == nil && UnixSocket.isSocket(other))
    }
}
