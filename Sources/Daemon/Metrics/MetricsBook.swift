// What the metrics count: occurrences go in, families come out. Pure; of this life of the daemon,
// as counters of Prometheus are. No label holds what a person chose: stages are words of the
// program, and a worker that made up more of them than there are has them counted together.

import Failures
import Jobs

package struct MetricsBook: Sendable {
    private struct Key: Hashable {
        let name: String
        let values: [String]
    }

    private struct Declaration {
        let help: String
        let labels: [String]
        /// Values that are there from the start: a counter that begins with 1 shows no increase.
        var known: [[String]] = []
        var bounds: [Double] = []
    }

    private var counters: [Key: Double] = [:]
    private var histograms: [Key: Histogram] = [:]
    private var stages: Set<String> = []
    /// The stage that a job is in.
    private var open: [String: String] = [:]
    private var inboxFiles: Int?
    private var collection: Occurrence.Collection?
    /// By topic: whether something is wrong.
    package private(set) var problems: [Health.Topic: Bool]
    package private(set) var isStopping = false
    package private(set) var isDiskFull = false

    private static let stagesMax = 64

    package init() {
        for (name, declaration) in Self.counting {
            for values in declaration.known { counters[Key(name: name, values: values)] = 0 }
        }
        for (name, declaration) in Self.timing where declaration.labels.isEmpty {
            histograms[Key(name: name, values: [])] = Histogram(declaration.bounds)
        }
        problems = Dictionary(
            uniqueKeysWithValues: Health.Topic.allCases.map { ($0, false) })
    }

    private mutating func count(_ name: String, _ values: [String] = [], by step: Double = 1) {
        counters[Key(name: name, values: values), default: 0] += step
    }

    private mutating func observe(_ name: String, _ values: [String] = [], _ seconds: Double) {
        let bounds = Self.timing[name]?.bounds ?? []
        histograms[Key(name: name, values: values), default: Histogram(bounds)]
            .observe(max(0, seconds))
    }

    // MARK: Occurrences

    package mutating func hear(_ occurrence: Occurrence) {
        switch occurrence {
        case .submitted(let way): count("layerfold_jobs_submitted_total", [way.rawValue])
        case .moved(let move): hear(move)
        case .attemptEnded(let move): hear(move)
        case .said(let job, _, let line): hear(line, of: job)
        case .problems(let topic, let texts): problems[topic] = !texts.isEmpty
        case .stopping: isStopping = true
        case .disk(_, let isFull): isDiskFull = isFull
        case .collected(let collection):
            self.collection = collection
            count("layerfold_gc_runs_total", ["ok"])
            count("layerfold_cache_evicted_bytes_total", by: Double(collection.freedBytes))
            observe("layerfold_gc_duration_seconds", [], collection.seconds)
        case .collectionFailed(let seconds):
            count("layerfold_gc_runs_total", ["failed"])
            observe("layerfold_gc_duration_seconds", [], seconds)
        case .rejected(let file): count("layerfold_inbox_rejected_total", [file.reason])
        case .looked(let files, let seconds):
            inboxFiles = files
            observe("layerfold_inbox_scan_seconds", [], seconds)
        case .overflowed: count("layerfold_inbox_overflow_total")
        case .committed(let seconds): observe("layerfold_db_commit_seconds", [], seconds)
        case .removed, .attemptBegan, .workerBegan, .workerEnded, .held: break
        }
    }

    private mutating func hear(_ move: Occurrence.JobMove) {
        guard move.isNewState else { return }
        if move.state == .running, move.attempts == 1, let started = move.startedAt {
            observe(
                "layerfold_job_wait_seconds", [], Double(started - move.submittedAt) / 1_000)
        }
        guard move.state.isFinal else { return }
        count(
            "layerfold_jobs_finished_total",
            [move.state.rawValue, move.failureClass?.rawValue ?? Self.none])
        if let started = move.startedAt, let finished = move.finishedAt {
            observe("layerfold_job_duration_seconds", [], Double(finished - started) / 1_000)
        }
    }

    private mutating func hear(_ move: Occurrence.AttemptMove) {
        if move.state == .lost {
            count("layerfold_attempts_lost_total", [move.backend.rawValue])
        }
        if move.isOutOfMemory { count("layerfold_worker_oom_total") }
        guard let stage = open.removeValue(forKey: move.job), move.state != .succeeded else {
            return
        }
        count(
            "layerfold_stage_runs_total", [stage, move.state == .stopped ? "stopped" : "failed"])
    }

    private mutating func hear(_ line: ProgressLine, of job: String) {
        switch line {
        case .stageStarted(let name): open[job] = stage(name)
        case .stageFinished(let name, let cache, let seconds, _):
            open[job] = nil
            let stage = stage(name)
            count("layerfold_cache_requests_total", [stage, cache.rawValue])
            guard cache == .miss else { return }
            count("layerfold_stage_runs_total", [stage, "succeeded"])
            observe("layerfold_stage_duration_seconds", [stage], seconds)
        case .progress, .warning, .note, .finished, .failed, .heartbeat: break
        }
    }

    /// A stage's name as a label.
    private mutating func stage(_ name: String) -> String {
        if stages.contains(name) { return name }
        let isWord =
            (1...40).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
            }
        guard isWord, stages.count < Self.stagesMax else { return "other" }
        stages.insert(name)
        return name
    }

    // MARK: Families

    /// In the order of their names.
    package var families: [MetricFamily] {
        var families: [MetricFamily] = []
        for (name, declaration) in Self.counting {
            let found = counters.filter { $0.key.name == name }.sorted { Self.less($0.key, $1.key) }
            families.append(
                MetricFamily(
                    name, .counter, declaration.help,
                    found.map {
                        .init(labels: Self.labels(declaration, $0.key), value: $0.value)
                    }))
        }
        for (name, declaration) in Self.timing {
            let found = histograms.filter { $0.key.name == name }
                .sorted { Self.less($0.key, $1.key) }
            families.append(
                MetricFamily(
                    name, .histogram, declaration.help,
                    found.flatMap { $0.value.samples(Self.labels(declaration, $0.key)) }))
        }
        return (families + gauges).sorted { $0.name < $1.name }
    }

    private var gauges: [MetricFamily] {
        var gauges = [
            MetricFamily.gauge(
                "layerfold_degraded", "Whether something keeps the daemon from its work.",
                by: "reason",
                problems.sorted { $0.key < $1.key }.map {
                    ($0.key.rawValue.replacing(" ", with: "_"), $0.value ? 1 : 0)
                })
        ]
        if let inboxFiles {
            gauges.append(
                .gauge(
                    "layerfold_inbox_files", "Files in the inbox after the last look.",
                    Double(inboxFiles)))
        }
        guard let collection else { return gauges }
        gauges.append(
            .gauge(
                "layerfold_cache_bytes", "Packed bytes of the store after the last collection.",
                Double(collection.keptBytes)))
        if let limit = collection.limitBytes {
            gauges.append(
                .gauge(
                    "layerfold_cache_limit_bytes",
                    "Bytes of the store beyond which something goes.", by: "type",
                    [("evict", Double(limit))]))
        }
        return gauges
    }

    private static func less(_ one: Key, _ other: Key) -> Bool {
        one.values.lexicographicallyPrecedes(other.values)
    }

    private static func labels(_ declaration: Declaration, _ key: Key) -> [MetricFamily.Label] {
        zip(declaration.labels, key.values).map { .init($0, $1) }
    }

    // MARK: Declarations

    /// For a job that has no failure.
    private static let none = "none"

    private static let counting: [String: Declaration] = [
        "layerfold_jobs_submitted_total": .init(
            help: "Jobs that were accepted.", labels: ["via"],
            known: Occurrence.Submission.allCases.map { [$0.rawValue] }),
        "layerfold_jobs_finished_total": .init(
            help: "Jobs that ended, by how and by whose fault.", labels: ["result", "class"],
            known: [[JobState.done.rawValue, none], [JobState.cancelled.rawValue, none]]
                + FailureClass.allCases.map { [JobState.failed.rawValue, $0.rawValue] }),
        "layerfold_stage_runs_total": .init(
            help: "Stages that were computed, to the end or not.", labels: ["stage", "result"]),
        "layerfold_cache_requests_total": .init(
            help: "Stages that were looked for in the cache.", labels: ["stage", "status"]),
        "layerfold_attempts_lost_total": .init(
            help: "Attempts whose worker ended without a word.", labels: ["backend"],
            known: Occurrence.Backend.allCases.map { [$0.rawValue] }),
        "layerfold_worker_oom_total": .init(
            help: "Workers that the kernel killed for memory.", labels: [], known: [[]]),
        "layerfold_inbox_rejected_total": .init(
            help: "Files that could not become jobs.", labels: ["reason"],
            known: Refusal.Reason.allCases.map { [$0.rawValue] }),
        "layerfold_inbox_overflow_total": .init(
            help: "Times that the kernel had more to tell of the inbox than it kept.", labels: [],
            known: [[]]),
        "layerfold_cache_evicted_bytes_total": .init(
            help: "Packed bytes that were collected.", labels: [], known: [[]]),
        "layerfold_gc_runs_total": .init(
            help: "Collections of the store.", labels: ["result"], known: [["ok"], ["failed"]]),
    ]

    private static let timing: [String: Declaration] = [
        "layerfold_job_wait_seconds": .init(
            help: "From a job's submission to its first attempt.", labels: [],
            bounds: Histogram.jobs),
        "layerfold_job_duration_seconds": .init(
            help: "From a job's first attempt to its end.", labels: [], bounds: Histogram.jobs),
        "layerfold_stage_duration_seconds": .init(
            help: "What a stage took that was computed.", labels: ["stage"],
            bounds: Histogram.stages),
        "layerfold_inbox_scan_seconds": .init(
            help: "What a look through the inbox took.", labels: [], bounds: Histogram.moments),
        "layerfold_db_commit_seconds": .init(
            help: "What it took to commit a decision of the queue.", labels: [],
            bounds: Histogram.moments),
        "layerfold_gc_duration_seconds": .init(
            help: "What a collection of the store took.", labels: [],
            bounds: Histogram.collections),
    ]
}
