// `layerfold compare JOB JOB …`: one page for the models of several jobs.

import ArgumentParser
import Foundation
import Report
import Runner
import SystemPackage

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Lay the models of several jobs side by side.",
        discussion: "All must have been made from the same original.")

    @Argument(help: "Jobs, results folders or report.json files; two or more.")
    var jobs: [String]
    @OptionGroup var place: StatePlace
    @Option(
        name: .shortAndLong,
        help: "The page to write; - for standard output. Default: comparison.html.")
    var output: String?
    @Flag(help: "Print the comparison as CSV; no page is written.") var csv = false
    @Flag(help: "Print it as a report in JSON; no page is written.") var json = false

    func validate() throws {
        if json && csv { throw ValidationError("--json or --csv, not both") }
    }

    func run() throws {
        let name = output ?? "comparison.html"
        let base = URL(filePath: NamedFile.expanded(name).string).deletingLastPathComponent()
        let sources = try jobs.map { job in
            ReportComparison.Source(
                try ResultPlace.report(job, state: place.state),
                folder: Self.path(
                    of: try ResultPlace.folder(job, state: place.state), from: base))
        }
        let report: RunReport
        do { report = try ReportComparison.merge(sources) } catch {
            throw Failure(.refused, "\(error)")
        }
        if csv { return Terminal.write(ComparisonTable(report).csv().utf8) }
        if json { return Terminal.line(try report.jsonText()) }
        let page = try NamedOutput(name)
        guard output != nil || !page.exists else {
            throw Failure(.refused, "\(name) is there already; name it with --output to replace it")
        }
        try page.write(Array(HTMLReport.render(report, isComparison: true).utf8))
        if case .file(let path) = page { Terminal.line(path.string) }
    }

    /// From one folder to another, so that both can be moved together.
    private static func path(of folder: URL, from base: URL) -> String {
        let target = folder.resolvingSymlinksInPath().pathComponents
        let start = base.resolvingSymlinksInPath().pathComponents
        let shared = zip(target, start).prefix { $0 == $1 }.count
        let steps =
            Array(repeating: "..", count: start.count - shared) + target.dropFirst(shared)
        return steps.isEmpty ? "." : steps.joined(separator: "/")
    }
}
