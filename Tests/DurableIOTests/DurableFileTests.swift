// The one durable write: whole or not at all, whichever call fails.

import DurableIO
import SystemPackage
import TestSupport
import Testing

@Suite struct DurableFileTests {
    @Test("a file appears under its name, read-only, with its bytes")
    func appears() throws {
        let folder = try TemporaryFolder()
        let target = folder.path.appending("x")
        var file = try DurableFile(temporaryPath: folder.path.appending("t"))
        try file.write(Array("one ".utf8))
        try file.write(Array("two".utf8))
        #expect(try folder.names == ["t"])
        try file.publish(as: target)
        #expect(try folder.names == ["x"])
        #expect(try read(target) == "one two")
        #expect(try Syscalls.stat(target)?.permissions == 0o440)
    }

    @Test("the calls come in the order that makes the file durable")
    func order() throws {
        let folder = try TemporaryFolder()
        let plan = FaultPlan()
        try FaultPlan.$current.withValue(plan) { try write("x", to: folder.path.appending("x")) }
        #expect(
            plan.trace.map(\.call) == [
                .open, .write, .stat, .chmod, .fsync, .close, .rename, .open, .fsync, .close,
            ])
        let last = try #require(plan.trace.last)
        #expect(last.path == folder.path, "the last sync is the folder's")
    }

    @Test(
        "a rename whose answer was lost is done, and one that was not is not",
        arguments: [DurableFile.Existing.replace, .refuse],
        [Errno.noSuchFileOrDirectory, .fileExists, .staleNFSFileHandle])
    func lostAnswer(existing: DurableFile.Existing, errno: Errno) throws {
        for (fault, isDone) in [
            (FaultPlan.Fault.lostAnswer(errno), true), (.error(errno), false),
        ] {
            let folder = try TemporaryFolder()
            let target = folder.path.appending("x")
            let plan = FaultPlan(fault, atCall: 1, among: [.rename])
            var failure: SystemCallError?
            do {
                try FaultPlan.$current.withValue(plan) {
                    try DurableFile.write(Array("one".utf8), to: target, existing: existing)
                }
            } catch let error as SystemCallError {
                failure = error
            }
            #expect(plan.hasFired)
            #expect((failure == nil) == isDone, "\(fault)")
            #expect(try folder.names == (isDone ? ["x"] : []))
        }
    }

    @Test("a file that is not published leaves nothing")
    func discarded() throws {
        let folder = try TemporaryFolder()
        do {
            var file = try DurableFile(temporaryPath: folder.path.appending("t"))
            try file.write([1, 2, 3])
        }
        #expect(try folder.names.isEmpty)
    }

    @Test("of two writers that refuse to replace, the second fails")
    func refuse() throws {
        let folder = try TemporaryFolder()
        let target = folder.path.appending("x")
        try DurableFile.write([1], to: target, existing: .refuse)
        let error = #expect(throws: SystemCallError.self) {
            try DurableFile.write([2], to: target, existing: .refuse)
        }
        #expect(error?.errno == .fileExists)
        #expect(error?.path == target)
        #expect(try SmallFile.read(target, bytesMax: 9) == [1])
        #expect(try folder.names == ["x"])
    }

    @Test(
        "whichever call fails, the old file or the new one is there and nothing else",
        arguments: [Errno.ioError, .noSpace, .diskQuotaExceeded])
    func everyCallFails(errno: Errno) throws {
        var number = 1
        while true {
            let folder = try TemporaryFolder()
            let target = folder.path.appending("x")
            try write("old", to: target)
            let plan = FaultPlan(.error(errno), atCall: number)
            var thrown: SystemCallError?
            FaultPlan.$current.withValue(plan) {
                do {
                    try write("new", to: target)
                } catch {
                    thrown = error as? SystemCallError
                }
            }
            guard plan.hasFired else { break }
            #expect(thrown?.errno == errno, "call \(number)")
            #expect(try folder.names == ["x"], "call \(number)")
            // Only the calls after the rename fail with the new file in place.
            let renamed = plan.trace.prefix(number - 1).contains { $0.call == .rename }
            #expect(try read(target) == (renamed ? "new" : "old"), "call \(number)")
            number += 1
        }
        #expect(number == 11, "the write makes ten calls")
        FaultRounds.tell(rounds: number - 1)
    }

    @Test("a short write goes on, an interrupted call is repeated")
    func shortAndInterrupted() throws {
        for fault in [FaultPlan.Fault.short, .error(.interrupted)] {
            for number in 1...11 {
                let folder = try TemporaryFolder()
                let target = folder.path.appending("x")
                let plan = FaultPlan(fault, atCall: number)
                try FaultPlan.$current.withValue(plan) { try write("0123456789", to: target) }
                #expect(try read(target) == "0123456789")
            }
        }
    }

    @Test("a file whose sync failed is never synced again")
    func noSecondSync() throws {
        let folder = try TemporaryFolder()
        let plan = FaultPlan(.error(.ioError), atCall: 1, among: [.fsync])
        FaultPlan.$current.withValue(plan) {
            #expect(throws: SystemCallError.self) {
                try write("x", to: folder.path.appending("x"))
            }
        }
        #expect(plan.trace.filter { $0.call == .fsync }.count == 1)
        #expect(try folder.names.isEmpty)
    }
}
