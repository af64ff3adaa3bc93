// Questions to a directory that is slow, away, or hangs for ever.

import Failures
import Foundation
import Jobs
import Testing

@testable import Daemon

@Suite struct DirectoryTests {
    @Test(.timeLimit(.minutes(2)))
    func `an answer that hangs holds up no other, and is asked for once`() async throws {
        let known = TestDirectory(names: [7: "seven", 8: "eight", 9: "nine"])
        known.hang(7)
        let desk = DirectoryDesk(known.directory)
        let hung = (0..<3 * DirectoryDesk.threadsMax).map { _ in
            Task { try await desk.name(of: 7) }
        }
        #expect(await eventually { known.waits == hung.count })
        #expect(try await desk.name(of: 8) == "eight")
        #expect(known.asked.sorted() == ["name 7", "name 8"])
        known.impatience.stop()
        for task in hung {
            await #expect(throws: DirectoryDesk.NoAnswer(asked: "user 7")) {
                try await task.value
            }
        }
        known.letGo()
    }

    @Test(.timeLimit(.minutes(2)))
    func `what nobody waits for any more is not asked when a thread is free again`() async throws {
        let known = TestDirectory(names: [1_000: "late"])
        let users = 0..<UInt32(DirectoryDesk.threadsMax)
        users.forEach(known.hang)
        let desk = DirectoryDesk(known.directory)
        let hung = users.map { user in Task { try await desk.name(of: user) } }
        #expect(await eventually { known.asked.count == hung.count })
        let late = Task { try await desk.name(of: 1_000) }
        #expect(await eventually { known.waits == hung.count + 1 })
        late.cancel()
        await #expect(throws: CancellationError.self) { try await late.value }
        users.forEach { _ in known.letGo() }
        for task in hung { #expect(try await task.value == nil) }
        #expect(try await desk.number(named: "late") == 1_000)
        #expect(!known.asked.contains("name 1000"))
    }

    @Test func `who cannot be found out is neither nobody nor without rights`() async throws {
        let known = TestDirectory(names: [7: "seven"], groups: [7: [70, 71]])
        let submitters = Submitters(known.directory)
        #expect(try await submitters.find(7) == Submitter(user: 7, groups: [70, 71]))
        known.set(isAway: true)
        let error = await #expect(throws: Submitters.Unknown.self) {
            try await submitters.find(7)
        }
        #expect(error?.failureClass == .transient)
        let people = People(known.directory, uptime: ManualClock().daemonClock.uptime)
        let refusal = await #expect(throws: ErrorDocument.self) {
            try await people.number(named: "seven")
        }
        #expect(refusal?.code == .unavailable)
        #expect(await people.find(7) == Person(name: "7", groups: []))
        known.set(isAway: false)
        #expect(await people.find(7) == Person(name: "seven", groups: [70, 71]), "asked again")
    }
}

@Suite struct PeopleClockTests {
    @Test func `groups count for a minute, names for ten, and nobody for one`() async throws {
        let known = TestDirectory(names: [7: "seven"], groups: [7: [70], 8: [80]])
        let clock = ManualClock()
        let people = People(known.directory, uptime: clock.daemonClock.uptime)
        #expect(await people.find(7) == Person(name: "seven", groups: [70]))
        #expect(await people.names(of: [8]) == [8: "user 8"])
        #expect(try await people.number(named: "seven") == 7)
        known.set(groups: [71], of: 7)
        known.set(name: "other", of: 7)
        known.set(name: "eight", of: 8)
        // The wall clock says nothing about ages.
        clock.jump(milliseconds: 3_600_000)
        clock.advance(milliseconds: 59_999)
        #expect(await people.find(7) == Person(name: "seven", groups: [70]))
        #expect(await people.names(of: [8]) == [8: "user 8"])
        #expect(try await people.number(named: "seven") == 7)
        clock.advance(milliseconds: 1)
        #expect(await people.find(7) == Person(name: "seven", groups: [71]))
        #expect(await people.names(of: [8]) == [8: "eight"])
        #expect(try await people.number(named: "seven") == nil)
        clock.advance(milliseconds: 539_999)
        #expect(await people.names(of: [7]) == [7: "seven"])
        clock.advance(milliseconds: 1)
        #expect(await people.names(of: [7]) == [7: "other"])
    }
}

@Suite struct ReadingLookTests {
    private static func job() throws -> JobDescription {
        try ManifestParser.parse(bytes: Data(TestDaemon.manifest("x").utf8), name: "x")
    }

    @Test(.timeLimit(.minutes(2)))
    func `a look that hangs holds up no file, neither its own nor those behind it`() async throws {
        let job = try Self.job()
        let (disk, impatience) = (StopSwitch(), StopSwitch())
        let refused = Submitters.Unknown(user: 1, reason: "r")
        let look = ReadingLook(
            { _, user in
                if user == 7 { await disk.wait() }
                throw refused
            }, patience: { await impatience.wait() })
        let hung = Task { try await look.denial(of: job, to: 7) }
        impatience.stop()
        #expect(try await hung.value == nil, "its time is over")
        #expect(try await look.denial(of: job, to: 8) == nil, "taken without a look")
        disk.stop()
        // Looks go on once the first has come back.
        #expect(
            await eventually {
                do {
                    _ = try await look.denial(of: job, to: 8)
                    return false
                } catch { return error as? Submitters.Unknown == refused }
            })
    }
}
