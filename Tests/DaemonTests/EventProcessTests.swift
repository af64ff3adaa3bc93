// The stream of events from the real daemon, over its socket: a job's way, a restart, and who is
// told what.

import Client
import Daemon
import Foundation
import Jobs
import Testing

@Suite(.serialized, .enabled(if: TestDaemon.isBuilt, "layerfoldd is not built"))
struct EventProcessTests {
    @Test func `a job's way is told as it goes, and a restart says to look again`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        let stream = try daemon.client.events()
        let id = try daemon.submit("ok-e")
        var states: [JobState] = []
        var kinds: Set<String> = []
        var numbers: [Int] = []
        while states.last != .done, let event = try stream.next() {
            numbers.append(event.number)
            kinds.insert(event.event.event.kind.rawValue)
            guard case .job(let job) = event.event.event, job.job == id else { continue }
            states.append(job.state)
        }
        #expect(states == [.queued, .running, .publishing, .done])
        #expect(kinds.isSuperset(of: ["job", "attempt", "worker", "progress"]), "\(kinds)")
        #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
        let last = try #require(stream.number)
        // From before the end: the end comes again.
        var query = EventQuery()
        query.after = numbers[0]
        query.job = id
        let again = try daemon.client.events(query)
        let second = try #require(try again.next())
        #expect(second.number > numbers[0])
        daemon.stop()
        while try stream.next() != nil {}
        try await daemon.start()
        query = EventQuery()
        query.after = last
        let later = try daemon.client.events(query)
        let first = try #require(try later.next())
        #expect(first.event.event == .reset)
        #expect(first.number > last)
    }

    @Test func `a rejected file and what is wrong with the query are told`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        let stream = try daemon.client.events()
        try daemon.folder.drop("version: 1\nmodle: m\n", into: daemon.inbox, as: "bad.yaml")
        var rejected: ServerEvent.Rejected?
        while rejected == nil, let event = try stream.next() {
            if case .rejected(let file) = event.event.event { rejected = file }
        }
        #expect(rejected?.file == "bad.yaml")
        #expect(rejected?.reason == "manifest")
        var query = EventQuery()
        query.job = JobIdentifier.make(now: 1)
        do {
            _ = try daemon.client.events(query)
            Issue.record("events of a job that is not there")
        } catch DaemonClient.ClientError.refused(let document) {
            #expect(document.code == .notFound)
        }
    }
}
