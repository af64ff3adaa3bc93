// `layerfold explain JOB`: per stage, whether it came from the cache, and if not, which field of
// its key differs from the nearest earlier action.

import ArgumentParser
import Foundation
import Report

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Show which stages of a job came from the cache, and why."
    )

    @Argument(help: "A job id, a results folder or a report.json.") var job: String
    @OptionGroup var place: StatePlace
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let report = try ResultPlace.report(job, state: place.state)
        if json { return try Terminal.json(report.stages) }
        Terminal.table(
            [["stage", "cache", "seconds", "what", "why not cached"]]
                + report.stages.map { stage in
                    [
                        stage.name, stage.cache.words, String(format: "%.3f", stage.seconds),
                        stage.detail, stage.missReason ?? "",
                    ]
                })
    }
}

/// Where the daemon keeps its state.
struct StatePlace: ParsableArguments {
    @Option(help: "The daemon's state folder.")
    var state =
        ProcessInfo.processInfo.environment["LAYERFOLD_STATE"] ?? "/var/lib/layerfoldd"
}

/// Finds results by what people have at hand.
enum ResultPlace {
    /// The results folder of a job id, or the folder itself.
    static func folder(_ job: String, state: String) throws -> URL {
        let manager = FileManager.default
        let direct = URL(filePath: job)
        if manager.fileExists(atPath: direct.appending(path: "report.json").path) { return direct }
        if direct.lastPathComponent == "report.json", manager.fileExists(atPath: direct.path) {
            return direct.deletingLastPathComponent()
        }
        let results = URL(filePath: state).appending(path: "results")
        let names = (try? manager.contentsOfDirectory(atPath: results.path)) ?? []
        if let name = names.sorted().first(where: { $0.hasSuffix("-" + job) && !$0.hasPrefix(".") })
        {
            return results.appending(path: name)
        }
        throw Failure(
            .notFound, "no results of `\(job)`: give a job id, a results folder or a report.json")
    }

    static func report(_ job: String, state: String) throws -> RunReport {
        let file = try folder(job, state: state).appending(path: "report.json")
        let data = try NamedFile.read(file.path)
        do {
            return try RunReport(jsonText: String(decoding: data, as: UTF8.self))
        } catch {
            throw Failure(.refused, "\(file.path): \(error)")
        }
    }
}
