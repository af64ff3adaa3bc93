// `layerfold plan` as a real process: before a job, after it, and of one that does not fit.

import Foundation
import TestSupport
import Testing

@Suite("what a job takes is told before it runs")
struct PlanTests {
    private struct Forecast: Decodable {
        struct Stage: Decodable {
            let name: String
            let detail: String
            let cached: Bool
            let seconds: Double
            let basis: String
            let peakBytes: Int?
            let diskBytes: Int
        }

        let stages: [Stage]
        let obstacles: [String]
        let seconds: Double
        let cached: Int

        func names(cached: Bool) -> [String] {
            stages.filter { $0.cached == cached }.map(\.name)
        }
    }

    private static func plan(_ job: String, _ state: String) throws -> Forecast {
        let outcome = try layerfold("plan", job, "--state", state, "--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try forecast(outcome.output)
    }

    private static func forecast(_ text: String) throws -> Forecast {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Forecast.self, from: Data(text.utf8))
    }

    @Test("before, all is computed; after, all but the files of the model comes from the cache")
    func beforeAndAfter() throws {
        let (folder, job) = try Workshop.make()
        let state = folder.path + "/s"
        let before = try Self.plan(job, state)
        #expect(before.names(cached: true) == ["digest", "tokenise"])
        #expect(
            before.names(cached: false) == [
                "activations", "embedding", "similarity", "evaluate", "plan", "merge",
                "folded-similarity", "evaluate",
            ])
        #expect(before.obstacles == [])
        // Nothing but what it says was computed or kept.
        #expect(try Self.plan(job, state).names(cached: true) == ["digest", "tokenise"])

        let run = try layerfold("run", job, "--state", state, "--output", folder.path + "/o")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("2 of 10 stages from cache"), "\(run.errors)")
        let after = try Self.plan(job, state)
        #expect(after.names(cached: false) == ["merge"])
        #expect(after.stages.map(\.name) == before.stages.map(\.name))
        #expect(after.stages.map(\.detail) == before.stages.map(\.detail))
    }

    @Test("a daemon plans what it is asked, in the words of `plan`, and queues nothing")
    func dryRun() throws {
        let (folder, job) = try Workshop.make()
        let daemon = try CommandDaemon(
            worker: Places.programs.appending(path: "layerfold").path)
        for kind in ["models", "data"] {
            try FileManager.default.createDirectory(
                atPath: daemon.state + "/" + kind, withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                atPath: folder.path + "/demo", toPath: daemon.state + "/\(kind)/demo")
        }
        let here = try Self.plan(job, folder.path + "/s")
        let answer = try daemon.verb("submit", job, "--dry-run", "--json")
        #expect(answer.status == 0, "\(answer.errors)")
        let there = try Self.forecast(answer.output)
        #expect(there.stages.map(\.name) == here.stages.map(\.name))
        #expect(there.stages.map(\.detail) == here.stages.map(\.detail))
        #expect(there.stages.map(\.diskBytes) == here.stages.map(\.diskBytes))
        let table = try daemon.verb("submit", job, "--dry-run")
        #expect(table.output.hasPrefix("stage ") && table.output.contains("\nall "))
        #expect(try daemon.verb("ls", "--json").output.contains("\"id\"") == false)
        try Data("{version: 1, model: none, compress: [{method: reverse, ratios: [0.5]}]}".utf8)
            .write(to: URL(filePath: job))
        let missing = try daemon.verb("submit", job, "--dry-run")
        #expect(missing.status == 3)
        #expect(missing.errors.contains("models/none"), "\(missing.errors)")
        #expect(try daemon.verb("submit", job, "--dry-run", "--wait").status == 2)
        daemon.stop()
        #expect(try daemon.verb("submit", job, "--dry-run").status == 5)
    }

    @Test("results that go where no room is do not fit, though their folder is not there yet")
    func roomForResults() throws {
        let (folder, job) = try Workshop.make()
        let link = folder.path + "/link"
        try FileManager.default.createSymbolicLink(
            atPath: link, withDestinationPath: "/proc")
        // A file system that says of itself that nothing is free.
        for output in ["/proc/none/deeper", link + "/none"] {
            let outcome = try layerfold(
                "plan", job, "--state", folder.path + "/s", "--output", output, "--json")
            #expect(outcome.status == 0, "\(outcome.errors)")
            let obstacles = try Self.forecast(outcome.output).obstacles
            #expect(obstacles.count == 1, "\(obstacles)")
            #expect(
                obstacles.allSatisfy { $0.hasSuffix("to \(output), and 0 MiB are free there") },
                "\(obstacles)")
        }
    }

    @Test("another ratio takes the analysis from the cache, and what is behind its plan is new")
    func otherRatio() throws {
        let (folder, job) = try Workshop.make()
        let state = folder.path + "/s"
        let run = try layerfold("run", job, "--state", state, "--output", folder.path + "/o")
        #expect(run.status == 0, "\(run.errors)")
        let text = try String(contentsOfFile: job, encoding: .utf8)
        try Data(text.replacing("0.125", with: "0.25").utf8).write(to: URL(filePath: job))
        let plan = try Self.plan(job, state)
        #expect(
            plan.names(cached: false) == ["plan", "merge", "folded-similarity", "evaluate"])
    }

    @Test(
        "methods of every kind can be planned",
        arguments: [
            "{method: fold, select: divergence, ratios: [0.125], tuning_steps: 0}",
            "{method: fold, select: loss, search_samples: 2, ratios: [0.25], tuning_steps: 0}",
            "{method: sleb, search_samples: 2, ratios: [0.25]}",
            "{method: laco, ratios: [0.25]}", "{method: come, ratios: [0.25]}",
            "{method: replaceme, ratios: [0.25]}", "{method: sparsegpt, ratios: [0.5]}",
            "{method: mka, align: activations, ratios: [0.25]}",
            "{method: mka, weights: gradient, steps: 2, ratios: [0.25]}",
            "{method: passthrough, layers: [0, 3]}",
        ])
    func everyMethod(entry: String) throws {
        let (folder, job) = try Workshop.make()
        let text = try String(contentsOfFile: job, encoding: .utf8)
            .replacing("{method: mka, ratios: [0.125]}", with: entry)
        try Data(text.utf8).write(to: URL(filePath: job))
        let plan = try Self.plan(job, folder.path + "/s")
        #expect(plan.stages.last?.name == "evaluate")
        #expect(plan.stages.contains { $0.name == "merge" && $0.diskBytes > 1 << 20 })
        for stage in plan.stages where ["weights", "search", "removals"].contains(stage.name) {
            #expect(stage.seconds > 0 && (stage.peakBytes ?? 0) > 0, "\(stage)")
        }
    }

    @Test("tables fit 80 columns, and a plan needs a job that can be read")
    func table() throws {
        let (folder, job) = try Workshop.make()
        let outcome = try layerfold("plan", job, "--state", folder.path + "/s")
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 80 }, "\(outcome.output)")
        #expect(lines.first?.contains("memory") == true)
        #expect(lines.contains { $0.hasPrefix("all ") })
        #expect(try layerfold("plan", folder.path + "/none.yaml").status != 0)
    }

    @Test("rates are learnt from what was computed, and a damaged file is no obstacle")
    func learnt() throws {
        let (folder, job) = try Workshop.make(limit: 4096)
        let state = folder.path + "/s"
        let rates = state + "/rates.json"
        try FileManager.default.createDirectory(
            atPath: state, withIntermediateDirectories: true)
        try Data("{\"format\": 1, \"machines\": 7".utf8).write(to: URL(filePath: rates))
        let run = try layerfold("run", job, "--state", state, "--output", folder.path + "/o")
        #expect(run.status == 0, "\(run.errors)")
        let text = try String(contentsOfFile: job, encoding: .utf8)
        try Data(text.replacing("limit: 4096", with: "limit: 4095").utf8)
            .write(to: URL(filePath: job))
        let stage = try #require(
            try Self.plan(job, state).stages.first { $0.name == "evaluate" && !$0.cached })
        #expect(stage.basis == "history")
    }
}
