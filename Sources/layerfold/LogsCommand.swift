// Verbs that follow jobs: logs, wait.

import ArgumentParser
import Client
import Foundation
import Jobs

struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Print a job's story: stages, warnings, the failure, what the worker wrote.")

    @Argument(help: "Jobs: ids, their beginnings, names or `latest`.") var jobs: [String]
    @OptionGroup var daemon: DaemonPlace
    @OptionGroup var patience: PatienceOption
    @Flag(name: .shortAndLong, help: "Follow until the job ends.") var follow = false
    @Flag(help: "Print the progress history as JSON.") var json = false

    func validate() throws {
        if follow && json { throw ValidationError("--follow or --json, not both") }
    }

    func run() throws {
        let daemon = PatientDaemon(self.daemon.access, patience)
        let ids = try daemon.ids(of: jobs)
        if json {
            let all = try ids.map { id in try daemon.ask { try $0.progress(of: id) } }
            return try all.count == 1 ? Terminal.json(all[0]) : Terminal.json(all)
        }
        for id in ids {
            if ids.count > 1 { Terminal.line("== \(id)") }
            try JobLog(id: id, daemon: daemon).tell(following: follow)
        }
    }
}

/// The story of one job, then what its worker wrote; while it runs, both as they come.
private struct JobLog {
    let id: String
    let daemon: PatientDaemon

    func tell(following: Bool) throws {
        var told = 0
        var offset: Int?
        while true {
            let progress = try daemon.ask { try $0.progress(of: id) }
            let isOver = progress.state.isFinal || !following
            if progress.history.count < told { told = 0 }
            try tell(Array(progress.history.dropFirst(told)), isOver: isOver)
            told = progress.history.count
            offset = try copy(from: offset)
            if isOver { return }
            PatientDaemon.pause()
        }
    }

    private func tell(_ history: [ProgressLine], isOver: Bool) throws {
        let failure = isOver ? try daemon.ask { try $0.job(id) }.summary.failure : nil
        JobText.story(history, failure: failure).forEach { Terminal.line($0) }
    }

    /// All that the worker has written since `offset`, or its last part.
    private func copy(from offset: Int?) throws -> Int {
        var offset = offset
        while true {
            let part = try daemon.ask { try $0.log(of: id, from: offset) }
            Terminal.write(part.bytes)
            if part.bytes.isEmpty || part.nextOffset == offset { return part.nextOffset }
            offset = part.nextOffset
        }
    }
}

struct WaitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract:
            "Follow jobs until they end; prints figures and paths. Exit code 0 if all are done.")

    @Argument(help: "Jobs: ids, their beginnings, names or `latest`.") var jobs: [String]
    @OptionGroup var daemon: DaemonPlace
    @OptionGroup var patience: PatienceOption
    @Flag(help: "Print the jobs as JSON at the end.") var json = false

    func run() throws {
        let daemon = PatientDaemon(self.daemon.access, patience)
        // A daemon that is away is waited for; only words that need its list ask before.
        let ids = try daemon.ids(of: jobs)
        var details: [JobDetail] = []
        var failures: [Failure] = []
        for id in ids {
            do {
                let detail = try JobWait(daemon).follow(id)
                details.append(detail)
                guard !json else { continue }
                JobWait.ending(of: detail, width: Terminal.width(of: STDOUT_FILENO))
                    .forEach { Terminal.line($0) }
            } catch let failure as Failure where failure.status == .jobFailed {
                failures.append(failure)
                if ids.count > 1 { Terminal.error("layerfold: \(failure.message)") }
                if json { details.append(try daemon.ask { try $0.job(id) }) }
            }
        }
        if json { try ids.count == 1 ? Terminal.json(details[0]) : Terminal.json(details) }
        guard let first = failures.first else { return }
        throw ids.count == 1
            ? first : Failure(.jobFailed, "\(failures.count) of \(ids.count) jobs did not end well")
    }
}
