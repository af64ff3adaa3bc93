// What the submit command is given for a unit, and what its answer means. Pure.

package import Jobs

/// Names one try of one unit for ever: in the queue's name and comment, in files, in messages.
package struct UnitToken: Sendable, Hashable, CustomStringConvertible {
    package let attempt: String
    package let unit: String
    /// Counted from 1.
    package let number: Int

    package init(attempt: String, unit: String, number: Int) {
        self.attempt = attempt
        self.unit = unit
        self.number = number
    }

    package static let prefix = "layerfold-"

    package var description: String { "\(Self.prefix)\(attempt)-\(unit)-\(number)" }
}

package struct Submission: Sendable, Equatable {
    package let token: UnitToken
    /// Minutes; nil: what the queue gives.
    package let minutes: Int?
    /// Bytes; nil: what the queue gives.
    package let memoryBytes: Int?
    package let resources: JobDescription.Resources
    /// Absolute paths, as the nodes see them.
    package let worker: String
    package let request: String
    package let outcome: String
    package let log: String
    package let folder: String

    package init(
        token: UnitToken, minutes: Int?, memoryBytes: Int?, resources: JobDescription.Resources,
        worker: String, request: String, outcome: String, log: String, folder: String
    ) {
        self.token = token
        self.minutes = minutes
        self.memoryBytes = memoryBytes
        self.resources = resources
        self.worker = worker
        self.request = request
        self.outcome = outcome
        self.log = log
        self.folder = folder
    }

    /// Seconds between the signal to end and the end: a part of a stage is done within them.
    private static let farewellSecondsMax = 300

    /// - Parameter minutes: that are asked for; nil: none are.
    static func farewellSeconds(_ minutes: Int?) -> Int {
        minutes.map { min(farewellSecondsMax, $0 * 60 / 4) } ?? farewellSecondsMax
    }

    /// Options of the submit command; no shell sees them.
    package var arguments: [String] {
        var words = [
            "--parsable", "--job-name=\(token)", "--comment=\(token)", "--export=NONE",
            // Another try is ours to send: it gets a token of its own.
            "--no-requeue", "--kill-on-invalid-dep=yes",
            "--signal=B:TERM@\(Self.farewellSeconds(minutes))", "--open-mode=append",
            "--output=\(log)", "--chdir=\(folder)", "--nodes=1", "--ntasks=1",
        ]
        if let cpus = resources.cpus { words.append("--cpus-per-task=\(cpus)") }
        if let memoryBytes { words.append("--mem=\((memoryBytes + 1_048_575) >> 20)M") }
        if let minutes { words.append("--time=\(minutes)") }
        for (option, value) in [
            ("account", resources.account), ("partition", resources.partition),
            ("qos", resources.qos), ("constraint", resources.constraint),
        ] {
            if let value { words.append("--\(option)=\(value)") }
        }
        return words + resources.extra
    }

    /// The program becomes the worker, so that the queue's signal reaches it. Threads are as many
    /// as were asked for, since keys name them, whatever the node has.
    package var script: String {
        script(running: [worker, "worker", "--request", request, "--outcome", outcome])
    }

    func script(running words: [String]) -> String {
        let command = words.map(Self.quoted).joined(separator: " ")
        return """
            #!/bin/sh
            OMP_NUM_THREADS="${SLURM_CPUS_PER_TASK:-${SLURM_CPUS_ON_NODE:-1}}"
            export OMP_NUM_THREADS
            exec \(command)

            """
    }

    private static func quoted(_ word: String) -> String {
        "'"
            + word.split(separator: "'", omittingEmptySubsequences: false).joined(
                separator: "'\\''")
            + "'"
    }
}

/// What came of a command.
package struct CommandReply: Sendable, Equatable, Codable {
    /// The exit code; nil where it was killed, took too long, or could not be started.
    package var code: Int?
    package var output: String
    package var errors: String
    /// False where it is known that nothing was run.
    package var wasRun: Bool

    package init(code: Int?, output: String = "", errors: String = "", wasRun: Bool = true) {
        self.code = code
        self.output = output
        self.errors = errors
        self.wasRun = wasRun
    }

    private enum CodingKeys: String, CodingKey {
        case code, output, errors
        case wasRun = "was_run"
    }
}

package enum SubmitAnswer: Sendable, Hashable {
    case sent(id: String)
    /// It may be in the queue or not: the token tells, in time.
    case unknown(String)
    /// It is not in the queue, and may be later.
    case later(String)
    /// It is not in the queue, and will not be as it is.
    case refused(String)

    package init(_ reply: CommandReply) {
        let words = reply.errors.isEmpty ? reply.output : reply.errors
        let text = String(words.prefix(2_000)).split(separator: "\n").joined(separator: "; ")
        guard reply.wasRun else {
            self = .later(text.isEmpty ? "the submit command could not be run" : text)
            return
        }
        if reply.code == 0 {
            // `--parsable` prints `ID` or `ID;CLUSTER`, and a site's plugin may print before it.
            let last = reply.output.split(separator: "\n").last ?? ""
            let id = last.prefix { $0 != ";" }
            let isName =
                !id.isEmpty
                && id.utf8.allSatisfy {
                    UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
                        || UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0
                        || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 || "._-[]".utf8.contains($0)
                }
            self =
                isName && id.utf8.count <= 200
                ? .sent(id: String(id)) : .unknown("it printed no identifier: \(text)")
        } else if reply.code == nil {
            self = .unknown(text.isEmpty ? "it did not answer in time" : text)
        } else {
            self = Self.failure(text)
        }
    }

    /// By Slurm's words (slurm_errno.c).
    private static func failure(_ text: String) -> SubmitAnswer {
        let lower = text.lowercased()
        func says(_ words: [String]) -> Bool { words.contains { lower.contains($0) } }
        // The command found no settings of its own, so it has sent nothing.
        if says([
            "configuration source", "failed to fetch config", "failed to fetch remote config",
        ]) {
            return .later(text)
        }
        if says([
            "timed out", "timeout", "unable to contact", "connection", "zero bytes", "try again",
            "authentication", "munge",
        ]) {
            return .unknown(text)
        }
        if says([
            "limit", "temporarily", "unavailable", "slurm backup controller", "not responding",
            // Inactive or drained: people take partitions out, and put them back.
            "partition not available",
            // The controller's disk is full.
            "i/o error writing",
        ]),
            !says(["node configuration is not available", "requested time limit"])
        {
            return .later(text)
        }
        return .refused(text.isEmpty ? "it said no word" : text)
    }
}
