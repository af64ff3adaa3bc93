// The metrics: their text, read by a parser that knows nothing of the writer; what they count; the
// file for node_exporter; and what `/healthz` says.

import DurableIO
import Failures
import Foundation
import Jobs
import Logging
import Store
import SystemPackage
import Testing

@testable import Daemon

@Suite struct MetricsTests {
    /// The names that the project decided on; what is written is among them.
    private static let names: Set<String> = [
        "build_info", "up_since_seconds", "degraded", "jobs", "jobs_submitted_total",
        "jobs_finished_total", "job_wait_seconds", "job_duration_seconds",
        "oldest_queued_seconds", "stage_runs_total", "stage_duration_seconds",
        "attempts_lost_total", "worker_oom_total", "workers",
        "worker_heartbeat_age_seconds_max", "inbox_files", "inbox_rejected_total",
        "inbox_overflow_total", "inbox_scan_seconds", "cache_requests_total", "cache_bytes",
        "cache_limit_bytes", "cache_evicted_bytes_total", "gc_runs_total",
        "gc_duration_seconds", "quarantined_objects", "db_size_bytes", "db_wal_bytes",
        "db_commit_seconds", "disk_free_bytes", "http_clients",
    ]

    private static let job = "01HZZZZZZZZZZZZZZZZZZZZZZZ"

    private static func read(_ book: MetricsBook) throws -> Exposition {
        try Exposition(PrometheusText.render(book.families))
    }

    private static func move(
        _ state: JobState, attempts: Int = 1, submitted: Int = 0, started: Int? = nil,
        finished: Int? = nil, failureClass: FailureClass? = nil
    ) -> Occurrence {
        var move = Occurrence.JobMove(id: job, name: "ann's job", owner: 1_001, state: state)
        move.attempts = attempts
        move.failureClass = failureClass
        (move.submittedAt, move.startedAt, move.finishedAt) = (submitted, started, finished)
        return .moved(move)
    }

    // MARK: Text

    @Test func `what a label or a help holds is read as it was`() throws {
        let odd = "a \\ \"b\"\nc\\n é"
        let family = MetricFamily(
            "x_total", .counter, "one \\ two\nthree \"four\"",
            [
                .init(labels: [.init("a", odd), .init("b", "")], value: 1.5),
                .init(labels: [], value: 3),
            ])
        let text = PrometheusText.render([family])
        let read = try Exposition(text)
        #expect(read.value("x_total", ["a": odd, "b": ""]) == 1.5)
        #expect(read.value("x_total") == 3)
        #expect(read.helps["x_total"] == "one \\\\ two\\nthree \"four\"")
        #expect(text.split(separator: "\n").count == 4)
        #expect(PrometheusText.render([MetricFamily("empty", .gauge, "h", [])]).isEmpty)
    }

    private static let numbers: [(Double, String)] = [
        (0, "0"), (5, "5"), (-3, "-3"), (0.001, "0.001"), (1e15, "1000000000000000"),
        (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
        (0.30000000000000004, "0.30000000000000004"),
    ]

    @Test(arguments: numbers)
    func `numbers are as short as they are exact`(value: Double, text: String) {
        #expect(PrometheusText.number(value) == text)
    }

    @Test func `a histogram's steps hold what is below them, and all is in the last`() throws {
        var histogram = Histogram([1, 10])
        let values: [Double] = [0.5, 1, 1.5, 10, 11, 1_000_000_000]
        for value in values { histogram.observe(value) }
        let family = MetricFamily(
            "h", .histogram, "h", histogram.samples([.init("stage", "merge")]))
        let read = try Exposition(PrometheusText.render([family]))
        func step(_ bound: String) -> Double? {
            read.value("h_bucket", ["stage": "merge", "le": bound])
        }
        #expect(step("1") == 2)
        #expect(step("10") == 4)
        #expect(step("+Inf") == 6)
        #expect(read.value("h_count", ["stage": "merge"]) == 6)
        let sum: Double = 1_000_000_024
        #expect(read.value("h_sum", ["stage": "merge"]) == sum)
    }

    // MARK: Counting

    @Test func `every histogram is cumulative, and every family is of the list and has its words`()
        throws
    {
        var book = MetricsBook()
        Self.everything.forEach { book.hear($0) }
        let read = try Self.read(book)
        for name in read.types.keys {
            #expect(name.hasPrefix("layerfold_"))
            #expect(Self.names.contains(String(name.dropFirst(10))), "\(name)")
            #expect(read.helps[name]?.isEmpty == false)
            let isCounter = read.types[name] == "counter"
            #expect(isCounter == name.hasSuffix("_total"), "\(name)")
        }
        var last: (series: String, value: Double) = ("", 0)
        for sample in read.samples where sample.name.hasSuffix("_bucket") {
            var labels = sample.labels
            labels["le"] = nil
            let series = "\(sample.name) \(labels.sorted { $0.key < $1.key })"
            if last.series == series { #expect(sample.value >= last.value, "\(series)") }
            last = (series, sample.value)
            if sample.labels["le"] == "+Inf" {
                let count = sample.name.replacing("_bucket", with: "_count")
                #expect(read.value(count, labels) == sample.value)
            }
        }
    }

    @Test func `no label holds what people chose, nor a job`() throws {
        var book = MetricsBook()
        Self.everything.forEach { book.hear($0) }
        // A worker that makes up stages.
        for number in 0..<1_000 {
            book.hear(
                .said(
                    job: Self.job, owner: 1,
                    .stageFinished(
                        stage: "made-up-\(number)", cache: .hit, seconds: 1, peakBytes: 1)))
        }
        book.hear(.said(job: Self.job, owner: 1, .stageStarted(stage: "ann's \"job\"\n")))
        book.hear(
            .attemptEnded(
                .init(id: "a", job: Self.job, owner: 1, state: .failed, backend: .unit)))
        let read = try Self.read(book)
        for sample in read.samples {
            for (key, value) in sample.labels {
                #expect(!value.contains(Self.job) && !value.contains("ann"), "\(sample)")
                #expect(!["job", "id", "user", "owner", "name", "model"].contains(key))
            }
        }
        let stages = Set(read.samples.compactMap { $0.labels["stage"] })
        #expect(stages.count <= 65 && stages.contains("other"))
        #expect(
            read.value("layerfold_stage_runs_total", ["stage": "other", "result": "failed"]) == 1)
    }

    @Test func `a job's way is counted as it went`() throws {
        var book = MetricsBook()
        let before = try Self.read(book)
        #expect(before.value("layerfold_jobs_submitted_total", ["via": "socket"]) == 0)
        #expect(
            before.value(
                "layerfold_jobs_finished_total", ["result": "failed", "class": "user"]) == 0)
        Self.everything.forEach { book.hear($0) }
        let read = try Self.read(book)
        #expect(read.value("layerfold_jobs_submitted_total", ["via": "inbox"]) == 1)
        #expect(read.value("layerfold_jobs_submitted_total", ["via": "socket"]) == 1)
        #expect(
            read.value("layerfold_jobs_finished_total", ["result": "done", "class": "none"]) == 1)
        #expect(
            read.value("layerfold_jobs_finished_total", ["result": "failed", "class": "bug"]) == 1)
        // Of the first attempt only, and never less than nothing.
        #expect(read.value("layerfold_job_wait_seconds_count") == 2)
        #expect(read.value("layerfold_job_wait_seconds_sum") == 5)
        #expect(read.value("layerfold_job_duration_seconds_sum") == 60)
        // A job that never ran took no time.
        #expect(read.value("layerfold_job_duration_seconds_count") == 1)
        #expect(
            read.value("layerfold_cache_requests_total", ["stage": "merge", "status": "miss"]) == 1)
        #expect(
            read.value("layerfold_cache_requests_total", ["stage": "plan", "status": "hit"]) == 1)
        #expect(
            read.value("layerfold_stage_runs_total", ["stage": "merge", "result": "succeeded"])
                == 1)
        #expect(
            read.value("layerfold_stage_runs_total", ["stage": "write", "result": "stopped"]) == 1)
        #expect(read.value("layerfold_stage_duration_seconds_sum", ["stage": "merge"]) == 7)
        #expect(read.value("layerfold_stage_duration_seconds_sum", ["stage": "plan"]) == nil)
        #expect(read.value("layerfold_attempts_lost_total", ["backend": "unit"]) == 1)
        #expect(read.value("layerfold_attempts_lost_total", ["backend": "child"]) == 0)
        #expect(read.value("layerfold_worker_oom_total") == 1)
        #expect(read.value("layerfold_gc_runs_total", ["result": "ok"]) == 1)
        #expect(read.value("layerfold_gc_runs_total", ["result": "failed"]) == 1)
        #expect(read.value("layerfold_cache_evicted_bytes_total") == 100)
        #expect(read.value("layerfold_cache_bytes") == 900)
        #expect(read.value("layerfold_cache_limit_bytes", ["type": "evict"]) == 1_000)
        #expect(read.value("layerfold_inbox_files") == 4)
        #expect(read.value("layerfold_inbox_rejected_total", ["reason": "manifest"]) == 1)
        #expect(read.value("layerfold_degraded", ["reason": "index"]) == 1)
        #expect(read.value("layerfold_degraded", ["reason": "worker_socket"]) == 0)
        #expect(read.value("layerfold_degraded", ["reason": "cluster"]) == 0)
    }

    private static let everything: [Occurrence] = {
        var all: [Occurrence] = []
        func say(_ line: ProgressLine) { all.append(.said(job: job, owner: 1, line)) }
        func end(_ state: AttemptState, _ backend: Occurrence.Backend, isKilled: Bool = false) {
            var end = Occurrence.AttemptMove(
                id: "a", job: job, owner: 1, state: state, backend: backend)
            end.isOutOfMemory = isKilled
            all.append(.attemptEnded(end))
        }
        all.append(.submitted(by: .inbox))
        all.append(.submitted(by: .socket))
        all.append(move(.queued, attempts: 0))
        all.append(move(.running, submitted: 1_000, started: 6_000))
        say(.stageStarted(stage: "merge"))
        say(.stageFinished(stage: "merge", cache: .miss, seconds: 7, peakBytes: 1))
        say(.stageFinished(stage: "plan", cache: .hit, seconds: 0.1, peakBytes: 1))
        say(.stageStarted(stage: "write"))
        end(.stopped, .child)
        all.append(move(.running, attempts: 2, submitted: 1_000, started: 6_000))
        end(.lost, .unit)
        end(.failed, .child, isKilled: true)
        all.append(move(.done, started: 6_000, finished: 66_000))
        // The clock was put back meanwhile.
        all.append(move(.running, submitted: 9_000, started: 1_000))
        all.append(move(.failed, failureClass: .bug))
        let file = ServerEvent.Rejected(
            file: "ann.yaml", owner: 1, reason: "manifest", problem: "ann's")
        all.append(.rejected(file))
        all.append(.looked(files: 4, seconds: 0.2))
        all.append(.overflowed)
        all.append(.committed(seconds: 0.002))
        let collection = Occurrence.Collection(
            actions: 1, objects: 2, freedBytes: 100, keptBytes: 900, limitBytes: 1_000,
            isOverLimit: false, seconds: 3)
        all.append(.collected(collection))
        all.append(.collectionFailed(seconds: 1))
        all.append(.problems(topic: .index, ["`/ann/x`: no room"]))
        all.append(.held(1))
        all.append(.disk(freeBytes: 5, isFull: true))
        return all
    }()

    // MARK: Health

    @Test func `health has a reason for what keeps jobs from running, and no path in it`() {
        var book = MetricsBook()
        #expect(HealthText.reasons(book).isEmpty)
        // Told to admins; jobs run all the same.
        let harmless: [Health.Topic] = [
            .adminGroup, .cluster, .foreignFiles, .letters, .proxy, .settings, .trash,
            .uncounted, .workerSocket, .workerSocketPlace,
        ]
        for topic in harmless {
            book.hear(.problems(topic: topic, ["`/x`: wrong"]))
        }
        #expect(HealthText.reasons(book).isEmpty)
        book.hear(.problems(topic: .index, ["`/srv/ann/index.sqlite`: disk I/O error"]))
        book.hear(.disk(freeBytes: 0, isFull: true))
        book.hear(.stopping)
        let reasons = HealthText.reasons(book)
        #expect(reasons.count == 3)
        #expect(!reasons.contains { $0.contains("/") || $0.contains("\n") })
        book.hear(.problems(topic: .index, []))
        #expect(HealthText.reasons(book).count == 2)
        book.hear(.problems(topic: .tokens, ["`/srv/access/tokens.json`: no JSON"]))
        #expect(HealthText.reasons(book)[0] == "tokens cannot be read, and let nobody in")
    }

    // MARK: File

    private struct Place {
        let folder: TestFolder
        let live: LiveConfiguration
        let file: MetricsFile
        let gatherer: MetricsGatherer

        init() throws {
            folder = try TestFolder()
            var configuration = DaemonConfiguration(
                folders: StateFolders(state: folder.file("state")), modelRoots: [], dataRoots: [],
                worker: folder.file("worker"))
            configuration.metricsFile = folder.file("layerfold.prom")
            try configuration.folders.make()
            live = LiveConfiguration(configuration)
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let queue = JobQueue(
                settings: live, index: try IndexDatabase(path: configuration.folders.index),
                health: Health(), notifier: Notifier(environment: [:], process: 0), logger: logger)
            gatherer = MetricsGatherer(live, queue, MetricsRecorder())
            file = MetricsFile(live, gatherer, logger: logger)
        }

        var text: String { TestFolder.text(folder.file("layerfold.prom")) }
    }

    @Test func `the file holds the metrics, is for everybody, and is replaced whole`()
        async throws
    {
        let place = try Place()
        #expect(await place.file.write() == nil)
        let read = try Exposition(place.text)
        #expect(read.value("layerfold_jobs", ["state": "queued"]) == 0)
        #expect((read.value("layerfold_db_size_bytes") ?? 0) > 0)
        #expect((read.value("layerfold_disk_free_bytes", ["path": "state"]) ?? 0) > 0)
        let names = read.types.keys.map { String($0.dropFirst(10)) }
        #expect(Set(names).isSubset(of: Self.names), "\(Set(names).subtracting(Self.names))")
        // No figure where there is nothing to figure.
        #expect(read.types["layerfold_worker_heartbeat_age_seconds_max"] == nil)
        #expect(read.types["layerfold_http_clients"] == nil)
        let path = place.folder.file("layerfold.prom")
        let before = try #require(try Syscalls.stat(path))
        #expect(before.permissions & 0o777 == 0o644)
        #expect(await place.file.write() == nil)
        let after = try #require(try Syscalls.stat(path))
        #expect(!before.isSameFile(as: after), "another file under its name")
        #expect(
            TestFolder.names(in: place.folder.path).sorted() == ["layerfold.prom", "state"],
            "nothing is left beside it")
    }

    @Test func `a file that cannot be written is told of, and what was there stays`() async throws {
        let place = try Place()
        #expect(await place.file.write() == nil)
        let text = place.text
        var configuration = place.live.current
        configuration.metricsFile = place.folder.file("none/layerfold.prom")
        place.live.replace(by: configuration)
        let problem = try #require(await place.file.write())
        #expect(problem.contains("none/layerfold.prom") && problem.contains("metrics_file"))
        #expect(place.text == text)
        configuration.metricsFile = nil
        place.live.replace(by: configuration)
        #expect(await place.file.write() == nil)
    }
}
