// A daemon on one state folder that tells people of ends, and what it has written to them.

import Daemon
import DurableIO
import Foundation
import HTTP
import Jobs
import Letters
import Logging
import Store
import SystemPackage
import Testing

/// A daemon's parts on one state folder, which start no worker.
final class NotifyBench {
    let folder: TestFolder
    let clock = ManualClock()
    let configuration: DaemonConfiguration
    let index: IndexDatabase
    var folders: StateFolders { configuration.folders }
    var box: LetterBox { LetterBox(folders.notify) }

    init(_ rule: NotifyRule? = NotifyRule(mail: true, webhooks: ["*"])) throws {
        folder = try TestFolder()
        // Who submits must be able to read the model.
        try Syscalls.chmod(folder.path, 0o711)
        let state = folder.file("state")
        var configuration = DaemonConfiguration(
            folders: StateFolders(state: state), modelRoots: [state.appending("models")],
            dataRoots: [], worker: "/bin/false")
        configuration.clock = clock.daemonClock
        (configuration.limits.slots, configuration.limits.laneSlots) = (0, 0)
        configuration.notify = rule.map { rule in
            var settings = NotifySettings()
            settings.rule = rule
            return settings
        }
        self.configuration = configuration
        try configuration.folders.make()
        let model = state.appending("models/demo")
        try FileManager.default.createDirectory(
            atPath: model.string, withIntermediateDirectories: true)
        try folder.write("{}", to: model.appending("config.json"))
        index = try IndexDatabase(path: configuration.folders.index)
    }

    /// As a daemon that starts on what is there.
    func queue() -> JobQueue {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return JobQueue(
            settings: LiveConfiguration(configuration), index: index, health: Health(),
            notifier: Notifier(environment: [:], process: 0), logger: logger)
    }

    /// A job that was accepted and stands in the index as the row says.
    @discardableResult
    func job(
        _ name: String, _ state: JobState, by owner: Int = 7, notify: String = "",
        submitted: Int = 0, finished: Int? = nil
    ) throws -> JobRecord {
        let manifest = TestDaemon.manifest(name) + (notify.isEmpty ? "" : "notify: \(notify)\n")
        let now = clock.now + submitted
        let record = JobRecord(
            id: JobIdentifier.make(now: now), source: name, owner: owner,
            submittedAtMilliseconds: now, manifestDigest: "",
            description: try ManifestParser.parse(bytes: Data(manifest.utf8), name: name))
        try JobFolder(folders.job(record.id)).accept(
            manifest: Array(manifest.utf8), record: record)
        var row = JobRow(
            id: record.id, name: name, owner: owner, manifestDigest: "", state: state.rawValue,
            submittedAt: now)
        row.finishedAt = finished.map { clock.now + $0 }
        _ = try index.insertJob(row)
        return record
    }

    func row(_ record: JobRecord) throws -> JobRow { try #require(try index.job(record.id)) }

    /// None where nobody has written one yet.
    var letters: [Letter] {
        get throws { TestFolder.exists(box.outbox) ? try box.waiting().letters : [] }
    }

    func ask(
        _ words: String, by user: Int = 7, isAdmin: Bool = false, body: String = ""
    ) async throws -> (status: Int, text: String) {
        let queue = queue()
        let settings = LiveConfiguration(configuration)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let routes = StatusRoutes(
            settings: settings, queue: queue,
            inbox: Inbox(settings: settings, queue: queue, logger: logger))
        var reader = RequestReader()
        let text =
            "\(words) HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        reader.take(Array(text.utf8)[...])
        guard case .complete(let request)? = reader.outcome else {
            Issue.record("no request: \(words)")
            return (0, "")
        }
        let response = await routes.respond(
            to: request, from: Caller(user: user, isAdmin: isAdmin))
        guard case .bytes(let bytes) = response.body else { return (response.status, "") }
        return (response.status, String(decoding: bytes, as: UTF8.self))
    }

    func report(
        _ words: String, by user: Int = 7, body: String = ""
    ) async throws -> NotifyReport {
        let answer = try await ask(words, by: user, body: body)
        try #require((200..<300).contains(answer.status), "\(answer.text)")
        return try JSONDecoder().decode(NotifyReport.self, from: Data(answer.text.utf8))
    }
}
