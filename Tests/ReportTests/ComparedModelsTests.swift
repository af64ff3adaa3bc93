// Models of several jobs in an order, and what the jobs asked for differently.

import JSON
import Testing

@testable import Report

@Suite struct ComparedModelsTests {
    private static func report(_ name: String, ratios: [Double] = [0.125, 0.25]) -> RunReport {
        var report = SampleReport.make(layers: 16, ratios: ratios, methods: ["mka", "reverse"])
        report.job = .object(JSONObject([("name", .string(name))]))
        return report
    }

    private func models() throws -> ComparedModels {
        try ComparedModels([
            .init(id: "first-id", report: Self.report("one")),
            .init(id: "second-id", report: Self.report("two")),
        ])
    }

    @Test func `each model says of which job it is, the original of none`() throws {
        let models = try models()
        #expect(models.rows.count == 9)
        #expect(models.rows[0].source == nil)
        #expect(models.rows[0].figures.compactMap(\.?.value) == [51.69])
        #expect(models.rows.dropFirst().prefix(4).allSatisfy { $0.source == "first-id" })
        #expect(models.rows.suffix(4).allSatisfy { $0.source == "second-id" })
        #expect(Set(models.rows.map { $0.name + $0.note }).count == 9)
        // One alone needs no other.
        let single = try ComparedModels([.init(id: "x", report: Self.report("one"))])
        #expect(single.rows.dropFirst().allSatisfy { $0.source == "x" })
        #expect(throws: ReportComparisonError.self) {
            var other = Self.report("three")
            other.model.digest = "another"
            _ = try ComparedModels([
                .init(id: "a", report: Self.report("one")), .init(id: "b", report: other),
            ])
        }
    }

    @Test func `the original in fewer bits is told by its job, too`() throws {
        let sources = ["one", "two"].map { name in
            var report = Self.report(name)
            report.quantized = [
                .init(
                    id: "original-gptq", of: "original", method: "gptq", scheme: "W4A16",
                    format: "pack-quantized", bits: 4, path: "q", layers: 16, parameters: 1000,
                    bytes: 500, compressionRatio: 0.75, evaluations: [])
            ]
            return ComparedModels.Source(id: name, report: report)
        }
        let rows = try ComparedModels(sources).rows.filter { $0.bytes == 500 }
        #expect(rows.map(\.name) == ["one: original", "two: original"])
        #expect(Set(rows.map(\.line)).count == 2)
        // Alone there is nothing to tell it from.
        let single = try ComparedModels([sources[0]]).rows.filter { $0.bytes == 500 }
        #expect(single.map(\.name) == ["original"])
    }

    @Test func `every order keeps the original first and what is missing last`() throws {
        var second = Self.report("two")
        second.results[0].evaluations = []
        second.results[1].evaluations[0].value = .nan
        let models = try ComparedModels([
            .init(id: "a", report: Self.report("one")), .init(id: "b", report: second),
        ])
        for isDescending in [false, true] {
            let sorted = models.sorted(by: .metric(0), isDescending: isDescending)
            #expect(sorted.rows.count == models.rows.count)
            #expect(sorted.rows[0].source == nil)
            let values = sorted.rows.dropFirst().map { $0.figures[0]?.value ?? .nan }
            let known = values.prefix { !$0.isNaN }
            #expect(known.count == 6)
            #expect(Array(known) == known.sorted { isDescending ? $0 > $1 : $0 < $1 })
            let sizes = models.sorted(by: .size, isDescending: isDescending).rows.dropFirst()
                .map(\.bytes)
            #expect(sizes == sizes.sorted { isDescending ? $0 > $1 : $0 < $1 })
            let layers = models.sorted(by: .layers, isDescending: isDescending).rows.dropFirst()
            // Equal ones stay as they stood.
            let first = layers.prefix { $0.layers == layers.first?.layers }
            #expect(first.map(\.source) == ["a", "a", "b", "b"])
        }
    }

    @Test func `the best is the best of its size, and never the original`() throws {
        let models = try models()
        #expect(!models.isBest(models.rows[0], in: 0))
        for layers in Set(models.rows.dropFirst().map(\.layers)) {
            let rows = models.rows.dropFirst().filter { $0.layers == layers }
            let values = rows.compactMap { $0.figures[0]?.value }
            let least = try #require(values.min())
            for row in rows {
                #expect(models.isBest(row, in: 0) == (row.figures[0]?.value == least))
            }
        }
    }

    @Test func `values that differ are told in the first job's order`() {
        var (first, second) = (Self.report("one"), Self.report("two"))
        first.job = [
            "name": "one", "model": "m", "seed": 1, "list": [["a": 1], ["a": 2]], "only": true,
        ]
        second.job = [
            "name": "two", "model": "m", "list": [["a": 1], ["a": 3]], "seed": 2, "new": [],
        ]
        let differences = DescriptionDifferences([first, second])
        #expect(differences.rows.map(\.path) == ["seed", "list[1].a", "only", "new"])
        #expect(
            differences.rows.map(\.values) == [
                ["1", "2"], ["2", "3"], ["true", nil], [nil, "[]"],
            ])
        #expect(differences.omitted == 0)
        let cut = DescriptionDifferences([first, second], rowsMax: 1)
        #expect(cut.rows.count == 1 && cut.omitted == 3)
        #expect(DescriptionDifferences([first, first]).rows.isEmpty)
        #expect(DescriptionDifferences([]).rows.isEmpty)
        #expect(DescriptionDifferences([first]).rows.isEmpty)
    }

    @Test func `a description without measure costs no more than one within it`() {
        var (first, second) = (Self.report("one"), Self.report("two"))
        var deep: JSONValue = 1
        for _ in 0..<1_000 { deep = ["a long name in a long way": deep] }
        first.job = [
            String(repeating: "k", count: 100_000): [1, 2], "deep": deep,
            "many": .array([JSONValue](repeating: 7, count: 100_000)),
        ]
        second.job = ["many": 0]
        let differences = DescriptionDifferences([first, second])
        #expect(differences.rows.count + differences.omitted <= 20_001)
        #expect(differences.rows.allSatisfy { $0.path.utf8.count < 600 })
    }
}
