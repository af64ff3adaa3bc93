// The daemon's part in telling people: wishes over the API, letters when jobs end, once each
// whatever is killed, and never at a job's cost.

import Client
import Daemon
import DurableIO
import Failures
import Foundation
import Jobs
import Letters
import Store
import SystemPackage
import TestSupport
import Testing

@Suite struct NotifyTests {
    // MARK: Wishes

    @Test func `a wish is kept for who made it, and its secret is told once`() async throws {
        let bench = try NotifyBench()
        let first = try await bench.report(
            "PUT /v1/notify", body: #"{"mail": true, "on": ["last"]}"#)
        let secret = try #require(first.secret)
        #expect(secret.count == 64 && first.notify == NotifyWish(mail: .owner, on: [.last]))
        let second = try await bench.report(
            "PUT /v1/notify", body: #"{"webhook": "https://a.example/x"}"#)
        #expect(second.secret == nil && second.hasSecret)
        #expect(try await bench.report("GET /v1/notify").notify?.webhook == "https://a.example/x")
        let others = try await bench.report("GET /v1/notify", by: 8)
        #expect(others.notify == nil && !others.hasSecret && others.mail)
        let renewed = try await bench.report("PUT /v1/notify?secret=new")
        #expect(renewed.secret != nil && renewed.secret != secret)
        #expect(renewed.notify == second.notify)
        #expect(try await bench.ask("PUT /v1/notify?secret=neu").status == 409)
        #expect(try await bench.report("DELETE /v1/notify").notify == nil)
        #expect(try WishBook(bench.folders.notify).page(of: 7) == nil)
    }

    @Test func `what the server does not do is refused where it is said`() async throws {
        let off = try NotifyBench(nil)
        let manifest = TestDaemon.manifest("a") + "notify: {mail: true}\n"
        let refused = try await off.ask("POST /v1/jobs", body: manifest)
        #expect(refused.status == 422 && refused.text.contains("notify: {mail: true}"))
        #expect(try await off.ask("PUT /v1/notify", body: #"{"mail": true}"#).status == 422)
        #expect(try await off.ask("PUT /v1/notify?secret=new").status == 409)
        #expect(try await off.ask("POST /v1/notify/test").status == 409)
        #expect(try await off.report("GET /v1/notify").mail == false)
        let bench = try NotifyBench()
        #expect(try await bench.ask("POST /v1/jobs", body: manifest).status == 201)
        let wrong = try await bench.ask("PUT /v1/notify", body: #"{"mail": "x\nBcc: y@z"}"#)
        #expect(wrong.status == 422)
    }

    @Test func `a test writes a letter by each way, one at a time`() async throws {
        let bench = try NotifyBench()
        #expect(try await bench.ask("POST /v1/notify/test").status == 409)
        _ = try await bench.report(
            "PUT /v1/notify", body: #"{"mail": true, "webhook": "https://a.example/"}"#)
        let report = try await bench.report("POST /v1/notify/test")
        #expect(report.letters.map(\.state) == [.waiting, .waiting])
        #expect(try bench.letters.map(\.kind) == [.test, .test])
        #expect(try await bench.ask("POST /v1/notify/test").status == 409)
        #expect(try bench.letters.count == 2)
    }

    @Test func `the address of a webhook is told to its owner and to admins alone`() async throws {
        let bench = try NotifyBench()
        let record = try bench.job("a", .queued, notify: "{webhook: 'https://a.example/key'}")
        let path = "GET /v1/jobs/\(record.id)"
        #expect(try await bench.ask(path).text.contains("a.example/key"))
        #expect(try await bench.ask(path, by: 8, isAdmin: true).text.contains("a.example/key"))
        let seen = try await bench.ask(path, by: 8)
        #expect(seen.status == 200 && !seen.text.contains("notify"))
    }

    // MARK: Ends

    /// A job that ends as soon as the queue starts: it was being cancelled.
    private static let ending = JobState.cancelling

    @Test func `the last end tells of all since nothing was unfinished`() async throws {
        let bench = try NotifyBench()
        try WishBook(bench.folders.notify).keep(
            .init(notify: NotifyWish(mail: .owner, on: [.last])), of: 7)
        try bench.job("old", .done, submitted: -9_000, finished: -8_000)
        try bench.job("ok", .done, submitted: -5_000, finished: -1_000)
        try bench.job("bad", .failed, submitted: -3_000, finished: -2_000)
        try bench.job("others", .queued, by: 8)
        try bench.job("now", Self.ending, submitted: -4_000)
        let queue = bench.queue()
        try await queue.recover(claimed: [])
        await queue.start()
        let letters = try bench.letters
        #expect(letters.map(\.kind) == [.last])
        #expect(letters.first?.jobs.map(\.name) == ["now", "ok", "bad"])
        await queue.drain()
    }

    @Test func `who still has jobs, or has cancelled all, is told nothing`() async throws {
        let bench = try NotifyBench()
        for owner in [7, 8] {
            try WishBook(bench.folders.notify).keep(
                .init(notify: NotifyWish(mail: .owner, on: [.last])), of: owner)
        }
        try bench.job("ok", .done, submitted: -5_000, finished: -1_000)
        try bench.job("now", Self.ending, submitted: -4_000)
        try bench.job("waits", .queued)
        try bench.job("cancelled", Self.ending, by: 8)
        let queue = bench.queue()
        try await queue.recover(claimed: [])
        await queue.start()
        #expect(try bench.letters.isEmpty)
        await queue.drain()
    }

    @Test func `the last end tells each address that any of the jobs names, and each once`()
        async throws
    {
        let bench = try NotifyBench()
        try WishBook(bench.folders.notify).keep(
            .init(notify: NotifyWish(mail: .owner, on: [.last])), of: 7)
        func wish(_ address: String) -> String { "{mail: \(address), on: [last]}" }
        // Before a moment without jobs.
        try bench.job(
            "old", .done, notify: wish("old@a.example"), submitted: -9_000, finished: -8_000)
        try bench.job(
            "first", .done, notify: wish("first@a.example"), submitted: -5_000, finished: -1_000)
        try bench.job(
            "second", .failed, notify: wish("boss@a.example"), submitted: -3_000,
            finished: -2_000)
        let record = try bench.job(
            "now", Self.ending, notify: wish("boss@a.example"), submitted: -4_000)
        let before = try bench.row(record)
        // Killed before the commit: each start finds the end again.
        for _ in 1...2 {
            let queue = bench.queue()
            try await queue.recover(claimed: [])
            await queue.start()
            await queue.drain()
            let letters = try bench.letters
            #expect(letters.allSatisfy { $0.kind == .last && $0.jobs.count == 3 })
            let mailboxes = letters.compactMap(\.mailbox)
            #expect(mailboxes.count == 3)
            for mailbox in [
                NotifyWish.Mailbox.owner, .address("first@a.example"), .address("boss@a.example"),
            ] { #expect(mailboxes.contains(mailbox), "\(mailboxes)") }
            try bench.index.commit([.init(job: before)])
        }
    }

    @Test func `an end that a killed daemon had only begun to record is told once`() async throws {
        let bench = try NotifyBench()
        let failure = WorkerOutcome.Failure(failureClass: .user, message: "no such model")
        let record = try bench.job("a", .running, notify: "{mail: true, on: [failed]}")
        // Killed before the letter, then before the commit, then after it.
        try JobFolder(bench.folders.job(record.id)).writeEnd(
            JobEnd(
                state: .failed, finishedAtMilliseconds: bench.clock.now, failure: failure))
        let before = try bench.row(record)
        for _ in 1...2 {
            try await bench.queue().recover(claimed: [])
            let letters = try bench.letters
            #expect(letters.map(\.kind) == [.failed])
            #expect(letters.first?.jobs.first?.failure == failure)
            #expect(try bench.row(record).state == JobState.failed.rawValue)
            try bench.index.commit([.init(job: before)])
        }
        // Sent meanwhile: a later start does not write it again.
        let name = LetterBox.fileName(try #require(try bench.letters.first).id)
        try bench.box.move(name, to: bench.box.sent)
        try await bench.queue().recover(claimed: [])
        #expect(try bench.letters.isEmpty)
    }

    @Test func `a job whose folder is gone at a start is told of as well`() async throws {
        let bench = try NotifyBench()
        try WishBook(bench.folders.notify).keep(
            .init(notify: NotifyWish(mail: .owner, on: [.failed, .last])), of: 7)
        let record = try bench.job("a", .queued)
        try FileManager.default.removeItem(atPath: bench.folders.job(record.id).string)
        try await bench.queue().recover(claimed: [])
        let letters = try bench.letters
        #expect(Set(letters.map(\.kind)) == [.failed, .last])
        let failure = letters.first?.jobs.first?.failure
        #expect(failure?.message.contains("is gone") == true)
        // It has ended: the next start has nothing to tell.
        try await bench.queue().recover(claimed: [])
        #expect(try bench.letters.count == 2)
    }

    @Test func `where a queue does not know a job any more, its row says what a letter needs`()
        async throws
    {
        let bench = try NotifyBench()
        let record = try bench.job("a", .publishing, notify: "{mail: true}")
        var row = try bench.row(record)
        row.model = record.description.model
        try bench.index.commit([.init(job: row)])
        let results = bench.folders.results.appending(record.resultsName)
        try Syscalls.makeFolders(results)
        try bench.folder.write("", to: results.appending("DONE"))
        try JobFolder(bench.folders.job(record.id)).writeEnd(
            JobEnd(state: .done, finishedAtMilliseconds: bench.clock.now, failure: nil))
        try await bench.queue().recover(claimed: [])
        let job = try #require(try bench.letters.first?.jobs.first)
        #expect(job.results == results.string, "without it the letter has no figures")
        #expect(job.model == record.description.model)
    }

    @Test(arguments: [FaultPlan.Fault.error(.ioError), .error(.noSpace), .death])
    func `whatever call fails at an end, the job ends, and is told of at most once`(
        fault: FaultPlan.Fault
    ) async throws {
        var number = 1
        while true {
            let bench = try NotifyBench()
            try bench.job("ok", .done, submitted: -5_000, finished: -1_000)
            let record = try bench.job(
                "now", Self.ending, notify: "{mail: true, on: [last]}", submitted: -4_000)
            let plan = FaultPlan(fault, atCall: number)
            let first = bench.queue()
            try await first.recover(claimed: [])
            await FaultPlan.$current.withValue(plan) { await first.start() }
            let isCommitted = try bench.row(record).state == JobState.cancelled.rawValue
            let second = bench.queue()
            try await second.recover(claimed: [])
            await second.start()
            #expect(try bench.row(record).state == JobState.cancelled.rawValue, "call \(number)")
            // Without a folder for them none could be written, and the job has ended all the same.
            if !TestFolder.exists(bench.box.outbox) {
                #expect(isCommitted && plan.hasFired, "call \(number)")
                number += 1
                continue
            }
            let found = try bench.box.waiting()
            #expect(found.broken.isEmpty && found.letters.count <= 1, "call \(number)")
            if !isCommitted || !plan.hasFired {
                #expect(found.letters.map(\.kind) == [.last], "call \(number)")
            }
            if !plan.hasFired { break }
            number += 1
        }
        #expect(number > 10)
        FaultRounds.tell(rounds: number - 1)
    }

    // MARK: The whole daemon

    private static func enable(_ configuration: inout DaemonConfiguration) {
        var settings = NotifySettings()
        settings.rule = NotifyRule(mail: true, webhooks: ["*"])
        configuration.notify = settings
    }

    @Test func `jobs that run are told of by what their manifests or their owners say`()
        async throws
    {
        try await withDaemon(configure: Self.enable) { daemon, _ in
            let wish = try JobJSON.encode(NotifyWish(mail: .owner, on: [.failed]))
            _ = try daemon.client.setNotify(wish, renewsSecret: false)
            func submit(_ name: String, _ notify: String = "") throws {
                _ = try daemon.client.submit(
                    manifest: Data((TestDaemon.manifest(name) + notify).utf8), name: "x")
            }
            try submit("ok-quiet")
            try submit("user-bad")
            try submit("ok-told", "notify: {webhook: 'https://a.example/'}\n")
            try await daemon.wait(for: "ok-quiet", .done)
            try await daemon.wait(for: "user-bad", .failed)
            try await daemon.wait(for: "ok-told", .done)
            let letters = try LetterBox(StateFolders(state: daemon.state).notify).waiting().letters
            #expect(
                Set(letters.map { "\($0.jobs[0].name) \($0.kind) \($0.way)" })
                    == ["user-bad failed mail", "ok-told done webhook"])
            let done = try #require(letters.first { $0.kind == .done }?.jobs.first)
            let results = try #require(done.results)
            #expect(TestFolder.exists(FilePath(results).appending("report.json")))
        }
    }

    @Test func `letters that cannot be written cost no job`() async throws {
        try await withDaemon(configure: Self.enable) { daemon, _ in
            // A file in the place of the folder.
            let notify = StateFolders(state: daemon.state).notify
            try daemon.folder.write("", to: notify.appending("outbox"))
            try daemon.folder.write("{", to: notify.appending("\(geteuid()).json"))
            _ = try daemon.client.submit(
                manifest: Data((TestDaemon.manifest("ok-a") + "notify: {mail: true}\n").utf8),
                name: "x")
            try await daemon.wait(for: "ok-a", .done)
            #expect(daemon.results(of: "ok-a").count == 1)
            _ = try daemon.submit("user-b")
            try await daemon.wait(for: "user-b", .failed)
        }
    }

    // MARK: Which jobs

    private func row(_ id: String, _ submitted: Int, _ finished: Int) -> JobRow {
        var row = JobRow(
            id: id, name: id, owner: 7, manifestDigest: "", state: "done", submittedAt: submitted)
        row.finishedAt = finished
        return row
    }

    @Test func `a letter about all goes back to a moment without jobs, or to the letter before`() {
        let rows = [row("a", 0, 10), row("b", 20, 40), row("c", 30, 60), row("d", 50, 55)]
        let end = row("e", 58, 70)
        func ids(_ before: Int?) -> [String] {
            LastBatch.rows(rows, ended: [end], after: before).map(\.id)
        }
        #expect(ids(nil) == ["e", "c", "d", "b"])
        #expect(ids(40) == ["e", "c", "d"])
        #expect(ids(60) == ["e"])
        // A job that is retried long after is no reason to tell of a week again.
        #expect(
            LastBatch.rows(rows, ended: [row("a", 0, 100)], after: 60).map(\.id) == ["a"])
    }
}
