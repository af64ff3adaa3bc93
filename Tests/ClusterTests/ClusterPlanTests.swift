// How jobs are cut.

import Cluster
import Foundation
import Jobs
import Testing

@Suite struct ClusterPlanTests {
    private func job(_ rest: String) throws -> JobDescription {
        let text = """
            version: 1
            model: m
            calibration: {dataset: text, path: c.txt}
            \(rest)
            """
        return try ManifestParser.parse(bytes: Data(text.utf8), name: "j")
    }

    private let compare = """
        compress:
        - {method: mka, ratios: [0.25, 0.5]}
        - {method: fold, ratios: [0.25, 0.5]}
        - {method: reverse, ratios: [0.5]}
        evaluate: [{task: perplexity, path: t.txt}]
        run_on: slurm
        """

    @Test func `models go side by side, behind what they share`() throws {
        let job = try job(compare)
        let units = ClusterPlan.units(of: job)
        #expect(units.map(\.name) == ["shared", "m1", "m2", "m3", "m4", "m5", "whole"])
        #expect(units[0].scope == .shared && units[0].needs.isEmpty)
        #expect(units[1].title == "mka-r0.25" && units[1].needs == ["shared"])
        // What is looked for once for several ratios, for the deepest first.
        #expect(units[3].title == "fold-r0.5" && units[3].needs == ["shared"])
        #expect(units[4].title == "fold-r0.25" && units[4].needs == ["shared", "m3"])
        #expect(units[6].scope == .whole && units[6].description == job)
        #expect(units[6].needs == units.dropLast().map(\.name))
    }

    @Test func `every model is in one unit, and no unit writes for people`() throws {
        let job = try job(compare)
        let units = ClusterPlan.units(of: job).filter { $0.scope == .models }
        let folders = units.flatMap { $0.description.candidates.map(\.folder) }
        #expect(folders.sorted() == job.candidates.map(\.folder).sorted())
        #expect(units.allSatisfy { $0.description.export == nil })
        #expect(units.allSatisfy { $0.description.evaluate == job.evaluate })
    }

    @Test func `units stand behind what they need, and names are names`() throws {
        let forecast = ClusterForecast(stages: [
            .init(name: "weights", detail: "x", seconds: 4_000),
            .init(name: "evaluate", detail: "original: perplexity", seconds: 900),
            .init(name: "evaluate", detail: "mka-r0.25: perplexity", seconds: 700),
        ])
        let units = ClusterPlan.units(of: try job(compare), forecast: forecast)
        var before: Set<String> = []
        for unit in units {
            #expect(unit.needs.allSatisfy(before.contains), "\(unit.name)")
            #expect(before.insert(unit.name).inserted)
            #expect(unit.name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" })
        }
        // Long evaluations are units of their own, the original's first.
        #expect(before.contains("original-e1") && before.contains("m1-e1"))
        let models = units.filter { $0.name.hasPrefix("m") && !$0.name.contains("-") }
        #expect(models.allSatisfy { $0.description.evaluate.isEmpty })
    }

    @Test func `what models share takes what comes before them, and no long evaluation`() throws {
        let forecast = ClusterForecast(stages: [
            .init(name: "digest", detail: "1 file", seconds: 10),
            .init(name: "similarity", detail: "cosine, 8 layers", seconds: 100),
            .init(name: "evaluate", detail: "original: perplexity", seconds: 900),
            .init(name: "weights", detail: "mka-r0.25", seconds: 4_000),
            // Of a model, and by the same name.
            .init(name: "similarity", detail: "cosine, 6 layers", seconds: 500),
        ])
        let units = ClusterPlan.units(of: try job(compare), forecast: forecast)
        #expect(units[0].name == "shared" && units[0].seconds == 110)
        // The rest, an even share for each of five.
        #expect(units.first { $0.name == "m1" }?.seconds == 900)
        let short = ClusterForecast(stages: [
            .init(name: "evaluate", detail: "original: perplexity", seconds: 90),
            .init(name: "weights", detail: "mka-r0.25", seconds: 4_000),
        ])
        #expect(ClusterPlan.units(of: try job(compare), forecast: short)[0].seconds == 90)
    }

    @Test func `a short job is one unit`() throws {
        let forecast = ClusterForecast(stages: [
            .init(name: "weights", detail: "x", seconds: 200)
        ])
        let units = ClusterPlan.units(of: try job(compare), forecast: forecast)
        #expect(units.map(\.name) == ["whole"])
    }

    @Test func `small models are one unit`() throws {
        let forecast = ClusterForecast(stages: [
            .init(name: "weights", detail: "x", seconds: 250),
            .init(name: "evaluate", detail: "original: perplexity", seconds: 100),
        ])
        let units = ClusterPlan.units(of: try job(compare), forecast: forecast)
        // 50 s each: three make more than 120 s.
        #expect(units.map(\.name).count < 7)
        let folders = units.filter { $0.scope == .models }.flatMap {
            $0.description.candidates.map(\.folder)
        }
        #expect(folders.count == 5)
    }

    @Test func `one model has nothing beside it`() throws {
        let job = try job("compress: [{method: mka, ratios: [0.5]}]")
        #expect(ClusterPlan.units(of: job).map(\.name) == ["whole"])
    }

    @Test func `the original in fewer bits is a unit`() throws {
        let job = try job(
            """
            compress: [{method: mka, ratios: [0.5]}]
            quantize: [{method: rtn, original: true}, {method: fp8}]
            """)
        let units = ClusterPlan.units(of: job)
        #expect(units.map(\.name) == ["shared", "original", "m1", "whole"])
        #expect(units[1].description.compress.isEmpty)
        #expect(units[1].description.quantize?.map(\.method) == ["rtn"])
        #expect(units[2].description.quantize?.allSatisfy { !$0.original } == true)
    }

    @Test func `a forecast is read as it is printed`() throws {
        let text = """
            {"stages": [{"name": "evaluate", "detail": "d", "seconds": 2.5, "cached": false,
            "basis": "guess", "peak_bytes": 7}], "obstacles": [], "seconds": 2.5}
            """
        let forecast = try JSONDecoder().decode(ClusterForecast.self, from: Data(text.utf8))
        #expect(forecast.seconds == 2.5 && forecast.peakBytes == 7)
    }
}
