// What the inbox tells of: each problem once, until it is over, and to whom.

import Dispatch
import DurableIO
import Glibc
import Jobs
import Synchronization
import SystemPackage
import Testing

@testable import Daemon

extension SubmissionCheck {
    /// As a look at a model on a disk that does not answer.
    fileprivate func hang(until disk: DispatchSemaphore, _ begun: DispatchSemaphore) {
        begun.signal()
        disk.wait()
    }
}

@Suite struct InboxReportTests {
    private func drop(_ text: String, _ name: String, into bench: InboxBench) throws {
        try bench.folder.drop(text, into: bench.folders.inbox, as: name)
    }

    private func drop(_ name: String, of owner: uid_t, into bench: InboxBench) throws {
        try drop(InboxBench.manifest("one"), name, into: bench)
        let path = bench.folders.inbox.appending(name)
        try #require(unsafe chown(path.string, owner, 0) == 0)
    }

    @Test func `a folder of ours that is closed is told of, and no reason to give files back`()
        async throws
    {
        let bench = try InboxBench()
        try drop(InboxBench.manifest("one"), "x.yaml", into: bench)
        // The folder of the job, once the manifest was read.
        let plan = FaultPlan(.error(.permissionDenied), atCall: 1, among: [.mkdir])
        await FaultPlan.$current.withValue(plan) {
            _ = await bench.inbox.scan(movedIn: ["x.yaml"])
        }
        #expect(plan.hasFired)
        #expect(TestFolder.names(in: bench.folders.spool).count == 1, "it waits for its turn")
        #expect(TestFolder.names(in: bench.folders.inbox).isEmpty)
        #expect(await bench.inbox.reported.contains("claim of x.yaml"))
        _ = await bench.inbox.scan(movedIn: [])
        #expect(try bench.accepted().map(\.source) == ["x.yaml"])
        #expect(await !bench.inbox.hasReported("claim of "), "that is over")
    }

    @Test func `a file that its owner closes while it is taken goes back`() async throws {
        let bench = try InboxBench()
        let claim = Claim(
            id: JobIdentifier.make(now: 1), name: "x.yaml", spool: bench.folders.spool)
        try bench.folder.write(InboxBench.manifest("one"), to: claim.path)
        // The first file that is opened for its bytes, behind the folder that is listed.
        let whole = FaultPlan()
        await FaultPlan.$current.withValue(whole) { await bench.inbox.finishClaims() }
        let opens = whole.trace.filter { $0.call == .open }
        let number = try #require(opens.firstIndex { $0.path == claim.path })
        let next = Claim(
            id: JobIdentifier.make(now: 2), name: "y.yaml", spool: bench.folders.spool)
        try bench.folder.write(InboxBench.manifest("two"), to: next.path)
        let plan = FaultPlan(.error(.permissionDenied), atCall: number + 1, among: [.open])
        await FaultPlan.$current.withValue(plan) { await bench.inbox.finishClaims() }
        #expect(plan.hasFired)
        #expect(TestFolder.names(in: bench.folders.inbox) == ["y.yaml"])
        #expect(TestFolder.names(in: bench.folders.spool).isEmpty)
    }

    @Test func `that a user has no room is forgotten with the user's last file`() async throws {
        let bench = try InboxBench { $0.jobsMax = 0 }
        let key = "room for user \(geteuid())"
        try drop(InboxBench.manifest("one"), "x.yaml", into: bench)
        for _ in 0..<2 {
            _ = await bench.inbox.scan(movedIn: ["x.yaml"])
            #expect(await bench.inbox.reported.contains(key))
        }
        try Syscalls.unlink(bench.folders.inbox.appending("x.yaml"))
        _ = await bench.inbox.scan(movedIn: [])
        #expect(await !bench.inbox.reported.contains(key))
    }

    @Test(arguments: [false, true])
    func `a hint says why, but not to the group of a private server`(isPrivate: Bool) async throws {
        let bench = try InboxBench { $0.isPrivate = isPrivate }
        try drop("version: 1\nmodle: secret\n", "x.yaml", into: bench)
        _ = await bench.inbox.scan(movedIn: ["x.yaml"])
        let hint = TestFolder.text(
            bench.folders.inbox.appending("x.yaml.rejected-\(geteuid()).txt"))
        #expect(hint.hasPrefix("x.yaml was rejected"), "\(hint)")
        #expect(hint.contains("modle") == !isPrivate, "\(hint)")
        let note = bench.folders.rejected.appending("\(geteuid())/x.error.json")
        #expect(hint.contains(note.string))
        let bits = try Syscalls.stat(note)?.permissions
        #expect(bits == (isPrivate ? 0o600 : 0o640))
    }

    @Test
    func `a file waits while nobody can tell what its owner may read`()
        async throws
    {
        let known = TestDirectory(groups: [geteuid(): [getegid()]])
        known.set(isAway: true)
        let bench = try InboxBench(rescanInterval: .zero) {
            $0.directory = known.directory
        } patience: {
            try await known.impatience.wait()
        }
        try drop(InboxBench.manifest("one"), "x.yaml", into: bench)
        let path = bench.folders.inbox.appending("x.yaml")
        var changed: Set<Int64> = []
        for looks in 1...3 {
            #expect(
                await eventually {
                    _ = await bench.inbox.scan(movedIn: ["x.yaml"])
                    return known.asked.count >= looks
                })
            #expect(try bench.accepted().isEmpty)
            #expect(TestFolder.names(in: bench.folders.rejected).isEmpty)
            let staying = await bench.inbox.report().staying
            #expect(staying.map(\.name) == ["x.yaml"])
            #expect(staying.first?.reason.contains("cannot be found out now") == true)
            changed.insert(try #require(try Syscalls.stat(path)).changedNanoseconds)
        }
        #expect(changed.count == 1, "it is not taken, and told of, at every look")
        known.set(isAway: false)
        #expect(
            await eventually {
                _ = await bench.inbox.scan(movedIn: ["x.yaml"])
                return try bench.accepted().map(\.source) == ["x.yaml"]
            })
    }

    @Test(.enabled(if: geteuid() == 0, "only root makes files of others"))
    func `a disk that hangs while nobody can be asked holds up no files of others`()
        async throws
    {
        let (alice, bob): (uid_t, uid_t) = (4_711, 4_712)
        let known = TestDirectory()
        known.set(isAway: true)
        let patience = Impatience()
        let bench = try InboxBench(rescanInterval: .zero) {
            $0.directory = known.directory
        } patience: {
            try await patience.wait()
        }
        try drop("a.yaml", of: alice, into: bench)
        #expect(
            await eventually {
                _ = await bench.inbox.scan(movedIn: ["a.yaml"])
                return await bench.inbox.unknownOwners[alice] != nil
            })
        let (disk, begun) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let submissions = await bench.inbox.submissions
        let hung = Task { await submissions.hang(until: disk, begun) }
        #expect(await eventually { begun.wait(timeout: .now()) == .success })
        patience.stop()
        try drop("b.yaml", of: bob, into: bench)
        let asked = known.asked.count
        let inbox = bench.inbox
        let isOver = Mutex(false)
        let looks = Task {
            await eventually {
                _ = await inbox.scan(movedIn: ["a.yaml", "b.yaml"])
                return isOver.withLock { $0 }
            }
        }
        #expect(
            await eventually { try known.asked.count > asked && !bench.accepted().isEmpty },
            "a look waits for the disk")
        #expect(try bench.accepted().map(\.owner) == [Int(bob)])
        #expect(await bench.inbox.report().staying.map(\.name) == ["a.yaml"])
        disk.signal()
        isOver.withLock { $0 = true }
        await hung.value
        #expect(await looks.value)
    }

    @Test(.enabled(if: geteuid() == 0, "only root makes files of others"))
    func `who has nothing here that could be taken keeps nobody from being asked for`()
        async throws
    {
        let (alice, bob): (uid_t, uid_t) = (4_711, 4_712)
        let known = TestDirectory()
        known.set(isAway: true)
        let bench = try InboxBench(rescanInterval: .zero) {
            $0.directory = known.directory
        } patience: {
            try await known.impatience.wait()
        }
        func isUnknown(_ owner: uid_t, by name: FilePath.Component) async -> Bool {
            await eventually {
                _ = await bench.inbox.scan(movedIn: [name])
                return await bench.inbox.unknownOwners[owner] != nil
            }
        }
        try drop("a.yaml", of: alice, into: bench)
        #expect(await isUnknown(alice, by: "a.yaml"))
        // She is the first in turn, and there is no file any more for which she would be asked for.
        try Syscalls.unlink(bench.folders.inbox.appending("a.yaml"))
        try drop("notes.txt", of: alice, into: bench)
        try drop("b.yaml", of: bob, into: bench)
        #expect(await isUnknown(bob, by: "b.yaml"))
        #expect(await bench.inbox.unknownOwners[alice] != nil)
        known.set(isAway: false)
        #expect(
            await eventually {
                _ = await bench.inbox.scan(movedIn: ["b.yaml"])
                return try bench.accepted().map(\.owner) == [Int(bob)]
            })
    }
}
