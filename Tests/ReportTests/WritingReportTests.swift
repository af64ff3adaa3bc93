// What a model writes in the report: judged before anything else, shown beside the original, and
// never let out of its place on the page.

import TensorMath
import Testing

@testable import Report

@Suite struct WritingReportTests {
    private static func figure(
        _ metric: String, _ value: Double, original: Double
    ) -> RunReport.Evaluation {
        .init(
            task: metric == "perplexity" ? metric : "generation", metric: metric, value: value,
            stderr: 0.05, count: 64, original: original)
    }

    @Test(
        arguments: [
            ("repetition", 0.12, 0.05, Verdict.unchanged), ("repetition", 0.12, 0.14, .unchanged),
            ("repetition", 0.12, 0.18, .slight), ("repetition", 0.12, 0.25, .clear),
            ("repetition", 0.12, 0.4, .heavy), ("repetition", 0.12, 0.57, .broken),
            ("agreement", 1, 1, .unchanged), ("agreement", 1, 0.5, .slight),
            ("agreement", 1, 0.04, .clear), ("agreement", 1, 0.02, .heavy),
            ("agreement", 1, 0, .broken), ("repetition", 0.12, .nan, .broken),
            ("length", 80, 3, nil), ("stopped", 0.9, 0.1, nil), ("prompts_equal", 1, 0, nil),
        ] as [(String, Double, Double, Verdict?)])
    func `verdicts on what a model writes`(
        metric: String, original: Double, value: Double, expected: Verdict?
    ) {
        #expect(Verdict(Self.figure(metric, value, original: original)) == expected)
    }

    @Test func `no model is judged better than what it writes`() throws {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<2000 {
            let writing = [
                Self.figure("agreement", generator.uniform(), original: 1),
                Self.figure("repetition", generator.uniform(), original: generator.uniform()),
            ]
            let leading = Self.figure(
                "perplexity", 10 * (0.9 + 3 * generator.uniform()), original: 10)
            let all = generator.uniform() < 0.5 ? [leading] + writing : writing + [leading]
            let found = try #require(Verdict.decisive(all, leading: leading))
            let alone = (writing + [leading]).compactMap { Verdict($0) }.map(\.rawValue)
            #expect(found.verdict.rawValue == alone.max())
            #expect(Verdict(found.evaluation) == found.verdict)
        }
    }

    @Test func `a model in loops is not good for its perplexity`() {
        var report = ReportFixtures.tiny()
        report.results[0].evaluations[0].value = 51.7
        #expect(HTMLReport.render(report).contains("not measurably worse</span>"))
        report.results[0].evaluations += [
            Self.figure("agreement", 0.2, original: 1),
            Self.figure("repetition", 0.6, original: 0.12),
        ]
        let page = HTMLReport.render(report)
        #expect(!page.contains("not measurably worse</span>"))
        #expect(page.contains("<li class=\"broken\">"))
        #expect(page.contains("generation repetition 12.0% → 60.0%"))
        let card = ModelCard.render(report, report.results[0])
        #expect(card.contains("What it writes falls apart"))
        #expect(!card.contains("not measurably worse"))
    }

    @Test func `the first to be named is one that can write`() {
        var report = SampleReport.make(layers: 16, ratios: [0.25], methods: ["mka", "reverse"])
        #expect(ComparisonTable(report).favourite?.result.method == "mka")
        report.results[0].evaluations.append(Self.figure("repetition", 0.6, original: 0.12))
        report.results[1].evaluations.append(Self.figure("repetition", 0.2, original: 0.12))
        let table = ComparisonTable(report)
        #expect(table.favourite?.result.method == "reverse")
        // The best figure is that of the other all the same.
        #expect(table.best(of: table.groups[0], column: 0)?.result.method == "mka")
        report.results[1].evaluations[1].value = 0.7
        #expect(ComparisonTable(report).favourite?.result.method == "mka")
    }

    @Test func `figures that are best near the original are not ranked`() {
        var report = SampleReport.make(layers: 16, ratios: [0.25], methods: ["mka", "reverse"])
        report.results[0].evaluations.append(Self.figure("length", 90, original: 50))
        report.results[1].evaluations.append(Self.figure("length", 60, original: 50))
        let table = ComparisonTable(report)
        #expect(table.bestIDs(of: table.groups[0], column: 0).count == 1)
        #expect(table.bestIDs(of: table.groups[0], column: 1).isEmpty)
        #expect(HTMLReport.render(report).contains("nearest the original is best"))
    }

    @Test func `answers stand side by side on the page and in the card`() throws {
        let report = SampleReport.make(
            layers: 16, ratios: [0.25], methods: ["mka"], hasTasks: true)
        let page = HTMLReport.render(report)
        #expect(page.contains("What they write"))
        #expect(page.contains("How long is a piece of string?"))
        #expect(page.contains("Twice as long as\nfrom its middle to its end."))
        let card = ModelCard.render(report, report.results[0])
        #expect(card.contains("## What it writes\n"))
        #expect(card.contains("\n    Twice as long as\n    from its middle to its end.\n"))
        let again = try RunReport(jsonText: report.jsonText())
        #expect(again.results[0].answers == report.results[0].answers)
        // Older reports have none.
        let older = try report.jsonText().replacing("\"answers\"", with: "\"other\"")
        #expect(try RunReport(jsonText: older).results[0].answers == nil)
        #expect(!HTMLReport.render(try RunReport(jsonText: older)).contains("What they write"))
    }

    @Test func `no answer gets out of its block in a card`() {
        var report = SampleReport.make(layers: 16, ratios: [0.25], methods: ["mka"])
        let plain = ModelCard.render(report, report.results[0]).split(separator: "\n")
        let hostile = HostileText.strings + ["a\n# head\n---\n```\n| cell |\r\n<b>", "\n\n"]
        for text in hostile {
            report.results[0].answers = [
                .init(
                    task: "generation", reason: "usual", prompt: text, original: text, folded: text)
            ]
            let lines = ModelCard.render(report, report.results[0]).split(separator: "\n")
            let added = lines.filter { line in
                !line.hasPrefix("    ") && !plain.contains(line)
            }
            #expect(
                added == [
                    "## What it writes",
                    "As near to the original as half of all answers. The prompt:",
                    "The original:", "This model:",
                ], "\(text.shortened(to: 40))")
        }
    }
}
