// The model of report.json: what is always there, what may be missing, what is refused.

import JSON
import Testing

@testable import Report

@Suite struct RunReportTests {
    @Test func `a report survives writing and reading`() throws {
        for report in [SampleReport.demo(), HostileText.report()] {
            #expect(try RunReport(jsonText: report.jsonText()) == report)
        }
    }

    /// The core that DESIGN fixes: other programs read these keys.
    @Test func `the core fields are there, in the fixed places`() throws {
        let value = try ReportFixtures.value(of: SampleReport.demo().jsonText())
        func keys(_ value: JSONValue?) -> [String] {
            guard case .object(let object)? = value else { return [] }
            return object.keys
        }
        func first(_ key: String, in value: JSONValue? = nil) -> JSONValue? {
            guard case .array(let elements)? = (value ?? (try? root()))?[key] else { return nil }
            return elements.first
        }
        func root() throws -> JSONValue { value }
        #expect(
            keys(value) == [
                "schema", "job", "model", "stages", "similarity", "correlations", "results",
                "warnings", "versions", "numerics", "started", "finished",
            ])
        #expect(value["schema"] == 1)
        let model = keys(value["model"])
        #expect(Set(model).isSuperset(of: ["digest", "architecture", "layers", "parameters"]))
        let stage = keys(first("stages"))
        #expect(Set(stage).isSuperset(of: ["name", "key", "cache", "seconds", "peak_bytes"]))
        #expect(first("stages")?["cache"] == "hit")
        #expect(Set(keys(first("similarity"))).isSuperset(of: ["measure", "matrix"]))
        let result = first("results")
        #expect(
            Set(keys(result)).isSuperset(of: [
                "method", "ratio", "path", "layers", "parameters", "bytes", "plan",
                "evaluations",
            ]))
        let entry = first("plan", in: result)
        #expect(keys(entry) == ["into", "from"])
        #expect(keys(first("from", in: entry)) == ["layer", "weight"])
        #expect(
            Set(keys(first("evaluations", in: result)))
                .isSuperset(of: ["task", "metric", "value", "stderr", "original"]))
    }

    @Test func `every field is written, null where there is nothing`() throws {
        let text = try ReportFixtures.tiny().jsonText()
        #expect(text.contains("\"peak_bytes\": null"))
        #expect(text.contains("\"original_stderr\": null"))
        #expect(text.contains("\"openblas\": null"))
        #expect(text.contains("[0.125, 0.75, null]"))
    }

    @Test func `unknown keys are passed over and missing optional ones are nil`() throws {
        let text = try ReportFixtures.tiny().jsonText()
        var value = try ReportFixtures.value(of: text)
        value = Self.spiced(value)
        let report = try RunReport(jsonText: value.text(.line))
        var expected = ReportFixtures.tiny()
        // The job is free-form: what was added there is part of it.
        expected.job = report.job
        expected.similarity[0].matrix[2][2] = 0
        var read = report
        #expect(read.similarity[0].matrix[2][2].isNaN)
        read.similarity[0].matrix[2][2] = 0
        #expect(read == expected)
    }

    /// `value` with a strange member in every object and without members that are null.
    private static func spiced(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): .array(elements.map(spiced))
        case .object(let object):
            .object(
                JSONObject(
                    [("x-new", ["anything": [1, nil, "at all"]])]
                        + object.filter { $0.value != .null }.map { ($0.key, spiced($0.value)) }))
        default: value
        }
    }

    @Test(
        arguments: [
            ("\"layers\": 3,", "\"layers\": \"3\",", "model.layers: expected Int, found a string"),
            ("\"layers\": 3,", "\"layers\": 3.5,", "model.layers: expected Int, found a number"),
            ("\"layers\": 3,", "\"layers\": 100000,", "model.layers: expected 0 to 1024"),
            ("\"layers\": 3,", "\"layers\": -1,", "model.layers: expected 0 to 1024"),
            ("\"layers\": 3,", "", "model.layers: is missing"),
            ("\"layer\": 2,", "\"layer\": 3,", "results[0].plan[1].from: layer: expected 0 to 2"),
            ("[0.25, 1.0, 0.75]", "[0.25]", "similarity[0].matrix[1]: columns: expected 3"),
            ("\"cache\": \"hit\"", "\"cache\": \"warm\"", "stages[0].cache"),
            ("\"similarity_after\": [1]", "\"similarity_after\": [2]", "expected 0 to 1, found 2"),
            ("\"schema\": 1", "\"schema\": 2", "schema is 2, this build reads 1"),
            ("\"results\": [", "\"resluts\": [", "results: is missing"),
        ])
    func `a report that cannot be true is refused by field`(
        old: String, new: String, part: String
    ) throws {
        let text = try ReportFixtures.tiny().jsonText()
        let pieces = text.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(pieces.count == 2, "the golden has no \(old)")
        do {
            _ = try RunReport(jsonText: pieces.joined(separator: new))
            Issue.record("was read")
        } catch {
            #expect("\(error)".contains(part), "\(error)")
        }
    }

    @Test func `a report names no place of this machine`() throws {
        let text = try SampleReport.demo().jsonText()
        #expect(!text.contains("\"/"))
    }

    @Test(
        arguments: [
            ("{\n \"schema\" 1}", "report.json: line 2, column 11: expected `:`, found `1`"),
            (String(repeating: "[", count: 65), "column 65: nested more than 64 levels deep"),
        ])
    func `text that is no JSON is refused with its place`(text: String, part: String) {
        let error = #expect(throws: ReportError.self) { try RunReport(jsonText: text) }
        #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
    }

    @Test func `a report with random damage is read or refused, never trapped on`() throws {
        let text = Array(try ReportFixtures.tiny().jsonText().utf8)
        var state: UInt64 = 0x5EED
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let spice = Array("{}[]\",:0123456789-+eE.\\untrf \n".utf8) + [0, 0x80, 0xFF]
        var readable = 0
        for _ in 0..<1000 {
            var bytes = text
            for _ in 0...next(4) {
                switch next(3) {
                case 0: bytes[next(bytes.count)] = spice[next(spice.count)]
                case 1: bytes.remove(at: next(bytes.count))
                default: bytes.insert(spice[next(spice.count)], at: next(bytes.count))
                }
            }
            if let report = try? RunReport(jsonText: String(decoding: bytes, as: UTF8.self)) {
                readable += 1
                #expect(HTMLReport.render(report).hasSuffix("</html>\n"))
            }
        }
        // Damage inside strings and numbers leaves a report: the renderer is tried as well.
        #expect(readable > 50)
    }
}
