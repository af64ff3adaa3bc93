// `layerfold report JOB`: the figures of a finished job in a few lines.

import ArgumentParser
import Foundation
import Report

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Show the figures of a finished job.")

    @Argument(
        help: "Jobs (ids, their beginnings, names, `latest`), results folders or report.json.")
    var jobs: [String]
    @OptionGroup var place: StatePlace
    @Flag(help: "Print report.json itself.") var json = false
    @Flag(help: "Print report.csv itself, of several jobs one behind the other.") var csv = false

    func validate() throws {
        if json && csv { throw ValidationError("--json or --csv, not both") }
    }

    func run() throws {
        if json {
            let texts = try jobs.map { job in
                try ResultPlace.report(job, state: place.state).jsonText()
            }
            // One is the file itself, several are a list.
            return Terminal.line(
                texts.count == 1 ? texts[0] : "[\n" + texts.joined(separator: ",\n") + "\n]")
        }
        for (index, job) in jobs.enumerated() {
            let folder = try ResultPlace.folder(job, state: place.state)
            let report = try ResultPlace.report(job, state: place.state)
            if csv {
                Terminal.write(ReportCSV.render(report).utf8)
            } else {
                if index > 0 { Terminal.line() }
                Terminal.table(ReportText.rows(report))
                ReportText.notes(report, in: folder).forEach { Terminal.line($0) }
            }
        }
    }
}
