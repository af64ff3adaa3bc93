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
    @Option(name: .shortAndLong, help: "The page to write.") var output = "comparison.html"
    @Flag(help: "Print the comparison as CSV; no page is written.") var csv = false

    func run() throws {
        let page = NamedFile.expanded(output)
        let base = URL(filePath: page.string).deletingLastPathComponent()
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
        if csv { return Terminal.line(ComparisonTable(report).csv()) }
        try DurableText.write(
            HTMLReport.render(report), to: page, permissions: 0o644)
        Terminal.line(page.string)
    }

    /// From one folder to another, so that both can be moved together.
    private static func path(of folder: URL, from base: URL) -> String {
        let target = folder.standardizedFileURL.pathComponents
        let start = base.standardizedFileURL.pathComponents
        let shared = zip(target, start).prefix { $0 == $1 }.count
        let steps =
            Array(repeating: "..", count: start.count - shared) + target.dropFirst(shared)
        return steps.isEmpty ? "." : steps.joined(separator: "/")
    }
}
