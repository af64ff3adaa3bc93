// The first line of a worker that has a unit of its own: who it is, so that the daemon finds it
// again after a restart. Progress lines follow, as from every worker.

package import Foundation

package struct WorkerGreeting: Sendable, Equatable, Codable {
    /// The flag that such a worker is started with; its command line tells it from children.
    package static let flag = "--unit"

    private enum Kind: String, Codable { case greeting }

    private var kind = Kind.greeting
    package let process: Int

    package init(process: Int) {
        self.process = process
    }

    /// The line without its newline.
    package func encoded() throws -> Data { try JobJSON.encode(self) }

    /// - Throws: `DecodingError` for anything else.
    package init(line: Data) throws {
        self = try JSONDecoder().decode(WorkerGreeting.self, from: line)
    }
}

extension WorkerRequest {
    /// In the job's folder: the worker's standard error, and the stages of the present attempt.
    package static let logFileName = "worker.log"
    package static let progressFileName = "progress.jsonl"
    /// In the job's folder: the last heartbeat of a worker in a unit of its own that no daemon
    /// hears, as the file's first line. It is there, without one, as soon as such a worker begins.
    package static let heartbeatFileName = "heartbeat.json"
    package static let heartbeatBytesMax = 4_096
    /// What the present attempt was expected to take when it began, as `layerfold plan --json`
    /// prints it.
    package static let planFileName = "plan.json"
}
