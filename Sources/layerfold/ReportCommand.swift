// `layerfold report JOB`: the figures of a finished job in a few lines.

import ArgumentParser
import Foundation
import Report

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Show the figures of a finished job.")

    @Argument(help: "A job id, a results folder or a report.json.") var job: String
    @OptionGroup var place: StatePlace
    @Flag(help: "Print report.json itself.") var json = false
    @Flag(help: "Print the comparison as CSV.") var csv = false

    func run() throws {
        let folder = try ResultPlace.folder(job, state: place.state)
        let report = try ResultPlace.report(job, state: place.state)
        if json { return Terminal.line(try report.jsonText()) }
        if csv { return Terminal.line(ReportCSV.render(report)) }
        var rows = [["result", "layers", "parameters", "bytes", "task", "value", "original"]]
        rows.append([
            "original", "\(report.model.layers)", "\(report.model.parameters)",
            "\(report.model.bytes)", "", "", "",
        ])
        for result in report.results {
            let head = [
                result.id, "\(result.layers)", "\(result.parameters)", "\(result.bytes)",
            ]
            if result.evaluations.isEmpty { rows.append(head + ["", "", ""]) }
            for evaluation in result.evaluations {
                rows.append(
                    head + [
                        evaluation.task, String(format: "%.4g", evaluation.value),
                        evaluation.original.map { String(format: "%.4g", $0) } ?? "",
                    ])
            }
        }
        Terminal.table(rows)
        for warning in report.warnings { Terminal.line("warning: \(warning)") }
        Terminal.line("report: " + folder.appending(path: "report.html").path)
        for result in report.results {
            Terminal.line("model:  " + folder.appending(path: result.path).path)
        }
    }
}
