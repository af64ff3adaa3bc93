// What a manifest means: defaults, types, and the JSON that a description becomes.

import Catalogue
import Foundation
import Jobs
import Testing

@Suite struct ManifestTests {
    static let minimal = """
        version: 1
        name: demo
        model: models/demo
        calibration:
          dataset: mmlu
          path: data/mmlu
        compress:
          - method: mka
            ratios: [0.125, 0.25]

        """

    private func parse(_ text: String, name: String = "file") throws -> JobDescription {
        try ManifestParser.parse(bytes: Data(text.utf8), name: name)
    }

    @Test func `every default is filled in`() throws {
        let job = try parse(Self.minimal)
        #expect(job.version == 1)
        #expect(job.name == "demo")
        #expect(job.priority == 0)
        #expect(job.evaluate.isEmpty)
        #expect(job.output.dtype == .keep)
        #expect(job.output.shardBytes == 5_000_000_000)
        let calibration = try #require(job.calibration)
        #expect(calibration.maxTokens == 512)
        #expect(calibration.seed == 1)
        #expect(calibration.parameters.text("split") == "dev")
        #expect(calibration.parameters.integer("samples_per_subject") == 1)
        #expect(job.analysis.similarity == "npib")
        #expect(job.analysis.representation == "last-token")
        #expect(job.analysis.compute == .auto)
        #expect(job.analysis.parameters.text("sigma") == "median")
        #expect(job.analysis.parameters.integer("dimensions") == 2)
        #expect(job.analysis.parameters.integer("neighbours") == 5)
        #expect(job.compress.count == 1)
        let mka = job.compress[0]
        #expect(mka.ratios == [0.125, 0.25])
        #expect(mka.parameters.text("reading") == "paper")
        #expect(mka.parameters.flag("norms"))
        #expect(mka.parameters["lambda"] == nil, "lambda has no meaning without weights: fixed")
    }

    @Test func `the example of the design is understood`() throws {
        let job = try parse(
            """
            version: 1
            name: demo
            model: models/demo              # a comment
            calibration:
              dataset: mmlu
              path: data/mmlu
              split: dev
              samples_per_subject: 1
              max_tokens: 512
              seed: 1
            analysis:
              similarity: npib
              representation: last-token
              sigma: 8
              dimensions: 2
            compress:
              - method: mka
                ratios: [0.125, 0.25, 0.4375]
            evaluate:
              - task: perplexity
                path: data/heldout.txt
            output:
              dtype: keep
            """)
        #expect(job.compress[0].ratios == [0.125, 0.25, 0.4375])
        #expect(job.evaluate[0].parameters.text("path") == "data/heldout.txt")
        #expect(job.evaluate[0].parameters.integer("stride") == 512, "as the window")
    }

    @Test func `stride follows the window, and lambda goes with fixed weights`() throws {
        let job = try parse(
            """
            {"version": 1, "name": "j", "model": "m",
             "calibration": {"dataset": "text", "path": "t"},
             "compress": [{"method": "mka", "ratios": [0.5], "weights": "fixed", "lambda": 1}],
             "evaluate": [{"task": "perplexity", "path": "h", "window": 64}]}
            """)
        #expect(job.compress[0].parameters.number("lambda") == 1)
        #expect(job.evaluate[0].parameters.integer("stride") == 64)
        #expect(job.evaluate[0].parameters["limit"] == nil)
        #expect(job.calibration?.parameters.integer("samples") == 64)
    }

    @Test func `the description's JSON is a manifest of the same description`() throws {
        let texts = [
            Self.minimal,
            """
            {version: 1, name: a, model: m, priority: -5, output: {dtype: float16},
             calibration: {dataset: jsonl, path: d.jsonl, field: body, samples: 3, seed: 0},
             analysis: {similarity: npib, sigma: median, compute: f32},
             compress: [{method: mka, ratios: [0.1], weights: fixed, lambda: 1.0},
                        {method: passthrough, layers: [0, 1, 1, 15]},
                        {method: reverse, ratios: [0.25, 0.5]}],
             evaluate: [{task: perplexity, path: t, limit: 1000}]}
            """,
            """
            {version: 1, name: a, model: m,
             calibration: {dataset: mixture, tokens: 9000, parts: [
               {share: 0.25, dataset: self, samples: 9, languages: "en, de", top_p: 0.9},
               {share: 0.75, dataset: jsonl, path: d.jsonl}]},
             compress: [{method: reverse, ratios: [0.5]}]}
            """,
            """
            {version: 1, name: a, model: m, calibration: {dataset: text, path: t},
             compare: {measures: [cka, cosine], splits: 3, sets: [
               {name: law, dataset: mmlu, path: d, split: test},
               {name: french, dataset: text, path: f, samples: 9, seed: 4}]},
             compress: [{method: reverse, ratios: [0.5]}]}
            """,
        ]
        for text in texts {
            let job = try parse(text)
            let json = try job.canonicalJSON()
            #expect(try ManifestParser.parse(bytes: json, name: "other") == job)
            #expect(try JSONDecoder().decode(JobDescription.self, from: json) == job)
            #expect(
                try JSONDecoder().decode(JobDescription.self, from: json).canonicalJSON() == json)
        }
    }

    @Test func `sets to compare have names and defaults, and an ordinary job has none`() throws {
        let job = try parse(
            """
            {version: 1, model: m, compress: [{method: reverse, ratios: [0.5]}],
             compare: {sets: [{name: law, dataset: text, path: t}]}}
            """)
        let compare = try #require(job.compare)
        #expect(job.calibration == nil && compare.measures.isEmpty)
        #expect(compare.sets.map(\.name) == ["law"])
        #expect(compare.sets[0].maxTokens == 512)
        #expect(compare.sets[0].parameters.integer("samples") == 64)
        #expect(compare.parameters.integer("splits") == 5)
        let measures = try parse(
            """
            {version: 1, model: m, compress: [{method: reverse, ratios: [0.5]}],
             calibration: {dataset: text, path: t}, compare: {measures: [cka]}}
            """)
        #expect(measures.compare?.measures == ["cka"])
        #expect(measures.compare?.parameters.values.isEmpty == true)
        let plain = try parse(Self.minimal)
        #expect(plain.compare == nil)
        let json = String(decoding: try plain.canonicalJSON(), as: UTF8.self)
        #expect(!json.contains("compare") && !json.contains("sets"))
    }

    @Test func `a manifest without a name is named after its file`() throws {
        let text = "{version: 1, model: m, compress: [{method: reverse, ratios: [0.5]}]}"
        #expect(try parse(text, name: "night-run").name == "night-run")
        #expect(throws: ManifestError.self) { try parse(text, name: "böse") }
    }

    @Test func `no job is called what commands call the newest one`() throws {
        func text(_ name: String) -> String {
            "{version: 1, \(name)model: m, compress: [{method: reverse, ratios: [0.5]}]}"
        }
        let named = #expect(throws: ManifestError.self) { try parse(text("name: latest, ")) }
        #expect(named?.path == "name" && named?.column == 20)
        #expect(named?.hint?.contains("`latest-1`") == true)
        let file = #expect(throws: ManifestError.self) { try parse(text(""), name: "latest") }
        #expect(file?.hint == "add `name: NAME`")
        #expect(try parse(text("name: Latest, "), name: "latest").name == "Latest")
        #expect(try parse(text("name: original, ")).name == "original")
    }

    @Test func `methods without similarity need no calibration`() throws {
        let job = try parse("{version: 1, model: m, compress: [{method: reverse, ratios: [0.5]}]}")
        #expect(job.calibration == nil)
    }

    @Test func `byte order mark, CRLF and a final document marker are tolerated`() throws {
        let crlf = Self.minimal.replacingOccurrences(of: "\n", with: "\r\n")
        let plain = try parse(Self.minimal)
        #expect(try parse("\u{FEFF}" + crlf) == plain)
        #expect(try parse("---\n" + Self.minimal + "...\n") == plain)
    }

    @Test func `a daemon takes paths below its roots only`() throws {
        let rule = PathRule.below(modelRoots: ["/srv/models"], dataRoots: ["/srv/data"])
        func refusal(model: String) -> String? {
            let text =
                "{version: 1, model: '\(model)', compress: [{method: reverse, ratios: [0.5]}]}"
            do {
                _ = try ManifestParser.parse(bytes: Data(text.utf8), name: "j", paths: rule)
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(refusal(model: "demo") == nil)
        #expect(refusal(model: "a/b/../c")?.contains("upwards") == true)
        #expect(refusal(model: "..")?.contains("upwards") == true)
        #expect(refusal(model: "/etc")?.contains("outside") == true)
        #expect(refusal(model: "/srv/models-of-others/x")?.contains("outside") == true)
        #expect(refusal(model: "/srv/models/x") == nil)
        #expect(refusal(model: "/srv/models/../../etc")?.contains("upwards") == true)
        #expect(refusal(model: "..hidden") == nil)
    }

    @Test func `folders of candidates are unique`() throws {
        let job = try parse(
            """
            {version: 1, name: j, model: m, calibration: {dataset: text, path: t},
             compress: [{method: mka, ratios: [0.125, 0.5]},
                        {method: mka, ratios: [0.5], order: reverse},
                        {method: mka, ratios: [0.5], pairs: any, label: far},
                        {method: passthrough, layers: [0, 1]},
                        {method: passthrough, layers: [0], label: mka-r0.25-2},
                        {method: mka, ratios: [0.25]},
                        {method: mka, ratios: [0.25], order: reverse}]}
            """)
        #expect(
            job.candidates.map(\.folder) == [
                "mka-r0.125", "mka-r0.5", "mka-r0.5-2", "far-r0.5", "passthrough",
                "mka-r0.25-2", "mka-r0.25", "mka-r0.25-3",
            ])
        let written = try JSONEncoder().encode(job)
        #expect(try JSONDecoder().decode(JobDescription.self, from: written) == job)
    }
}
