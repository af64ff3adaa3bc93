// Unfinished files: who may remove them, and when.

import DurableIO
import SystemPackage
import Testing

@Suite struct ScratchFolderTests {
    @Test("the folder of a living owner is left alone, a dead one's is removed")
    func abandoned() throws {
        let parent = try TemporaryFolder()
        let living = try ScratchFolder(in: parent.path)
        let file = try living.newFile()
        // What a killed process leaves: a folder that nobody has locked, and a stray file.
        let dead = parent.path.appending("999999-0")
        try Syscalls.mkdir(dead)
        try write("half", to: dead.appending("0"))
        try write("half", to: parent.path.appending("stray"))
        let removed = try ScratchFolder.removeAbandoned(in: parent.path)
        #expect(removed.map { $0.lastComponent?.string } == ["999999-0", "stray"])
        #expect(try Syscalls.stat(file.temporaryPath) != nil)
        #expect(try parent.names.count == 1)
    }

    @Test("what another machine has there is left alone, for a week without a change")
    func foreign() throws {
        let parent = try TemporaryFolder()
        for name in ["1-0@elsewhere", "2-0@elsewhere"] {
            try Syscalls.mkdir(parent.path.appending(name))
        }
        let eightDays = 8 * 86_400
        let fresh = try #require(try Syscalls.stat(parent.path))
        try Syscalls.setModified(
            parent.path.appending("2-0@elsewhere"),
            seconds: Int(fresh.modifiedNanoseconds / 1_000_000_000) - eightDays)
        let removed = try ScratchFolder.removeAbandoned(in: parent.path)
        #expect(removed.map { $0.lastComponent?.string } == ["2-0@elsewhere"])
        #expect(try parent.names == ["1-0@elsewhere"])
    }

    @Test("a folder goes with its owner")
    func goes() throws {
        let parent = try TemporaryFolder()
        do {
            let scratch = try ScratchFolder(in: parent.path)
            try write("x", to: scratch.path.appending("x"))
            #expect(try parent.names.count == 1)
        }
        #expect(try parent.names.isEmpty)
    }

    @Test("what a process killed at any call leaves is removed by the next")
    func killedAnywhere() throws {
        var number = 1
        while true {
            let parent = try TemporaryFolder()
            let plan = FaultPlan(.death, atCall: number)
            FaultPlan.$current.withValue(plan) {
                do {
                    let scratch = try ScratchFolder(in: parent.path)
                    var file = try scratch.newFile()
                    try file.write([1, 2, 3])
                } catch {
                    #expect(error is SystemCallError)
                }
            }
            guard plan.hasFired else { break }
            _ = try ScratchFolder.removeAbandoned(in: parent.path)
            #expect(try parent.names.isEmpty, "killed at call \(number)")
            number += 1
        }
        #expect(number > 8)
    }

    @Test("what another machine renews is left alone, however old it is")
    func renewed() throws {
        let parent = try TemporaryFolder()
        let scratch = try ScratchFolder(in: parent.path)
        try Syscalls.setModified(scratch.path, seconds: 1)
        try scratch.renew()
        let week: Int64 = 7 * 86_400 * 1_000_000_000
        let status = try #require(try Syscalls.stat(scratch.path))
        try Syscalls.touch(parent.path)
        let now = try #require(try Syscalls.stat(parent.path)).modifiedNanoseconds
        #expect(now - status.modifiedNanoseconds < week)
    }
}
