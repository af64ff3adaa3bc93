// A worker on another machine: request and outcome are files in a folder that it shares with the
// daemon, and nobody listens to it.

import ArgumentParser
import DurableIO
import Jobs
import Runner
import SystemPackage

struct NodeUnit {
    private let request: FilePath
    private let outcome: FilePath

    init(_ request: String, _ outcome: String) {
        self.request = FilePath(request)
        self.outcome = FilePath(outcome)
    }

    func run() throws {
        let stop = StopSignal()
        // As every worker: stages ask whether their inputs are whole.
        LostPages.install(.substitute, status: ExitStatus.refused.rawValue)
        let bytes = try SmallFile.read(request, bytesMax: WorkerRequest.bytesMax)
        switch UnitRequest(bytes) {
        case .work(let work, let part): try run(work, part, stop)
        case .refused(let refusal):
            try refusal.write(to: outcome)
            throw ExitCode(ExitStatus.jobFailed.rawValue)
        case nil: throw Failure(.usage, "`\(request)` is no request of a unit of work")
        }
    }

    private func run(_ work: WorkerRequest, _ part: UnitPart, _ stop: StopSignal) throws {
        let folder = FilePath(work.jobDirectory)
        NodeLog(folder.appending(WorkerRequest.logFileName)).watch()
        let progress = NodeProgress(folder: folder)
        let worker = Worker(
            work, emit: { progress.emit($0) }, stop: { try stop.check() })
        switch try worker.runUnit(part, to: outcome) {
        case .succeeded: break
        case .failed: throw ExitCode(ExitStatus.jobFailed.rawValue)
        case .stopped: throw ExitCode(StopSignal.status.rawValue)
        }
    }
}
