// An inbox with a queue that admits and starts nothing: what is taken can be counted in peace.

import Daemon
import DurableIO
import Foundation
import Jobs
import Logging
import Store
import SystemPackage

final class InboxBench {
    let folder: TestFolder
    let folders: StateFolders
    let inbox: Inbox
    private let queue: JobQueue

    init(
        settleTime: Duration = .zero, rescanInterval: Duration = .milliseconds(20),
        _ change: (inout DaemonConfiguration) -> Void = { _ in },
        patience: (@Sendable () async throws -> Void)? = nil
    ) throws {
        folder = try TestFolder()
        folders = StateFolders(state: folder.file("state"))
        try folders.make()
        var configuration = DaemonConfiguration(
            folders: folders, modelRoots: [folders.state.appending("models")], dataRoots: [],
            worker: "/bin/false")
        configuration.settleTime = settleTime
        configuration.rescanInterval = rescanInterval
        configuration.jobsMax = 1_000_000
        change(&configuration)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let settings = LiveConfiguration(configuration)
        queue = JobQueue(
            settings: settings, index: try IndexDatabase(path: folders.index), health: Health(),
            notifier: Notifier(environment: [:], process: 0), logger: logger)
        inbox = Inbox(settings: settings, queue: queue, logger: logger, patience: patience)
    }

    /// Runs the inbox around `body`.
    func run(_ body: () async throws -> Void) async throws {
        let inbox = inbox
        let task = Task { await inbox.run() }
        defer { task.cancel() }
        try await body()
        task.cancel()
        await task.value
    }

    /// Names of manifests, and of what looks like one, that are still in the inbox or claimed.
    var unfinished: [String] {
        TestFolder.names(in: folders.spool)
            + TestFolder.names(in: folders.inbox).filter { $0.hasSuffix(".yaml") }
    }

    /// What was accepted: the owner and the bytes that count.
    func accepted() throws -> [(owner: Int, source: String, text: String)] {
        try TestFolder.names(in: folders.jobs).filter(JobIdentifier.isValid).map { id in
            let path = folders.job(id)
            let record = try JobFolder(path).record()
            return (
                record?.owner ?? -1, record?.source ?? "",
                TestFolder.text(path.appending(JobRecord.manifestFileName))
            )
        }
    }

    /// A manifest that says the same at its beginning and its end.
    static func manifest(_ token: String) -> String {
        """
        # begins \(token)
        version: 1
        name: \(token)
        model: demo
        compress: [{method: reverse, ratios: [0.5]}]
        # ends \(token)

        """
    }

    /// The token of a whole manifest; nil for parts of one, or of two.
    static func token(of text: String) -> String? {
        guard let token = text.split(separator: "\n").first?.split(separator: " ").last else {
            return nil
        }
        return text == manifest(String(token)) ? String(token) : nil
    }
}
