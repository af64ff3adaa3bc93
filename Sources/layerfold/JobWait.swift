// Following jobs by asking the daemon a few times a second, until they end.

import Client
import Foundation
import Jobs
import Report

struct JobWait {
    let daemon: PatientDaemon
    private let display = ProgressDisplay()

    init(_ daemon: PatientDaemon) {
        self.daemon = daemon
    }

    /// Shows progress until the job ends.
    /// - Throws: where it ended otherwise than well.
    func follow(_ id: String) throws -> JobDetail {
        var shown = 0
        var lastProgress: ProgressLine?
        while true {
            let progress = try daemon.ask { try $0.progress(of: id) }
            // A restarted job begins its history anew.
            if progress.history.count < shown { shown = 0 }
            for line in progress.history.dropFirst(shown) { display.show(line) }
            shown = progress.history.count
            if let last = progress.last, last != lastProgress, case .progress = last {
                display.show(last)
                lastProgress = last
            }
            guard progress.state.isFinal else {
                PatientDaemon.pause()
                continue
            }
            let detail = try daemon.ask { try $0.job(id) }
            guard progress.state != .done else { return detail }
            let why = detail.summary.failure.map { ": " + $0.message } ?? ""
            throw Failure(.jobFailed, "job \(id) is \(progress.state.rawValue)\(why)")
        }
    }

    /// Figures and paths of a job that is done; none where its results cannot be read from here.
    static func ending(of detail: JobDetail, width: Int?) -> [String] {
        detail.resultsDirectory.map { figures(in: $0, width: width) } ?? []
    }

    static func figures(in results: String, width: Int?) -> [String] {
        let folder = URL(filePath: results)
        guard let report = try? ResultPlace.report(results, state: "") else {
            return ["results: \(results)"]
        }
        return TextTable(rows: ReportText.rows(report), hasHeader: true).lines(width: width)
            + ReportText.notes(report, in: folder)
    }
}
