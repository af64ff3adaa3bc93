// What models write, in a job and by `eval`: beside the original's answers, in parts that are kept,
// on the page and in the card.

import Foundation
import TestSupport
import Testing

@Suite("what models write")
struct GenerationJobTests {
    private static let compress = """
        [{method: reverse, ratios: [0.5]}, {method: passthrough, \
        layers: [\((0..<16).map(String.init).joined(separator: ", "))]}]
        """

    private static func write(_ job: String, evaluate: String, compress: String) throws {
        let text = try String(contentsOfFile: job, encoding: .utf8)
            .replacing(#/compress: .*/#, with: "compress: \(compress)")
            .replacing(#/evaluate: .*/#, with: "evaluate: \(evaluate)")
            // What copies layers needs none.
            .replacing(#/calibration: .*\n/#, with: "")
        try Data(text.utf8).write(to: URL(filePath: job))
    }

    private static func run(_ job: String, in folder: TemporaryFolder) throws -> Outcome {
        try layerfold("run", job, "--state", folder.path + "/s", "--output", folder.path + "/out")
    }

    private static func report(
        in folder: TemporaryFolder, number: Int = 1
    ) throws -> [String: Any] {
        let data = try Data(
            contentsOf: URL(filePath: folder.path + "/out/tiny-\(number)/report.json"))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    private static func figures(_ list: Any?) -> [String: Double] {
        (list as? [[String: Any]] ?? []).reduce(into: [:]) { found, figure in
            if let metric = figure["metric"] as? String {
                found[metric] = figure["value"] as? Double
            }
        }
    }

    @Test("a job holds answers against the original's and shows some; `eval` finds the same")
    func job() throws {
        let (folder, job) = try Workshop.make()
        try Self.write(
            job, evaluate: "[{task: generation, prompts: 5, tokens: 24}]", compress: Self.compress)
        let plan = try layerfold("plan", job, "--state", folder.path + "/s")
        #expect(plan.status == 0 && plan.output.contains("original: generation"))
        let outcome = try Self.run(job, in: folder)
        try #require(outcome.status == 0, "\(outcome.errors)")
        let report = try Self.report(in: folder)
        let results = try #require(report["results"] as? [[String: Any]])
        let half = Self.figures(results[0]["evaluations"])
        let same = Self.figures(results[1]["evaluations"])
        #expect(same["agreement"] == 1 && same["prompts_equal"] == 1)
        #expect(half["agreement"] ?? 1 < 0.9 && half["prompts_equal"] ?? 1 < 1)
        #expect(same["repetition"] != half["repetition"])
        #expect(half["length"] ?? 0 > 1)

        let answers = try #require(results[0]["answers"] as? [[String: Any]])
        #expect(answers.map { $0["reason"] as? String } == ["usual", "repetitive"])
        #expect(answers.allSatisfy { $0["original"] as? String != $0["folded"] as? String })
        let kept = try #require(results[1]["answers"] as? [[String: Any]])
        #expect(kept.allSatisfy { $0["original"] as? String == $0["folded"] as? String })
        let page = try String(
            contentsOfFile: folder.path + "/out/tiny-1/report.html", encoding: .utf8)
        let card = try String(
            contentsOfFile: folder.path + "/out/tiny-1/reverse-r0.5/README.md", encoding: .utf8)
        #expect(page.contains("What they write") && card.contains("## What it writes"))

        for stage in report["stages"] as? [[String: Any]] ?? []
        where stage["name"] as? String == "evaluate" {
            let planned = try #require(stage["planned_peak_bytes"] as? Double)
            let used = try #require(stage["peak_anonymous_bytes"] as? Double)
            #expect(used <= planned, "\(stage)")
        }

        let found = try layerfold(
            "eval", folder.path + "/out/tiny-1/reverse-r0.5", "--task", "generation",
            "--set", "prompts=5", "--set", "tokens=24", "--original", folder.path + "/demo",
            "--json")
        try #require(found.status == 0, "\(found.errors)")
        let listing = try JSONSerialization.jsonObject(with: Data(found.output.utf8))
        #expect(Self.figures((listing as? [String: Any])?["figures"]) == half)
        let alone = try layerfold(
            "eval", folder.path + "/demo", "--task", "generation", "--set", "prompts=5",
            "--set", "tokens=24")
        #expect(alone.output.contains("repetition") && !alone.output.contains("agreement"))
    }

    @Test("answers are kept in parts, whatever else is asked")
    func parts() throws {
        let (folder, job) = try Workshop.make()
        func ask(_ count: Int, _ last: String) throws -> Outcome {
            let lines = (0..<count).map { "{\"prompt\": \"The number \($0) is\"}" } + [last]
            try Data(lines.joined(separator: "\n").utf8)
                .write(to: folder.url.appending(path: "prompts.jsonl"))
            try Self.write(
                job, evaluate: "[{task: generation, path: prompts.jsonl, tokens: 3}]",
                compress: "[{method: reverse, ratios: [0.5]}]")
            return try Self.run(job, in: folder)
        }
        let first = try ask(33, "{\"prompt\": \"Once upon a time\"}")
        #expect(first.status == 0 && !first.errors.contains("answers were kept"))
        let second = try ask(33, "{\"prompt\": \"It was a dark night\"}")
        #expect(second.status == 0)
        // Of the original and of the fold.
        #expect(
            (second.output + second.errors).ranges(of: "32 of 34 texts were kept").count == 2,
            "\(second.output) \(second.errors)")
        let other = try ask(2, "{\"question\": \"Why?\"}")
        #expect(other.status != 0)
        #expect((other.output + other.errors).contains("prompts.jsonl:3"), "\(other.errors)")
    }
}
