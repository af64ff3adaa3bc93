// run.log: what the job did, a line a stage, for people who read logs.

import Report
import SystemPackage

struct RunLog {
    let folder: FilePath

    func write(_ report: RunReport) throws {
        var lines = ["started \(report.started)"]
        for stage in report.stages {
            var line = "\(stage.name): \(stage.cache.words), \(milliseconds(stage.seconds)) ms"
            if let peak = stage.peakBytes { line += ", peak \(peak >> 20) MiB" }
            if let peak = stage.anonymousPeakBytes { line += " (\(peak >> 20) MiB anonymous" }
            if let planned = stage.plannedPeakBytes { line += ", planned \(planned >> 20) MiB" }
            if stage.anonymousPeakBytes != nil { line += ")" }
            line += ", \(stage.detail)"
            if let reason = stage.missReason { line += "; \(reason)" }
            lines.append(line)
        }
        lines += report.warnings.map { "warning: \($0)" }
        lines.append("finished \(report.finished)")
        try DurableText.write(
            lines.joined(separator: "\n") + "\n", to: folder.appending("run.log"))
    }

    private func milliseconds(_ seconds: Double) -> Int { Int((seconds * 1000).rounded()) }
}
