// The words of the command line, made without a daemon: tables, jobs, progress, faults.

import Failures
import Foundation
import Jobs
import Report
import TestSupport
import Testing

@testable import layerfold

@Suite("texts of the command line")
struct TextTests {
    // MARK: Tables

    private static let rows = [
        ["id", "name", "what"], ["1", "short", "a word"],
        ["2", "a-rather-long-name-of-a-job", "failed because of many words in a long line"],
    ]

    @Test("a table has columns where they fit, blocks where not, and loses nothing")
    func table() {
        let table = TextTable(rows: Self.rows, hasHeader: true)
        #expect(
            table.lines(width: nil) == [
                "id  name                         what",
                "1   short                        a word",
                "2   a-rather-long-name-of-a-job  failed because of many words in a long line",
            ])
        #expect(table.lines(width: 80) == table.lines(width: nil))
        #expect(
            table.lines(width: 40) == [
                "1", "  name: short", "  what: a word", "2", "  name: a-rather-long-name-of-a-job",
                "  what: failed because of many words in", "  a long line",
            ])
        for width in 1...90 {
            let lines = table.lines(width: width)
            #expect(lines.allSatisfy { $0.count <= max(width, 3) }, "\(width)")
            let letters = lines.joined().filter { $0.isLetter }
            #expect(letters.contains("failedbecauseofmanywordsinalongline"), "\(width)")
        }
        let pairs = TextTable(
            rows: [["model", "demo"], ["why", "many words are here"]], hasHeader: false)
        #expect(pairs.lines(width: 20) == ["model  demo", "why    many words", "       are here"])
        let empty = TextTable(rows: [["id", "nothing"], ["1", ""]], hasHeader: true)
        #expect(empty.lines(width: nil) == ["id", "1"])
    }

    @Test("control characters move no cursor, and wide characters take two columns")
    func characters() {
        #expect(TextTable.oneLine("a\nb\u{1B}[31mc") == #"a b\u{1B}[31mc"#)
        #expect(TextTable.oneLine("a\r\nb\tc\u{2028}d") == "a b c d")
        // CSI in one character, and a mark that turns the reading around.
        #expect(TextTable.oneLine("a\u{9B}31mb\u{202E}c") == #"a\u{9B}31mb\u{202E}c"#)
        let long = String(repeating: "é", count: 5_000)
        #expect(TextTable.oneLine(long) == long, "nothing is cut")
        #expect(TextTable.columns("模型") == 4)
        #expect(TextTable.cut("模型a", to: 3) == "模")
        let lines = TextTable(rows: [["模型", "x"], ["ab", "y"]], hasHeader: false)
            .lines(width: nil)
        #expect(lines == ["模型  x", "ab    y"])
    }

    // MARK: Jobs

    private static let jobs = [
        JobHandle(id: "01J00000000000000000000001", name: "a"),
        JobHandle(id: "01J00000000000000000000002", name: "night"),
        JobHandle(id: "01K00000000000000000000003", name: "night"),
    ]

    @Test("a job is found by its id, its beginning, its name, or as the latest")
    func references() throws {
        func found(_ word: String) throws -> String {
            try JobReference.find(word, among: Self.jobs).id
        }
        #expect(try found("01J00000000000000000000001") == Self.jobs[0].id)
        #expect(try found("01k") == Self.jobs[2].id)
        #expect(try found("a") == Self.jobs[0].id)
        #expect(try found("night") == Self.jobs[2].id, "the newest of that name")
        #expect(try found("latest") == Self.jobs[2].id)
        for (word, status, text) in [
            ("01J", ExitStatus.usage, "2 jobs"), ("nigth", .notFound, "did you mean `night`?"),
            ("", .notFound, "there is no job"),
        ] {
            let failure = #expect(throws: Failure.self) { try found(word) }
            #expect(failure?.status == status)
            #expect(failure?.message.contains(text) == true, "\(failure?.message ?? "")")
        }
        #expect(throws: Failure.self) { try JobReference.find("latest", among: []) }
        #expect(JobReference.whole("01j00000000000000000000001") == Self.jobs[0].id)
        #expect(JobReference.shortened(Self.jobs.map(\.id)).map(\.count) == [26, 26, 26])
        #expect(
            JobReference.shortened(["01J0000000X1", "01J0000001X1"]) == [
                "01J0000000", "01J0000001",
            ])
    }

    private static func job(_ state: JobState) -> JobSummary {
        var job = JobSummary(
            id: "01J00000000000000000000001", name: "night", state: state, attempts: 1,
            submittedAtMilliseconds: 1_000)
        job.model = "models/demo"
        return job
    }

    @Test("a list says how old a job is, how long it runs, and what of it")
    func list() {
        var running = Self.job(.running)
        running.startedAtMilliseconds = 61_000
        running.progress = .init(stage: "merge", done: 1, total: 2, unit: "layers", secondsLeft: 5)
        var failed = Self.job(.failed)
        failed.startedAtMilliseconds = 2_000
        failed.finishedAtMilliseconds = 3_500
        failed.failure = .init(
            failureClass: .user, message: "a message that is longer than a column may be\nmore")
        var queued = Self.job(.queued)
        queued.ahead = 0
        let rows = JobText.list([running, failed, queued], now: 121_000, isWide: false)
        #expect(rows[0] == ["id", "name", "owner", "state", "model", "age", "time", "what"])
        #expect(
            rows[1].dropFirst() == [
                "night", "", "running", "demo", "2 min", "60 s", "merge 50 %, 5.00 s left",
            ])
        #expect(rows[2].dropFirst(6) == ["1.50 s", "a message that is longer than a colum..."])
        #expect(rows[3].dropFirst(6) == ["", "next"])
        let wide = JobText.list([failed], now: 121_000, isWide: true)[1]
        #expect(wide[4] == "models/demo")
        #expect(wide[7] == "a message that is longer than a column may be")
    }

    @Test("a story has stages, warnings and the failure, once")
    func story() {
        let failure = WorkerOutcome.Failure(failureClass: .user, message: "no such model")
        let history: [ProgressLine] = [
            .stageStarted(stage: "digest"),
            .stageFinished(stage: "digest", cache: .hit, seconds: 1, peakBytes: 1 << 20),
            .warning(message: "careful"),
        ]
        let story = ["digest       from cache  1.00 s  peak 1 MiB", "warning: careful"]
        #expect(JobText.story(history, failure: nil) == story)
        #expect(JobText.story(history, failure: failure) == story + ["failed: no such model"])
        let told = history + [.failed(failureClass: .user, message: "no such model")]
        #expect(JobText.story(told, failure: failure) == story + ["failed: no such model"])
    }

    @Test("progress never wraps, whatever its detail holds")
    func progress() {
        let progress = ProgressLine.Progress(
            stage: "weights", done: 1, total: 3, unit: "layers", rate: 0.5, secondsLeft: 4,
            detail: "model.layers.1\nmlp 模型")
        #expect(
            ProgressText.full(progress)
                == "weights      33 %  model.layers.1 mlp 模型  0.5 layers/s  4.00 s left")
        for width in 3...100 {
            let text = ProgressText.fitting(progress, width: width)
            #expect(TextTable.columns(text) < width && !text.contains("\n"))
        }
    }

    @Test("a percentage of any two numbers is one of 0 to 100")
    func percentages() {
        for (done, total, percent) in [
            (0, 3, 0), (29, 100, 29), (2, 3, 66), (3, 3, 100), (5, 3, 100), (-1, 3, 0), (0, 0, 100),
            (.max, .max, 100), (93_000_000_000_000_000, .max, 1), (.min, 1, 0),
        ] {
            let progress = ProgressLine.Progress(
                stage: "weights", done: done, total: total, unit: "operations")
            #expect(ProgressText.percent(progress) == percent, "\(done) of \(total)")
        }
    }

    @Test("two jobs differ in what was asked and what came out")
    func differences() {
        let one = JobDiff.flattened(["a": ["b": [1, 2]], "c": "x"])
        #expect(one == ["a.b[0]": "1", "a.b[1]": "2", "c": "x"])
        let found = JobDiff.differences(
            .init(id: "1", values: one, figures: .read(["m: perplexity": "5"])),
            .init(
                id: "2", values: ["a.b[0]": "1", "c": "y", "d": "z"],
                figures: .read(["m: perplexity": "6"])))
        #expect(found.map(\.what) == ["a.b[1]", "c", "d", "m: perplexity"])
        #expect(found.map(\.first) == ["2", "x", nil, "5"])
        #expect(found.map(\.second) == [nil, "y", "z", "6"])
        // Figures of one job alone tell no difference.
        let alone = JobDiff.differences(
            .init(id: "1", values: [:], figures: .read(["m: perplexity": "5"])),
            .init(id: "2", values: [:], figures: .unread("it has no results")))
        #expect(alone == [])
    }

    @Test("figures are named by their metrics, and fit 80 and 40 columns")
    func figures() throws {
        let url = Places.fixtures.appending(path: "Report/tiny.json")
        let report = try RunReport(jsonText: try String(contentsOf: url, encoding: .utf8))
        let rows = ReportText.rows(report)
        #expect(rows[0].contains("figure"))
        #expect(rows.dropFirst(2).allSatisfy { $0.count < 5 || !$0[4].isEmpty })
        for width in [40, 80] {
            let lines = TextTable(rows: rows, hasHeader: true).lines(width: width)
            #expect(lines.allSatisfy { TextTable.columns($0) <= width })
        }
    }

    // MARK: Faults

    @Test("no message names a type of Swift")
    func faults() {
        struct Job: Decodable { let id: Int }
        struct Bare: Error {}
        func decoded(_ text: String) -> String {
            do {
                _ = try JSONDecoder().decode([Job].self, from: Data(text.utf8))
                return ""
            } catch { return FaultText.describe(error) }
        }
        #expect(decoded("{") == "it is not JSON")
        #expect(decoded("[{}]") == "the key `id` is missing at `[0]`")
        #expect(decoded("[{\"id\": \"x\"}]") == "a value has the wrong type at `[0].id`")
        #expect(FaultText.describe(POSIXError(.ENOSPC)) == "No space left on device")
        #expect(!FaultText.describe(Bare()).contains("Bare"))
        let missing = #expect(throws: (any Error).self) {
            try Data(contentsOf: URL(filePath: "/none/file"))
        }
        let text = missing.map(FaultText.describe) ?? ""
        #expect(text.contains("/none/file") && !text.contains("NSCocoa"), "\(text)")
    }
}
