// Budgets in the place of ratios, with the built program as a real process.

import Foundation
import Report
import TestSupport
import Testing

@Suite("what a model may take in the place of a ratio", .serialized)
struct BudgetJobTests {
    private static func make(_ compress: String) throws -> (folder: TemporaryFolder, job: String) {
        let (folder, job) = try Workshop.make()
        let text = try String(contentsOfFile: job, encoding: .utf8)
            .replacing("[{method: mka, ratios: [0.125]}]", with: compress)
        try Data(text.utf8).write(to: URL(filePath: job))
        return (folder, job)
    }

    private static func run(
        _ job: String, in folder: TemporaryFolder
    ) throws -> (errors: String, report: RunReport, results: URL) {
        let outcome = try layerfold(
            "run", job, "--state", folder.path + "/s", "--output", folder.path + "/out")
        try #require(outcome.status == 0, "\(outcome.errors)")
        let path = outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        return (
            outcome.errors, try RunReport(jsonText: text),
            URL(filePath: path).deletingLastPathComponent()
        )
    }

    private static func weightBytes(_ result: RunReport.Result) -> Int {
        result.files.filter { $0.name.hasSuffix(".safetensors") }.reduce(0) { $0 + $1.bytes }
    }

    @Test("the fewest layers go that meet each budget, and report, card and page say which")
    func folds() throws {
        // 16 layers, 24.6 MiB: ratios of one layer less are there to see that they are too much.
        let (folder, job) = try Self.make(
            """
            [{method: mka, size: 20M}, {method: mka, ratios: [0.1875], label: less}, \
            {method: reverse, parameters: 0.75}, {method: reverse, kv: 0.5}]
            """)
        let (errors, report, results) = try Self.run(job, in: folder)
        let made = Dictionary(uniqueKeysWithValues: report.results.map { ($0.id, $0) })
        let size = try #require(made["mka-size-20M"])
        let less = try #require(made["less-r0.1875"])
        #expect(size.budget == "size 20M" && less.budget == nil)
        #expect(Self.weightBytes(size) <= 20_000_000 && Self.weightBytes(less) > 20_000_000)
        #expect(less.layers == size.layers + 1)
        #expect(errors.contains("mka-size-20M: 4 of 16 layers go"), "\(errors)")
        let parameters = try #require(made["reverse-parameters-0.75"])
        let most = Double(report.model.parameters) * 0.75
        let layer = (report.model.parameters - parameters.parameters) / (16 - parameters.layers)
        #expect(Double(parameters.parameters) <= most)
        #expect(Double(parameters.parameters + layer) > most)
        #expect(made["reverse-kv-0.5"]?.layers == 8)
        let card = try String(
            contentsOf: results.appending(path: "mka-size-20M/README.md"), encoding: .utf8)
        #expect(card.contains("- Ratio: size 20M asked, 25% of the layers removed"))
        let page = try String(
            contentsOf: results.appending(path: "report.html"), encoding: .utf8)
        #expect(page.contains("asked size 20M") && page.contains("asked kv 0.5"))
    }

    @Test("what a ratio made is found again, and two ways to the same layers make one model")
    func shares() throws {
        let (folder, job) = try Self.make("[{method: mka, ratios: [0.25]}]")
        let byRatio = try Self.run(job, in: folder)
        let text = try String(contentsOfFile: job, encoding: .utf8)
            .replacing("ratios: [0.25]}", with: "size: 20M}, {method: mka, ratios: [0.25]}")
        try Data(text.utf8).write(to: URL(filePath: job))
        let planned = try layerfold("plan", job, "--state", folder.path + "/s", "--json")
        #expect(planned.output.components(separatedBy: "\"cached\" : false").count == 2)
        let byBudget = try Self.run(job, in: folder)
        #expect(byBudget.report.results.map(\.id) == ["mka-size-20M"])
        #expect(
            byBudget.errors.contains("mka-r0.25 would remove 4 of 16 layers, as mka-size-20M does"))
        // Keys of all stages, and so the model.
        #expect(byBudget.report.stages.map(\.key) == byRatio.report.stages.map(\.key))
        // Of files that were copied just now, contents are looked at again.
        let misses = byBudget.report.stages.filter { $0.cache == .miss && $0.name != "digest" }
        #expect(misses.map(\.name) == ["merge"])
        #expect(byBudget.report.results[0].files == byRatio.report.results[0].files)
    }

    @Test("where layers differ in what they take, plans are made until one meets the budget")
    func unlikeLayers() throws {
        let folder = try TemporaryFolder()
        let job = folder.url.appending(path: "j.yaml").path
        let model = Places.fixtures.appending(path: "arch/jamba-odd").path
        func write(_ amount: String) throws {
            let text =
                "version: 1\nmodel: \(model)\ncompress: [{method: reverse, \(amount)}]\n"
            try Data(text.utf8).write(to: URL(filePath: job))
        }
        // Only layer 1 of 4 attends, so that all behind it has to go before it goes itself.
        try write("kv: 0.5")
        let (_, report, _) = try Self.run(job, in: folder)
        #expect(report.results.map(\.id) == ["reverse-kv-0.5"])
        #expect(report.results[0].plan.map { $0.from.map(\.layer) } == [[0]])
        #expect(report.results[0].ratioAchieved == 0.75)
        try write("size: 20K")
        let sized = try Self.run(job, in: folder).report.results[0]
        #expect(Self.weightBytes(sized) <= 20_000, "\(sized.files)")
    }

    @Test("what cannot be met is told before the work")
    func refuses() throws {
        for (amount, words) in [
            ("size: 1G", "size 1G: the original takes 25.8M and meets it already"),
            ("size: 1K", "size 1K: no choice of layers meets it; with one of 16 layers left"),
            ("size: 20M, ratios: [0.5]", "`size` and `ratios` both say how much is removed"),
        ] {
            let (folder, job) = try Self.make("[{method: mka, \(amount)}]")
            let outcome = try layerfold(
                "run", job, "--state", folder.path + "/s", "--output", folder.path + "/out")
            #expect(outcome.status != 0)
            #expect(outcome.errors.contains(words), "\(outcome.errors)")
            #expect(!outcome.errors.contains("activations"))
        }
        let model = Workshop.demo
        for (options, words) in [
            (["--size", "1K"], "--size 1K: no choice of layers meets it"),
            (["--size", "1G"], "--size 1G: the original takes"),
            (["--size", "6X"], "--size 6X: no unit of size"),
            (["--size", "20M", "--remove", "3"], "give one of --remove, --size"),
            (["--size", "20M", "--kv", "0.5"], "give one of --size, --kv"),
        ] {
            let outcome = try layerfold(["fold", model, "--dry-run"] + options)
            #expect(outcome.status == 2, "\(options)")
            #expect(outcome.errors.contains(words), "\(outcome.errors)")
        }
    }

    @Test("fold and init take a budget, and init writes it into the manifest")
    func commands() throws {
        let folder = try TemporaryFolder()
        let state = folder.path + "/s"
        let dry = try layerfold(
            "fold", Workshop.demo, "--size", "20M", "--dry-run", "--state", state)
        #expect(dry.status == 0, "\(dry.errors)")
        #expect(dry.errors.contains("to 12 layers, size 20M by fold"), "\(dry.errors)")
        let started = try layerfold(
            "init", Workshop.demo, "--parameters", "10M", "--method", "mka", "--output", "-")
        #expect(started.output.contains("\n    parameters: 10M\n"), "\(started.output)")
        let unlike = try layerfold(
            "fold", Places.fixtures.appending(path: "arch/jamba-odd").path, "--kv", "0.5",
            "--method", "reverse", "--dry-run", "--state", state)
        #expect(unlike.errors.contains("to kv 0.5 by reverse"), "\(unlike.errors)")
    }
}
