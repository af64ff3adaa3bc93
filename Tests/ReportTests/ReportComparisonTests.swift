// Reports side by side.

import JSON
import Testing

@testable import Report

@Suite struct ReportComparisonTests {
    private func source(_ name: String, _ folder: String) -> ReportComparison.Source {
        var report = ReportFixtures.tiny()
        report.job = Self.job(name, asking: "a")
        return .init(report, folder: folder)
    }

    private static func job(_ name: String, asking data: String) -> JSONValue {
        let entry = JSONObject([("task", .string("perplexity")), ("dataset", .string(data))])
        return .object(
            JSONObject([("name", .string(name)), ("evaluate", .array([.object(entry)]))]))
    }

    @Test func allModelsStandOnOnePage() throws {
        let whole = try ReportComparison.merge([source("one", "r/one-1"), source("two", "r/two-1")])
        let single = ReportFixtures.tiny()
        #expect(whole.results.count == 2 * single.results.count)
        #expect(Set(whole.results.map(\.id)).count == whole.results.count)
        #expect(whole.results.allSatisfy { $0.path.hasPrefix("r/") })
        // Asked alike: the same columns.
        #expect(ComparisonTable(whole).metrics == ComparisonTable(single).metrics)
        let html = HTMLReport.render(whole)
        #expect(html.contains("one: ") && html.contains("two: "))
        #expect(html.contains("href=\"./r/two-1/"))
    }

    @Test func otherQuestionsAreOtherColumns() throws {
        var other = ReportFixtures.tiny()
        other.job = Self.job("two", asking: "b")
        let whole = try ReportComparison.merge([
            source("one", "a"), ReportComparison.Source(other, folder: "b"),
        ])
        let single = ComparisonTable(ReportFixtures.tiny()).metrics.count
        #expect(ComparisonTable(whole).metrics.count == 2 * single)
    }

    /// Sources that asked alike, each with a change of its report.
    private func sources(
        _ count: Int, _ change: (Int, inout RunReport) -> Void
    ) -> [ReportComparison.Source] {
        (0..<count).map { place in
            var report = source("report \(place)", "").report
            change(place, &report)
            return .init(report, folder: "\(place)")
        }
    }

    /// Under one path, with the same parameters.
    @Test(
        arguments: [
            ([51.69, 51.69 * (1 + 1e-8)], 49_152, 1), ([51.69, 51.7], 49_152, 2),
            ([51.69, 51.69], 49_153, 2),
            // The last two are of one text, though not of the first one's.
            ([51.69, 60, 60], 49_152, 2),
            // The first does not know, and the others differ.
            ([nil, 51.69, 60], 49_152, 2),
        ] as [([Double?], Int, Int)])
    func otherDataOfTheSamePathAreOtherColumns(
        originals: [Double?], count: Int, columns: Int
    ) throws {
        let sources = sources(originals.count) { place, report in
            report.results[0].evaluations[0].original = originals[place]
            if place > 0 { report.results[0].evaluations[0].count = count }
            // What has no original's figure goes along with the rest of its task.
            report.results[0].evaluations.append(
                .init(task: "perplexity", metric: "flips", value: 0.5))
            report.quantized = [
                .init(
                    id: "q", of: "original", method: "rtn", scheme: "W4A16",
                    format: "pack-quantized", bits: 4, path: "q", layers: 3, parameters: 1000,
                    bytes: 500, compressionRatio: 0.75,
                    evaluations: report.results[0].evaluations)
            ]
        }
        let whole = try ReportComparison.merge(sources)
        let table = ComparisonTable(whole)
        #expect(table.metrics.count == 2 * columns)
        #expect(QuantizedTable(whole).metrics == table.metrics)
        for row in table.rows {
            for (cell, original) in zip(row.cells, table.originals) {
                guard let own = cell?.original else { continue }
                #expect((own - (original?.value ?? .nan)).magnitude < 1e-5)
            }
        }
    }

    @Test func aTaskThatTheFirstDidNotAskForIsOneColumnOfTheOthers() throws {
        let sources = sources(3) { place, report in
            guard place == 0 else { return }
            report.job = Self.job("report 0", asking: "b")
            report.results[0].evaluations = []
        }
        let single = ComparisonTable(ReportFixtures.tiny()).metrics
        #expect(ComparisonTable(try ReportComparison.merge(sources)).metrics == single)
    }

    @Test func howManyAnswersAreLongEnoughToRepeatThemselvesTellsNothing() throws {
        let sources = sources(2) { place, report in
            report.results[0].evaluations = [
                .init(
                    task: "generation", metric: "repetition", value: 0.5, count: 64 - place,
                    original: 0.125)
            ]
        }
        #expect(ComparisonTable(try ReportComparison.merge(sources)).metrics.count == 1)
    }

    @Test func whatNobodyAskedForIsNotBroken() throws {
        func lines(_ value: Double?) throws -> [String] {
            let sources = sources(2) { place, report in
                guard place == 1 else { return }
                report.results[0].layers = 1
                report.results[0].evaluations[0].value = value ?? 0
                if value == nil { report.results[0].evaluations[0].task = "other" }
            }
            let html = HTMLReport.render(try ReportComparison.merge(sources))
            return html.matches(of: #/<li class="([a-z]+)"><span class="size">.*?<\/li>/#)
                .map { String($0.1) }
        }
        #expect(try lines(87.23) == ["heavy", "heavy"])
        #expect(try lines(.nan) == ["heavy", "broken"])
        #expect(try lines(nil) == ["heavy", "unknown"])
    }

    @Test func equalNamesAreTold() throws {
        let whole = try ReportComparison.merge([source("one", "a"), source("one", "b")])
        #expect(whole.results.contains { $0.label?.hasPrefix("one 2: ") ?? false })
    }

    @Test func otherOriginalsAndSingleReportsAreRefused() throws {
        #expect(throws: ReportComparisonError.tooFew) {
            try ReportComparison.merge([source("one", "a")])
        }
        #expect(throws: ReportComparisonError.twice(report: "two")) {
            try ReportComparison.merge([source("one", "a"), source("two", "a")])
        }
        var other = ReportFixtures.tiny()
        other.model.digest = String(repeating: "0", count: 64)
        #expect(throws: ReportComparisonError.self) {
            try ReportComparison.merge([
                source("one", "a"), ReportComparison.Source(other, folder: "b"),
            ])
        }
    }
}
