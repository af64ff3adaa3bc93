// `layerfold worker`: started by the daemon, not by people.

import ArgumentParser
import Foundation
import Jobs
import Runner

struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Run one job for the daemon.", shouldDisplay: false)

    func run() throws {
        let stop = StopSignal()
        guard let line = readLine(strippingNewline: true),
            line.utf8.count <= WorkerRequest.bytesMax,
            let request = try? JSONDecoder().decode(WorkerRequest.self, from: Data(line.utf8))
        else { throw Failure(.usage, "expected a job request on standard input") }
        Self.stopWithDaemon()
        let worker = Worker(
            request,
            emit: { line in
                guard let data = try? line.encoded() else { return }
                // The daemon may be gone; the job is stopped by its closed pipe, not by this.
                _ = Descriptors.write(Array(data) + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
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
