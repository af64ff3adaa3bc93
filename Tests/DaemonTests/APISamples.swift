// A sample of each type that the API answers with, with all that it may hold.

import Failures
import Foundation
import Jobs
import TestSupport

enum APISamples {
    static let job = "01J0000000000000000000000A"

    /// By the name of its schema.
    static let all: [String: [any Encodable & Sendable]] = {
        var all: [String: [any Encodable & Sendable]] = [:]
        all["JobReceipt"] = [JobReceipt(id: job, state: .queued)]
        all["JobSummary"] = [
            summary,
            JobSummary(
                id: job, name: "n", state: .queued, attempts: 0, submittedAtMilliseconds: 1),
        ]
        all["JobList"] = [JobList(jobs: [summary], next: "1-2")]
        all["JobDetail"] = [detail]
        all["JobRecord"] = records
        all["JobProgress"] = [progress]
        all["ProgressLine"] = lines
        all["RemovalReceipt"] = [RemovalReceipt(id: job, what: .results, freedBytes: 5)]
        all["ServerStatus"] = [status]
        all["InboxReport"] = [inbox]
        all["AuditList"] = [
            AuditList(
                events: [
                    AuditEvent(
                        sequence: 1, atMilliseconds: 2, user: 3, verb: "submit", job: job,
                        isAdmin: false)
                ], next: 1)
        ]
        all["ErrorDocument"] = errors
        all["TokenSummary"] = [token]
        all["TokenList"] = [TokenList(tokens: [token])]
        all["NewToken"] = [NewToken(token: "lf_x", summary: token)]
        all["NotifyWish"] = wishes
        all["NotifyReport"] =
            wishes.map {
                NotifyReport(
                    notify: $0, secret: "s", hasSecret: true, rule: .anything,
                    letters: [.init(id: "1", state: .failed, reason: "r")])
            } + [NotifyReport(notify: nil, hasSecret: false, rule: .nothing)]
        all["TimedEvent"] = events.map { TimedEvent(atMilliseconds: 5, event: $0) }
        return all
    }()

    // MARK: Jobs

    private static let summary: JobSummary = {
        var summary = JobSummary(
            id: job, name: "n", state: .held, attempts: 1, submittedAtMilliseconds: 1)
        summary.owner = 1
        summary.model = "m"
        summary.priority = 2
        summary.ahead = 3
        summary.startedAtMilliseconds = 4
        summary.finishedAtMilliseconds = 5
        summary.notBeforeMilliseconds = 6
        summary.held = .disk
        summary.reason = "r"
        summary.failure = .init(failureClass: .resource, message: "m")
        summary.progress = step
        return summary
    }()

    private static let step: ProgressLine.Progress = .init(
        stage: "merge", done: 1, total: 2, unit: "layers", rate: 0.5, secondsLeft: 1.5,
        jobSecondsLeft: 2.5, detail: "d")

    /// Of all examples, and of the manifest of other tests.
    private static let records: [JobRecord] = {
        let examples = Places.root.appending(path: "inbox-example")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: examples.path)) ?? []
        let plain = TestDaemon.manifest("n")
        var texts = [Data(plain.utf8), Data((plain + "\nnotify: {mail: true}\n").utf8)]
        for name in names.sorted() where name.hasSuffix(".yaml") {
            if let text = try? Data(contentsOf: examples.appending(path: name)) {
                texts.append(text)
            }
        }
        let descriptions = texts.compactMap { try? ManifestParser.parse(bytes: $0, name: "n") }
        return descriptions.map {
            JobRecord(
                id: job, source: "s", owner: 1, submittedAtMilliseconds: 2, manifestDigest: "d",
                description: $0)
        }
    }()

    private static let detail: JobDetail = {
        var attempt = JobDetail.Attempt(id: "a", state: .failed, startedAtMilliseconds: 1)
        attempt.finishedAtMilliseconds = 2
        attempt.process = 3
        attempt.exitCode = 4
        attempt.exitSignal = 5
        var detail = JobDetail(
            summary: summary, record: records.first, attempts: [attempt], jobDirectory: "/j",
            resultsDirectory: "/r")
        detail.note = JobNote(text: "t", by: 1, atMilliseconds: 2)
        return detail
    }()

    private static let lines: [ProgressLine] = [
        .stageStarted(stage: "merge"), .progress(step),
        .stageFinished(stage: "merge", cache: .hit, seconds: 0.5, peakBytes: 1),
        .warning(message: "w"), .note(message: "n"), .finished(outcome: .succeeded),
        .failed(failureClass: .bug, message: "m"),
        .heartbeat(
            Heartbeat(
                moves: 1, processorSeconds: 0.5, transferredBytes: 2, peakBytes: 3,
                stage: "merge", plannedSeconds: 4, kept: 5)),
    ]

    private static let progress = JobProgress(
        id: job, state: .running, last: .progress(step), history: lines)

    // MARK: Server

    private static let status: ServerStatus = {
        var status = ServerStatus(
            version: "1", process: 2, startedAtMilliseconds: 3, stateDirectory: "/s",
            inbox: "/i", modelRoots: ["/m"], dataRoots: ["/d"], jobs: ["queued": 1],
            running: job, isStopping: false, degraded: "d")
        status.problems = ["p"]
        status.retention = RetentionNotice(announced: [
            .init(job: job, owner: 1, bytes: 2, reason: "r", removedAtMilliseconds: 3)
        ])
        return status
    }()

    private static let inbox = InboxReport(
        inbox: "/i", problem: "p", warnings: ["w"], staying: [.init(name: "n", reason: "r")],
        more: 1,
        rejected: [
            .init(
                name: "n", owner: 1, reason: "manifest", problem: "p", path: "/p",
                rejectedAtMilliseconds: 2)
        ])

    private static let errors: [ErrorDocument] =
        [
            ErrorDocument(
                code: .manifest, message: "m",
                manifestError: ManifestError(
                    line: 1, column: 2, path: "p", problem: "p", expected: "e", found: "f",
                    hint: "h"))
        ]
        + ErrorDocument.Code.allCases.map { ErrorDocument(code: $0, message: "m") }

    private static let token = TokenSummary(
        id: "0123abcd", user: 1, scope: .read, name: "n", madeAtMilliseconds: 2,
        expiresAtMilliseconds: 3, usedAtMilliseconds: 4)

    private static let wishes = [
        NotifyWish(mail: .owner, webhook: "https://a.example/x"),
        NotifyWish(mail: .address("ada@example.org"), on: NotifyWish.Occasion.allCases),
    ]

    static let events: [ServerEvent] = {
        var move = ServerEvent.Job(job: job, name: "n", owner: 1, state: .failed, attempts: 2)
        move.position = 3
        move.held = .disk
        move.reason = "r"
        move.failureClass = .user
        move.isRemoved = true
        var step = ServerEvent.Progress(job: job, stage: "merge", share: 0.5)
        step.unit = "layers"
        step.rate = 0.5
        step.secondsLeft = 1.5
        step.jobSecondsLeft = 2.5
        step.cache = .miss
        var worker = ServerEvent.Worker(job: job, isRunning: false)
        worker.process = 1
        worker.exitCode = 2
        worker.exitSignal = 3
        return [
            .job(move), .progress(step), .attempt(.init(job: job, attempt: "a", state: .lost)),
            .worker(worker),
            .server(
                .init(
                    problems: ["p"], held: 1, isStopping: true, isDiskFull: true,
                    diskFreeBytes: 2)),
            .collection(
                .init(actions: 1, objects: 2, freedBytes: 3, keptBytes: 4, isOverLimit: true)),
            .rejected(.init(file: "f", owner: 1, reason: "manifest", problem: "p")), .reset,
        ]
    }()
}
