// `layerfold worker`: started by the daemon, not by people.

import ArgumentParser
import DurableIO
import Foundation
import Jobs
import Runner
import Synchronization

/// Whose turn it is on standard output.
private let speech = Mutex(())

struct WorkerCommand: ComputingCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Run one job for the daemon.", shouldDisplay: false)

    @Flag(help: "Work out what the job would take, and run nothing.") var plan = false

    @Flag(help: "Run in a unit of its own, and outlive the daemon.") var unit = false

    @Option(help: "A file with the request, on another machine than the daemon's.")
    var request: String?

    @Option(help: "With --request: the file that tells how it ended.") var outcome: String?

    func validate() throws {
        guard (request == nil) == (outcome == nil), request == nil || !(plan || unit) else {
            throw ValidationError("--request and --outcome go together, and with nothing else")
        }
    }

    func run() throws {
        if let request, let outcome { return try NodeUnit(request, outcome).run() }
        if unit { try WorkerUnit.greet() }
        let stop = StopSignal()
        // Stages ask whether their inputs are whole before they keep anything.
        LostPages.install(.substitute, status: ExitStatus.refused.rawValue)
        if plan { try forecast(stop) } else { try work(stop) }
    }

    private func readRequest<Request: Decodable>() throws -> Request {
        guard let line = readLine(strippingNewline: true),
            line.utf8.count <= WorkerRequest.bytesMax,
            let request = try? JSONDecoder().decode(Request.self, from: Data(line.utf8))
        else { throw Failure(.usage, "expected a job request on standard input") }
        if !unit { Self.stopWithDaemon() }
        return request
    }

    private func forecast(_ stop: StopSignal) throws {
        // A job that runs goes first.
        _ = nice(10)
        let request: ForecastRequest = try readRequest()
        do {
            try Terminal.json(try Worker.forecast(request) { try stop.check() })
        } catch is JobStopped {
            throw ExitCode(StopSignal.status.rawValue)
        } catch {
            try Terminal.json(WorkerOutcome.Failure(error))
            throw ExitCode(ExitStatus.jobFailed.rawValue)
        }
    }

    private func work(_ stop: StopSignal) throws {
        let request: WorkerRequest = try readRequest()
        let ownUnit = unit ? WorkerUnit(request) : nil
        let worker = Worker(
            request,
            emit: { line in
                guard let data = try? line.encoded() else { return }
                // One line at a time: two threads speak. The daemon may be gone; the job is stopped
                // by its closed pipe, not by this.
                speech.withLock { _ in
                    if let ownUnit { return ownUnit.emit(line) }
                    _ = Descriptors.write(Array(data) + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
                }
            }, stop: { try stop.check() })
        do {
            if try worker.run() == .failed { throw ExitCode(ExitStatus.jobFailed.rawValue) }
        } catch is JobStopped {
            throw ExitCode(128 + SIGTERM)
        }
    }

    /// The daemon keeps our standard input open while it lives.
    private static func stopWithDaemon() {
        Thread.detachNewThread {
            while let data = try? FileHandle.standardInput.read(upToCount: 4096), !data.isEmpty {}
            StopSignal.ask()
        }
    }
}
