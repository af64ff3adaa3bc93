// The daemon within the test's own process, so that time and disk can be had as the test likes.

import Client
import Daemon
import DurableIO
import Foundation
import Glibc
import Jobs
import SystemPackage
import Testing

@Suite(.serialized) struct DaemonServiceTests {
    @Test func `a transient failure is tried again after its delay, not before`() async throws {
        try await withDaemon { daemon, clock in
            try daemon.drop("transient-once-1")
            #expect(
                await eventually {
                    try daemon.job(named: "transient-once-1")?.notBeforeMilliseconds != nil
                })
            let summary = try #require(try daemon.job(named: "transient-once-1"))
            #expect(summary.state == .queued)
            #expect(summary.notBeforeMilliseconds == clock.now + 60_000)
            clock.advance(milliseconds: 59_999)
            try daemon.drop("ok-between")
            try await daemon.wait(for: "ok-between", .done)
            #expect(daemon.runs(of: "transient-once-1").count == 1, "not before its time")
            try await passUntilDone("transient-once-1", daemon, clock)
            #expect(try daemon.job(named: "transient-once-1")?.attempts == 2)
        }
    }

    @Test func `a jump of the wall clock neither starts nor loses jobs`() async throws {
        try await withDaemon { daemon, clock in
            clock.jump(milliseconds: 31_536_000_000)
            try daemon.drop("ok-future")
            try await daemon.wait(for: "ok-future", .done)
            clock.jump(milliseconds: -63_072_000_000)
            try daemon.drop("ok-past")
            try await daemon.wait(for: "ok-past", .done)
            #expect(try daemon.client.jobs().jobs.map(\.name) == ["ok-future", "ok-past"])
        }
    }

    @Test(arguments: [31_536_000_000, -31_536_000_000])
    func `a delay lasts as long as it lasts, whatever the wall clock does`(jump: Int) async throws {
        try await withDaemon { daemon, clock in
            try daemon.drop("transient-once-2")
            #expect(
                await eventually {
                    try daemon.job(named: "transient-once-2")?.notBeforeMilliseconds != nil
                })
            clock.jump(milliseconds: jump)
            try daemon.drop("ok-jump")
            try await daemon.wait(for: "ok-jump", .done)
            clock.advance(milliseconds: 59_999)
            try daemon.drop("ok-jump-2")
            try await daemon.wait(for: "ok-jump-2", .done)
            #expect(daemon.runs(of: "transient-once-2").count == 1, "not before its time")
            try await passUntilDone("transient-once-2", daemon, clock)
        }
    }

    /// A sleep that begins between two steps of the clock ends a step later.
    private func passUntilDone(
        _ name: String, _ daemon: TestDaemon, _ clock: ManualClock
    ) async throws {
        #expect(
            await eventually {
                clock.advance(milliseconds: 1)
                return try daemon.job(named: name)?.state == .done
            })
    }

    @Test func `manifests beyond a user's share stay in the inbox, and are told why`() async throws
    {
        try await withDaemon(configure: { $0.jobsPerUser = 2 }) { daemon, clock in
            for name in ["gate-a", "ok-b", "ok-c"] {
                try daemon.drop(name)
                // One after the other, so that it is known which one stays.
                #expect(
                    await eventually {
                        try daemon.job(named: name) != nil || !daemon.client.inbox().staying.isEmpty
                    })
            }
            let staying = try daemon.client.inbox().staying
            #expect(staying.map(\.name) == ["ok-c.yaml"])
            #expect(staying.first?.reason.contains("jobs_per_user") == true, "\(staying)")
            #expect(throws: DaemonClient.ClientError.self) { try daemon.submit("ok-d") }
            try daemon.open("gate-a")
            // The next look through the inbox takes it.
            #expect(
                await eventually {
                    clock.advance(milliseconds: 30_000)
                    return try daemon.job(named: "ok-c")?.state == .done
                })
        }
    }

    private static let canMount: Bool = {
        guard let folder = try? TestFolder() else { return false }
        guard unsafe mount("tmpfs", folder.path.string, "tmpfs", 0, "size=64k") == 0 else {
            return false
        }
        return unsafe umount2(folder.path.string, Int32(MNT_DETACH)) == 0
    }()

    @Test(.enabled(if: canMount, "a small file system cannot be mounted here"))
    func `on a full disk nothing is lost, and work goes on when there is room`() async throws {
        let folder = try TestFolder()
        let disk = folder.file("disk")
        try Syscalls.makeFolders(disk)
        let mounted = unsafe mount("tmpfs", disk.string, "tmpfs", 0, "size=1536k")
        try #require(mounted == 0)
        defer { _ = unsafe umount2(disk.string, Int32(MNT_DETACH)) }
        try await withDaemon(state: disk.appending("state")) { daemon, clock in
            try daemon.drop("gate-full")
            try await daemon.wait(for: "gate-full", .running)
            // Fill the disk to the last byte.
            let filler = disk.appending("filler")
            try fill(filler)
            let refused = try? daemon.submit("ok-refused")
            #expect(refused == nil, "nothing is accepted that cannot be kept")
            #expect(try daemon.client.jobs().jobs.count == 1, "but people can still look")
            try Syscalls.unlink(filler)
            try daemon.open("gate-full")
            let accepted = try daemon.submit("ok-room")
            // What failed to be recorded meanwhile is recorded at the next try.
            #expect(
                await eventually {
                    clock.advance(milliseconds: 5_000)
                    return try daemon.client.job(accepted).summary.state == .done
                })
            // Its worker may have met the full disk itself; then it is tried again after a minute.
            #expect(
                await eventually {
                    clock.advance(milliseconds: 5_000)
                    return try daemon.job(named: "gate-full")?.state == .done
                })
            #expect(try daemon.job(named: "ok-refused") == nil)
        }
    }

    private func fill(_ path: FilePath) throws {
        let descriptor = try Syscalls.open(path, O_WRONLY | O_CREAT, mode: 0o600)
        defer { try? Syscalls.close(descriptor, path) }
        var size = 65_536
        while size > 0 {
            let bytes = [UInt8](repeating: 1, count: size)
            do {
                try unsafe Syscalls.write(descriptor, path, bytes.span.bytes)
            } catch {
                size /= 4
            }
        }
    }
}
