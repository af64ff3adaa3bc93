// Two people and one daemon, with the kernel's own word about who is who.

import Client
import Daemon
import DurableIO
import Foundation
import Glibc
import Jobs
import SystemPackage
import Testing

@Suite(
    .serialized, .enabled(if: TestDaemon.isBuilt, "layerfoldd is not built"),
    .enabled(if: OtherUser.isPossible, "only root can be two people"))
struct OwnerTests {
    private static let (ann, bob) = (54_321, 54_322)

    /// A daemon that everybody can reach.
    private func openDaemon(_ settings: String = "") async throws -> TestDaemon {
        let daemon = try TestDaemon()
        if !settings.isEmpty {
            try daemon.folder.write(settings, to: daemon.folder.file("settings.yaml"))
            daemon.arguments = ["--config", daemon.folder.file("settings.yaml").string]
        }
        try await daemon.start()
        let run = daemon.state.appending("run")
        for path in [daemon.folder.path, daemon.state, run] {
            _ = unsafe chmod(path.string, 0o755)
        }
        _ = unsafe chmod(run.appending("layerfoldd.sock").string, 0o666)
        return daemon
    }

    /// What the daemon says to a user's request: nil for yes.
    private func refusal(
        of user: Int, groups: [UInt32] = [], _ daemon: TestDaemon,
        _ ask: @escaping @Sendable (DaemonClient) throws -> Void
    ) async throws -> ErrorDocument.Code? {
        let socket = daemon.state.appending("run/layerfoldd.sock").string
        return try await OtherUser.run(user, groups: groups) {
            do {
                try ask(DaemonClient(socket: socket))
                return nil
            } catch DaemonClient.ClientError.refused(let document) {
                return document.code
            }
        }
    }

    private func submit(_ name: String, by user: Int, _ daemon: TestDaemon) async throws -> String {
        let socket = daemon.state.appending("run/layerfoldd.sock").string
        let manifest = Data(TestDaemon.manifest(name).utf8)
        return try await OtherUser.run(user) {
            try DaemonClient(socket: socket).submit(manifest: manifest, name: "x").id
        }
    }

    @Test func `only the owner and admins cancel a job, and all see it`() async throws {
        // A group that every Debian has.
        let daemon = try await openDaemon("admin_group: users\n")
        let group = try #require(Groups.number(named: "users"))
        let first = try await submit("gate-first", by: Self.ann, daemon)
        let second = try await submit("ok-second", by: Self.ann, daemon)
        #expect(try daemon.client.jobs().jobs.map(\.owner) == [Self.ann, Self.ann])
        #expect(try await refusal(of: Self.bob, daemon) { _ = try $0.cancel(first) } == .forbidden)
        #expect(
            try await refusal(of: Self.bob, groups: [UInt32(group) + 1], daemon) {
                _ = try $0.cancel(second)
            } == .forbidden)
        #expect(
            try await refusal(of: Self.bob, daemon) { client in
                _ = try client.job(first)
                _ = try client.log(of: first, from: nil)
            } == nil, "readers see all")
        #expect(try await refusal(of: Self.ann, daemon) { _ = try $0.cancel(second) } == nil)
        #expect(
            try await refusal(of: Self.bob, groups: [7, UInt32(group)], daemon) {
                _ = try $0.cancel(first)
            } == nil, "a member of the group is an admin")
        try await daemon.wait(for: "gate-first", .cancelled)
        let acts = try daemon.client.audit(AuditQuery()).events
        #expect(
            acts.map { "\($0.user) \($0.verb) \($0.isAdmin)" } == [
                "\(Self.bob) cancel true", "\(Self.ann) cancel false", "\(Self.ann) submit false",
                "\(Self.ann) submit false",
            ])
    }

    @Test func `on a private server others' jobs are not there`() async throws {
        let daemon = try await openDaemon("private: true\n")
        let id = try await submit("ok-anns", by: Self.ann, daemon)
        for ask in [
            { @Sendable (client: DaemonClient) in _ = try client.job(id) },
            { @Sendable in _ = try $0.log(of: id, from: nil) },
            { @Sendable in _ = try $0.cancel(id) },
        ] {
            #expect(try await refusal(of: Self.bob, daemon, ask) == .notFound)
        }
        #expect(try await refusal(of: Self.ann, daemon) { _ = try $0.job(id) } == nil)
        #expect(try daemon.client.jobs().jobs.map(\.id) == [id], "root sees all")
    }

    @Test func `who floods the daemon does not keep out another user`() async throws {
        let daemon = try await openDaemon()
        let socket = daemon.state.appending("run/layerfoldd.sock").string
        let flood = try await OtherUser.run(Self.bob) {
            try (0..<300).map { _ in try RawConnection(to: socket, saying: "GET / HTTP/1.1\r\nX: ")
            }
        }
        for _ in 0..<3 {
            #expect(
                try await refusal(of: Self.ann, daemon) { _ = try $0.status() } == nil)
            #expect(
                try await refusal(of: Self.bob, daemon) { _ = try $0.status() } == nil,
                "nor himself, while his are silent")
        }
        withExtendedLifetime(flood) {}
    }
}

/// A connection that says something and then holds its tongue.
private final class RawConnection: Sendable {
    private struct Refused: Error {}
    private let descriptor: CInt

    init(to path: String, saying text: String) throws {
        guard let address = UnixAddress(path: path) else { throw Refused() }
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        let result = unsafe address.lend { unsafe connect(descriptor, $0, $1) }
        guard result == 0 else { throw Refused() }
        _ = unsafe text.withCString {
            unsafe send(descriptor, $0, strlen($0), CInt(MSG_NOSIGNAL))
        }
    }

    deinit { close(descriptor) }
}
