// Every page with one text in all its fields that hold text, in all the states that it has.

import Failures
import Foundation
import Jobs
import Pages
import Report

enum PageSamples {
    static let base = "/base"
    static let token = "7f3a"
    static let id = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    static let now = 1_700_000_000_000

    static func frame(_ name: String = "ada", base: String = PageSamples.base) -> Frame {
        Frame(
            basePath: base, visitorName: name, formToken: token, maySubmit: true, isAdmin: true,
            hasSession: true)
    }

    static let hostile = [
        "\"><evil a=\"b\">", "'><evil onclick='x'>", "</script><script>evil()</script>",
        "</textarea></title></style></pre></option><h1>evil</h1>", "<!-- evil --> ]]> &amp; &lt;",
        "javascript:evil()", "//evil.example/", "\u{202E}live\u{202C}", "\u{0}\u{1B}[31m\u{85}",
        "a\r\nb\tc\u{2028}error", "e" + String(repeating: "\u{301}", count: 300),
        String(repeating: "x", count: 9_000), "&#34;><evil>", "a%22%3E\"#?&", "",
    ]

    /// Names and texts of all pages.
    static func pages(_ text: String, base: String = PageSamples.base) throws -> [(String, String)]
    {
        let frame = frame(text, base: base)
        var pages: [(String, Markup)] = [
            ("overview", overview(text).render(frame)), ("list", list(text).render(frame)),
            ("empty list", list(text, isEmpty: true).render(frame)),
            ("rejected", rejected(text).render(frame)),
            (
                "remove",
                RemovePage(
                    summary(.failed, text), owner: text, resultBytes: 5_000,
                    jobBytes: 70
                ).render(frame)
            ),
        ]
        for code: ErrorDocument.Code in [
            .manifest, .notFound, .forbidden, .refused, .tooLarge, .unavailable,
        ] {
            let error = ErrorDocument(
                code: code, message: text,
                manifestError: ManifestError(line: 1, column: 2, path: text, problem: text))
            pages.append(("error \(code)", ErrorPage(error).render(frame)))
        }
        let typed = [
            TypedText(.manifest, text, also: text, path: "/submit"),
            TypedText(.note, text, path: "/jobs/\(id)/note"),
        ]
        for (place, typed) in typed.enumerated() {
            let error = ErrorPage(
                ErrorDocument(code: .forbidden, message: text), typed: typed,
                isOfOldForm: place == 0)
            pages.append(("typed \(place)", error.render(frame)))
        }
        for state in JobState.allCases {
            pages.append(("job \(state)", try job(state, text).render(frame)))
        }
        return pages.map { ($0, $1.text) }
    }

    // MARK: Pages

    static func summary(_ state: JobState, _ text: String) -> JobSummary {
        var job = JobSummary(
            id: id, name: text, state: state, attempts: 2, submittedAtMilliseconds: now)
        job.owner = 1_000
        job.model = text
        job.priority = -3
        job.startedAtMilliseconds = now + 5_000
        switch state {
        case .queued: (job.ahead, job.notBeforeMilliseconds, job.reason) = (2, now, text)
        case .held: (job.held, job.reason) = (.admin, text)
        case .running:
            job.progress = .init(
                stage: text, done: 1, total: 3, unit: text, rate: 2.5, secondsLeft: 60,
                jobSecondsLeft: .infinity, detail: text)
        case .failed: job.failure = .init(failureClass: .bug, message: "x\n" + text)
        case .publishing, .cancelling, .done, .cancelled: break
        }
        if state.isFinal { job.finishedAtMilliseconds = now + 65_000 }
        return job
    }

    static func lines(_ text: String) -> [JobLine] {
        JobState.allCases.map { JobLine(summary($0, text), owner: text, expectedStart: now) }
    }

    static func overview(_ text: String) -> HomePage {
        let lines = lines(text)
        return HomePage(
            .overview(
                running: lines.filter { $0.summary.state.standing == 0 },
                waiting: lines.filter { $0.summary.state.standing == 1 },
                ended: lines.filter { $0.summary.state.standing == 2 }),
            counts: [.done: 1_234, .queued: 7], problems: [text, text], isStopping: true,
            disk: .init(freeBytes: 5_000_000, totalBytes: 9_000_000, cacheBytes: nil),
            retention: .init(announced: [
                .init(job: id, owner: 1, bytes: 5, reason: text, removedAtMilliseconds: now)
            ]), freedBytes: 12, now: now)
    }

    static func list(_ text: String, isEmpty: Bool = false) -> HomePage {
        var filter = JobFilter()
        (filter.state, filter.owner, filter.model, filter.words) = (text, text, text, text)
        filter.after = "2-5"
        return HomePage(
            .list(isEmpty ? [] : lines(text), filter, next: "2-9"), counts: [:], problems: [],
            isStopping: false, disk: nil, retention: nil, freedBytes: nil, now: now)
    }

    static func rejected(_ text: String) -> RejectedPage {
        RejectedPage(
            InboxReport(
                inbox: text, problem: text, warnings: [text],
                staying: [.init(name: text, reason: text)], more: 3,
                rejected: [
                    .init(
                        name: text, owner: 7, reason: text, problem: text, path: text,
                        rejectedAtMilliseconds: now),
                    .init(
                        name: text, owner: nil, reason: text, problem: text, path: text,
                        rejectedAtMilliseconds: nil),
                ]), names: [7: text])
    }

    static func job(
        _ state: JobState, _ text: String,
        rights: JobPage.Rights = .init(mayChange: true, maySubmit: true),
        manifest: JobManifest? = nil
    ) throws -> JobPage {
        var attempt = JobDetail.Attempt(
            id: "a", state: state.isFinal ? .lost : .running, startedAtMilliseconds: now)
        if state.isFinal {
            (attempt.finishedAtMilliseconds, attempt.exitSignal) = (now + 3_200, 9)
        }
        var detail = JobDetail(
            summary: summary(state, text), record: nil, attempts: [attempt], jobDirectory: text,
            resultsDirectory: text)
        detail.note = JobNote(text: text, by: 7, atMilliseconds: now)
        let history: [ProgressLine] = [
            .stageStarted(stage: text), .note(message: text),
            .stageFinished(stage: text, cache: .miss, seconds: 1.5, peakBytes: 1 << 20),
            .stageStarted(stage: "merge"),
        ]
        let plan = [
            PlannedStage(name: text, detail: text, isCached: false, seconds: 3, peakBytes: 5),
            PlannedStage(name: "merge", detail: text, isCached: true, seconds: 0, peakBytes: nil),
        ]
        let results: JobResults =
            switch state {
            case .done: .models(JobModels(try report(text), folder: "/srv/" + text))
            case .failed: .unreadable(text)
            default: .none
            }
        return JobPage(
            detail, line: JobLine(detail.summary, owner: text, expectedStart: now),
            stages: StageTable(plan: plan, history: history, isOver: state.isFinal),
            manifest: manifest ?? .text(text),
            log: JobLog(
                text: "first\n\(text)\nerror: \(text)\n", nextOffset: 9, isWhole: state == .done),
            results: results, noteBy: text, rights: rights, hasReport: state == .done,
            files: state == .done ? ResultFile.allCases : [], freedBytes: 3)
    }

    /// As small as it can be, with `text` wherever a job or a model may choose.
    static func report(_ text: String) throws -> RunReport {
        func model(_ id: String, _ more: [String: Any]) -> [String: Any] {
            let common: [String: Any] = [
                "id": id, "method": text, "path": text, "layers": 12, "parameters": 1_000_000,
                "bytes": 4_000_000, "seconds": 1.0, "files": [Any](),
                "evaluations": [
                    [
                        "task": "perplexity", "metric": "perplexity", "value": 12.0,
                        "original": 10.0,
                    ], ["task": text, "metric": "accuracy", "value": 0.5],
                ],
            ]
            return common.merging(more) { $1 }
        }
        let report: [String: Any] = [
            "schema": 1, "job": ["name": text],
            "model": [
                "name": text, "digest": text, "architecture": text, "layers": 16,
                "parameters": 1_500_000, "bytes": 6_000_000, "dtype": "bfloat16",
            ],
            "stages": [Any](), "similarity": [Any](),
            "results": [
                model(
                    text,
                    [
                        "ratio": 0.25, "ratio_achieved": 0.25, "plan": [Any](),
                        "removed_layers": [Any](), "similarity_before": [Any](),
                        "similarity_after": [Any](),
                        "exports": [
                            [
                                "format": "gguf", "type": text, "path": text, "bytes": 5,
                                "sha256": "", "seconds": 0.0,
                            ]
                        ],
                    ])
            ],
            "quantized": [
                model(
                    "q",
                    [
                        "of": text, "scheme": text, "format": text, "bits": 4,
                        "compression_ratio": 0.5,
                    ])
            ],
            "warnings": [text], "versions": ["layerfold": text],
            "numerics": ["compute": "f32", "kernel_level": "avx2", "threads": 2],
            "started": text, "finished": text,
        ]
        let data = try JSONSerialization.data(withJSONObject: report)
        return try RunReport(jsonText: String(decoding: data, as: UTF8.self))
    }
}
