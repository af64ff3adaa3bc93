// `layerfold explain JOB`: per stage, whether it came from the cache, and if not, which field of
// its key differs from the nearest earlier action.

import ArgumentParser
import Failures
import Foundation
import Report
import SystemPackage

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Show which stages of a job came from the cache, and why."
    )

    @Argument(help: "A job (id, its beginning, name, `latest`), a results folder or a report.json.")
    var job: String
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
    /// Where nothing is said.
    static let usual = NamedFile.expanded(
        ProcessInfo.processInfo.environment["LAYERFOLD_STATE"] ?? "/var/lib/layerfoldd"
    ).string

    @Option(
        help: "The daemon's state folder.", transform: { NamedFile.expanded($0).string })
    var state = StatePlace.usual
}

/// Finds results by what people have at hand.
enum ResultPlace {
    /// The results folder of a job id, or the folder itself.
    static func folder(_ job: String, state: String) throws -> URL {
        let manager = FileManager.default
        let direct = URL(filePath: NamedFile.expanded(job).string)
        if manager.fileExists(atPath: direct.appending(path: "report.json").path) { return direct }
        if direct.lastPathComponent == "report.json", manager.fileExists(atPath: direct.path) {
            return direct.deletingLastPathComponent()
        }
        let results = URL(filePath: state).appending(path: "results")
        let places = homes(in: results)
        do {
            let found = try JobReference.find(
                job, among: places.map(\.job).sorted { $0.id < $1.id })
            guard let place = places.first(where: { $0.job == found }) else {
                preconditionFailure("what was found is one of these")
            }
            return place.home.appending(path: "\(found.name)-\(found.id)")
        } catch let failure as Failure where failure.status == .notFound {
            throw Failure(
                .notFound,
                "no results of `\(job)`: give a job that is done, a results folder or a "
                    + "report.json")
        }
    }

    /// The jobs that have results, with the folders that hold them: one for each user, and
    /// `results` itself, where earlier daemons put them.
    private static func homes(in results: URL) -> [(job: JobHandle, home: URL)] {
        let names = names(in: results)
        let users = names.filter { Int($0) != nil }.map { results.appending(path: $0) }
        return ([results] + users).flatMap { home in
            handles(home == results ? names : Self.names(in: home)).map { ($0, home) }
        }
    }

    private static func names(in folder: URL) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    }

    private static func handles(_ names: [String]) -> [JobHandle] {
        names.filter { !$0.hasPrefix(".") }.compactMap { name in
            name.lastIndex(of: "-").flatMap { dash in
                JobReference.whole(String(name[name.index(after: dash)...])).map {
                    JobHandle(id: $0, name: String(name[..<dash]))
                }
            }
        }
    }

    static func report(_ job: String, state: String) throws -> RunReport {
        try report(in: try folder(job, state: state))
    }

    static func report(in folder: URL) throws -> RunReport {
        let file = folder.appending(path: "report.json")
        let data = try NamedFile.read(file.path)
        do {
            return try RunReport(jsonText: String(decoding: data, as: UTF8.self))
        } catch {
            throw Failure(.refused, "\(file.path): \(FaultText.describe(error))")
        }
    }
}
