// How far the head's decisions scale. `LAYERFOLD_CLUSTER_TABLE=1` prints the table of
// docs/CLUSTER.md; with `LAYERFOLD_CLUSTER_FORECAST` it is of that job, as `layerfold plan --json`
// says of inbox-example/compare.yaml on a machine of one's own.

import Cluster
import Foundation
import Jobs
import TestSupport
import Testing

@Suite struct ClusterScaleTests {
    private typealias Simulation = ClusterSimulation

    /// The compare job of the examples on the demo model: half an hour on two cores for 31 models.
    /// That is 40 s a model besides its evaluations, and 8 s for each of these.
    private static func compare() throws -> (job: JobDescription, forecast: ClusterForecast) {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../inbox-example/compare.yaml")
        let job = try ManifestParser.parse(bytes: Data(contentsOf: file), name: "compare")
        if let given = ProcessInfo.processInfo.environment["LAYERFOLD_CLUSTER_FORECAST"] {
            let data = try Data(contentsOf: URL(filePath: given))
            return (job, try JSONDecoder().decode(ClusterForecast.self, from: data))
        }
        let models = job.candidates.map(\.folder)
        var stages = [ClusterForecast.Stage(name: "activations", detail: "", seconds: 40)]
        stages += models.map { .init(name: "weights", detail: $0, seconds: 40) }
        stages += models.map { .init(name: "merge", detail: $0, seconds: 1) }
        for model in [JobName.original] + models {
            for task in job.evaluate.map(\.task) {
                stages.append(.init(name: "evaluate", detail: "\(model): \(task)", seconds: 8))
            }
        }
        return (job, ClusterForecast(stages: stages))
    }

    /// A stage of the forecast, with what it is of.
    private struct Piece {
        var stage: ClusterForecast.Stage
        /// nil: of what models share.
        let model: String?
        let task: String?

        /// - Parameter models: the longest name counts, since names begin alike.
        init(_ stage: ClusterForecast.Stage, models: [String], tasks: [String]) {
            self.stage = stage
            model = models.filter { stage.detail.contains($0) }.max { $0.count < $1.count }
            task = stage.name == "evaluate" ? tasks.first { stage.detail.contains($0) } : nil
        }
    }

    /// Jobs of three sizes, by turns: of 31 models, of one method, of one model; from half to four
    /// times as long as forecast here. Ten of each size are cut.
    private static func plans(_ count: Int, seed: UInt64) throws -> [[Simulation.Unit]] {
        let (job, forecast) = try compare()
        let pieces = forecast.stages.map {
            Piece($0, models: job.candidates.map(\.folder), tasks: job.evaluate.map(\.task))
        }
        var cuts: [(units: [ClusterUnit], seconds: [Double])] = []
        for step in 0..<10 {
            for places in [Set(job.candidates.indices), Set(27...29), Set([0])] {
                let part = job.restricted(to: places)
                let models = Set(part.candidates.map(\.folder))
                var own = pieces.filter { $0.model.map(models.contains) ?? true }
                for index in own.indices { own[index].stage.seconds *= 0.5 + 0.35 * Double(step) }
                let units = ClusterPlan.units(
                    of: part, forecast: ClusterForecast(stages: own.map(\.stage)))
                let times = units.map { seconds(of: $0, own, isAlone: units.count == 1) }
                cuts.append((units, times))
            }
        }
        var random = SeededBytes(seed: seed)
        return (0..<count).map { number in
            let cut = cuts[3 * random.below(10) + number % 3]
            return zip(cut.units, cut.seconds).map { unit, seconds in
                // No forecast is right.
                let chance = 0.7 + 0.6 * Double(random.below(1_000)) / 1_000
                return Simulation.Unit(
                    name: unit.name, needs: unit.needs,
                    milliseconds: max(1, Int(seconds * chance * 1_000)))
            }
        }
    }

    /// What a unit has to do: of its own models, or of what belongs to none.
    private static func seconds(
        of unit: ClusterUnit, _ pieces: [Piece], isAlone: Bool
    ) -> Double {
        let models = Set(unit.description.candidates.map(\.folder))
        let tasks = Set(unit.description.evaluate.map(\.task))
        return pieces.filter { piece in
            if isAlone { return true }
            let isAsked = piece.task.map(tasks.contains) ?? !unit.name.contains("-e")
            switch unit.scope {
            case .shared: return isAsked && piece.model == nil
            case .models: return isAsked && piece.model.map(models.contains) ?? false
            case .whole: return ["merge", "quantize", "export"].contains(piece.stage.name)
            }
        }.reduce(0) { $0 + $1.stage.seconds }
    }

    @Test func `nodes are busy, the queue is asked seldom, and each unit is sent once`() throws {
        let plans = try Self.plans(60, seed: 1)
        var setting = Simulation.Setting()
        setting.nodes = 10
        setting.jobs = 20
        let found = try Simulation.run(plans, setting)
        #expect(found.ends.allSatisfy { $0 == .succeeded })
        #expect(found.sent == plans.joined().count)
        let bound = Simulation.bound(plans, nodes: setting.nodes)
        #expect(Double(found.makespan) < 1.25 * Double(max(bound.chain, bound.work)))
        // One question for all jobs, at most one in the time between two.
        #expect(found.polls <= found.makespan / setting.limits.pollMilliseconds + 1)
        #expect(found.busiest == setting.nodes)
    }

    @Test func `one job is as fast as its longest chain, besides the looks at its ends`() throws {
        let plans = Array(try Self.plans(1, seed: 2))
        var setting = Simulation.Setting()
        setting.nodes = 100
        let found = try Simulation.run(plans, setting)
        let depth = 4
        let delay =
            setting.limits.lookMilliseconds + setting.listMilliseconds
            + setting.submitMilliseconds + setting.startMilliseconds
        let chain = Simulation.bound(plans, nodes: setting.nodes).chain
        // Units go out a few at a time.
        let sending =
            plans[0].count * setting.limits.sendWindowMilliseconds
            / setting.limits.sendingsInWindow
        #expect(found.makespan <= chain + depth * delay + 2 * sending)
    }

    @Test func `the controller is sent few units at once, and few a second`() throws {
        let plans = try Self.plans(60, seed: 4)
        var setting = Simulation.Setting()
        (setting.nodes, setting.jobs) = (100, 60)
        // As fast as a controller may be: then the rate alone holds them back.
        for milliseconds in [300, 10] {
            setting.submitMilliseconds = milliseconds
            let found = try Simulation.run(plans, setting)
            #expect(found.ends.allSatisfy { $0 == .succeeded })
            #expect(found.sendingsMax <= 4 && found.sentInSecondMax <= 10)
            #expect(found.sendingsMax == 4 || milliseconds < 300)
        }
    }

    @Test func `never more in the queue than there may be`() throws {
        let plans = try Self.plans(30, seed: 3)
        var setting = Simulation.Setting()
        setting.nodes = 100
        setting.jobs = 30
        setting.limits.units = 7
        let found = try Simulation.run(plans, setting)
        #expect(found.busiest <= 7)
        #expect(found.ends.allSatisfy { $0 == .succeeded })
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["LAYERFOLD_CLUSTER_TABLE"] != nil))
    func `prints the table`() throws {
        let plans = try Self.plans(1_000, seed: 1)
        print(
            """
            1,000 jobs, \(plans.joined().count) units
            | nodes | jobs at once | makespan | bound by work | bound by chain | times the bound \
            | questions | lines, at most | folders read a second | head's decisions |
            | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
            """)
        for nodes in [1, 3, 10, 30, 100] {
            // More jobs at once than nodes only make the head think more.
            for jobs in nodes < 10 ? [8] : [8, 64] {
                try Self.printRow(plans, nodes: nodes, jobs: jobs)
            }
        }
    }

    private static func printRow(_ plans: [[Simulation.Unit]], nodes: Int, jobs: Int) throws {
        var setting = Simulation.Setting()
        setting.nodes = nodes
        setting.jobs = jobs
        let found = try Simulation.run(plans, setting)
        let bound = Simulation.bound(plans, nodes: nodes)
        let hours = { (milliseconds: Int) in
            String(format: "%.1f h", Double(milliseconds) / 3_600_000)
        }
        let most = max(bound.chain, bound.work)
        let columns = [
            "\(nodes)", "\(jobs)", hours(found.makespan), hours(bound.work), hours(bound.chain),
            String(format: "%.2f", Double(found.makespan) / Double(most)), "\(found.polls)",
            "\(found.linesMax)",
            String(format: "%.1f", Double(found.foldersRead) * 1_000 / Double(found.makespan)),
            String(format: "%.1f s", found.thinking / .seconds(1)),
        ]
        print("| " + columns.joined(separator: " | ") + " |")
    }
}
