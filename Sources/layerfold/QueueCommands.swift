// Verbs that talk to the daemon about jobs: submit, ls, show, logs, wait, cancel, retry.

import ArgumentParser
import Foundation
import Jobs

/// The daemon behind a state folder.
struct DaemonPlace: ParsableArguments {
    @OptionGroup var place: StatePlace
    @Option(help: "The daemon's socket; <state>/run/layerfoldd.sock where left out.")
    var socket: String?

    var client: DaemonClient {
        DaemonClient(socket: socket ?? place.state + "/run/layerfoldd.sock")
    }

    /// Runs an exchange; the daemon's answers become exit codes.
    func ask<Answer>(_ body: (DaemonClient) throws -> Answer) throws -> Answer {
        do {
            return try body(client)
        } catch DaemonClient.ClientError.refused(let document) {
            switch document.code {
            case .notFound: throw Failure(.notFound, document.message)
            case .unavailable: throw Failure(.unreachable, document.message)
            default: throw Failure(.refused, document.message)
            }
        } catch let error as DaemonClient.ClientError {
            throw Failure(.unreachable, "\(error)")
        }
    }
}

struct SubmitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Hand a job file to the daemon; prints the job's id.")

    @Argument(help: "The job file.") var job: String
    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Wait until the job ends.") var wait = false
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let manifest = try NamedFile.read(job)
        let receipt = try daemon.ask {
            try $0.submit(manifest: manifest, name: Manifest.name(of: job))
        }
        if json { try Terminal.json(receipt) } else { Terminal.line(receipt.id) }
        if wait { try JobWait.wait(for: receipt.id, daemon: daemon) }
    }
}

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List the daemon's jobs.")

    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let list = try daemon.ask { try $0.jobs() }
        if json { return try Terminal.json(list) }
        Terminal.table(
            [["id", "name", "state", "ahead", "progress"]]
                + list.jobs.map { job in
                    [
                        job.id, job.name, job.state.rawValue, job.ahead.map(String.init) ?? "",
                        job.progress.map(ProgressText.short) ?? job.failure?.message ?? "",
                    ]
                })
    }
}

struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one job.")

    @Argument(help: "A job id.") var job: String
    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Output is JSON anyway.") var json = false

    func run() throws { try Terminal.json(try daemon.ask { try $0.job(job) }) }
}

struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Print a job's log.")

    @Argument(help: "A job id.") var job: String
    @OptionGroup var daemon: DaemonPlace
    @Flag(name: .shortAndLong, help: "Follow until the job ends.") var follow = false
    @Flag(help: "Print the progress history as JSON.") var json = false

    func run() throws {
        if json { return try Terminal.json(try daemon.ask { try $0.progress(of: job) }) }
        var offset: Int?
        while true {
            let part = try daemon.ask { try $0.log(of: job, from: offset) }
            FileHandle.standardOutput.write(part.bytes)
            let moved = part.nextOffset != offset
            offset = part.nextOffset
            guard follow || (moved && !part.bytes.isEmpty) else { return }
            if !moved {
                if try daemon.ask({ try $0.progress(of: job) }).state.isFinal { return }
                Thread.sleep(forTimeInterval: JobWait.pollSeconds)
            }
        }
    }
}

struct WaitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Follow a job until it ends; exit code 0 if it is done.")

    @Argument(help: "A job id.") var job: String
    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print the job as JSON at the end.") var json = false

    func run() throws {
        try JobWait.wait(for: job, daemon: daemon)
        if json { try Terminal.json(try daemon.ask { try $0.job(job) }) }
    }
}

struct CancelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Cancel a job; what it finished stays in the cache.")

    @Argument(help: "A job id.") var job: String
    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let receipt = try daemon.ask { try $0.cancel(job) }
        if json { try Terminal.json(receipt) } else { Terminal.line(receipt.state.rawValue) }
    }
}

struct RetryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Queue a failed or cancelled job again.")

    @Argument(help: "A job id.") var job: String
    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let receipt = try daemon.ask { try $0.retry(job) }
        if json { try Terminal.json(receipt) } else { Terminal.line(receipt.state.rawValue) }
    }
}

enum ProgressText {
    static func short(_ progress: ProgressLine.Progress) -> String {
        let percent = progress.total > 0 ? 100 * progress.done / progress.total : 100
        let left = progress.secondsLeft.map { ", " + ProgressDisplay.duration($0) + " left" } ?? ""
        return "\(progress.stage) \(percent) %" + left
    }
}

/// Following a job by asking the daemon a few times a second.
enum JobWait {
    static let pollSeconds = 0.2
    /// A daemon that restarts is waited for this long.
    private static let unreachableSecondsMax = 60.0

    static func wait(for id: String, daemon: DaemonPlace) throws {
        let display = ProgressDisplay()
        var shown = 0
        var lastProgress: ProgressLine?
        var unreachableSeconds = 0.0
        while true {
            let progress: JobProgress
            do {
                progress = try daemon.ask { try $0.progress(of: id) }
                unreachableSeconds = 0
            } catch let failure as Failure
                where failure.status == .unreachable && unreachableSeconds < unreachableSecondsMax
            {
                unreachableSeconds += pollSeconds
                Thread.sleep(forTimeInterval: pollSeconds)
                continue
            }
            // A restarted job begins its history anew.
            if progress.history.count < shown { shown = 0 }
            for line in progress.history.dropFirst(shown) { display.show(line) }
            shown = progress.history.count
            if let last = progress.last, last != lastProgress, case .progress = last {
                display.show(last)
                lastProgress = last
            }
            if progress.state.isFinal {
                return try end(id, progress.state, daemon)
            }
            Thread.sleep(forTimeInterval: pollSeconds)
        }
    }

    private static func end(_ id: String, _ state: JobState, _ daemon: DaemonPlace) throws {
        guard state != .done else { return }
        let message = try daemon.ask { try $0.jobs() }.jobs.first { $0.id == id }?.failure?.message
        throw Failure(
            .jobFailed, "job \(id) is \(state.rawValue)" + (message.map { ": " + $0 } ?? ""))
    }
}
