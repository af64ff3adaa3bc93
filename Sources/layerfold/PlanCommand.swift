// `layerfold plan JOB`: what a job would do and take, before anything long is computed.

import ArgumentParser
import Jobs
import Runner
import SystemPackage

struct PlanCommand: ComputingCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a job would compute, and what time, memory and disk it takes.",
        discussion: """
            Only the model's digest, tokens and questions are computed, and kept. Times come from \
            stages of the same kind that this machine has computed on the state folder, else from how \
            fast it multiplies (`layerfold doctor --measure` measures the disk, too).
            """)

    @Argument(help: "The job file. Relative paths in it start at its own folder.")
    var job: String
    @OptionGroup var place: ForegroundOptions

    func run() throws {
        let bytes = try NamedFile.read(job)
        try JobInForeground(
            description: try Manifest.parse(bytes, job), manifest: nil,
            folder: Manifest.folder(of: job), place: place
        ).plan()
    }
}

extension JobInForeground {
    func plan() throws {
        let forecast = try carryOut { try foreground.forecast(emit: { _ in }, stop: $0) }
        try forecast.tell(json: place.json)
    }
}

extension JobForecast {
    /// On standard output.
    func tell(json: Bool) throws {
        if json { return try Terminal.json(self) }
        for line in ForecastTable.lines(self) { Terminal.line(line) }
    }
}

/// The forecast as text of 80 columns at most.
enum ForecastTable {
    static func lines(_ forecast: JobForecast) -> [String] {
        let head = row("stage", "", "", "time", "memory", "disk")
        let stages = forecast.stages.map { stage in
            let disk = stage.diskBytes + stage.scratchBytes
            return row(
                stage.name, stage.detail, stage.isCached ? "cache" : "compute",
                stage.isCached || stage.seconds == 0 ? "" : ForecastText.duration(stage.seconds),
                stage.peakBytes.map { "\($0 >> 20) MiB" } ?? "",
                disk > 0 ? "\(disk >> 20) MiB" : "")
        }
        let sum = row(
            "all", "\(forecast.cachedCount) of \(forecast.stages.count) from cache", "",
            ForecastText.duration(forecast.seconds), "\(forecast.peakBytes >> 20) MiB",
            "\(forecast.diskBytes >> 20) MiB")
        return [head] + stages + [sum, times(forecast.basis)]
            + forecast.obstacles.map { "does not fit: \($0)" }
    }

    private static func times(_ basis: Rates.Basis) -> String {
        switch basis {
        case .history: "times: from stages that this machine has computed"
        case .measured: "times: from this machine's measured speed"
        case .guess: "times: a guess; layerfold doctor --measure --state DIR makes it better"
        }
    }

    private static func row(
        _ name: String, _ detail: String, _ from: String, _ time: String, _ memory: String,
        _ disk: String
    ) -> String {
        let text =
            left(name, 18) + left(detail, 26) + left(from, 9) + right(time, 8) + right(memory, 10)
            + right(disk, 9)
        return String(text.reversed().drop { $0 == " " }.reversed())
    }

    /// Cut where it is too long; a space is left behind it.
    private static func left(_ text: String, _ width: Int) -> String {
        let cut = text.count < width ? text : String(text.prefix(width - 2)) + "…"
        return cut + String(repeating: " ", count: width - cut.count)
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
