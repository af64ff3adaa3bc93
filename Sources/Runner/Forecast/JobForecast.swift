// What a job will take: time, memory, disk, stage by stage and in all, and what will not fit.

import Model
import TensorMath

/// A stage as `layerfold plan` shows it.
package struct StageForecast: Sendable, Equatable, Codable {
    package let name: String
    package let detail: String
    package let isCached: Bool
    package let seconds: Double
    package let basis: Rates.Basis
    /// Anonymous memory of the process; nil where the stage holds too little to be planned.
    package let peakBytes: Int?
    /// At most: what is stored is packed.
    package let diskBytes: Int
    /// Of files that are there while it computes, and gone then.
    package let scratchBytes: Int

    private enum CodingKeys: String, CodingKey {
        case name, detail, seconds, basis
        case isCached = "cached"
        case peakBytes = "peak_bytes"
        case diskBytes = "disk_bytes"
        case scratchBytes = "scratch_bytes"
    }
}

/// Sums are written for those who read it, and made anew where it is read here.
package struct JobForecast: Sendable, Equatable, Codable {
    package let stages: [StageForecast]
    /// What will not fit, in words.
    package let obstacles: [String]

    /// Of what is computed.
    package var seconds: Double { stages.reduce(0) { $0 + $1.seconds } }
    package var peakBytes: Int { stages.compactMap(\.peakBytes).max() ?? 0 }
    /// What stays, and the most that is there beside it.
    package var diskBytes: Int { Self.diskBytes(stages) }

    private static func diskBytes(_ stages: [StageForecast]) -> Int {
        stages.reduce(0) { $0 + $1.diskBytes } + (stages.map(\.scratchBytes).max() ?? 0)
    }

    package var cachedCount: Int { stages.count { $0.isCached } }
    /// The worst of what the time rests on, of stages that matter.
    package var basis: Rates.Basis {
        let all = stages.filter { $0.seconds > 0.05 * seconds }.map(\.basis)
        return all.contains(.guess) ? .guess : all.contains(.measured) ? .measured : .history
    }

    /// - Parameters:
    ///   - memory: what there is; nil where nobody knows.
    ///   - room: on the disks.
    init(
        _ stages: [PlannedStage], rates: Rates, memory: MemoryLimit?, room: JobRoom,
        threads: Int = Parallel.threadCount
    ) {
        let forecasts = stages.map { stage in
            let time = rates.seconds(stage.kind, stage.work, threads: threads)
            return StageForecast(
                name: stage.name, detail: stage.detail, isCached: stage.isHit,
                seconds: stage.isHit ? 0 : time.seconds, basis: time.basis,
                peakBytes: stage.peakBytes, diskBytes: Int(stage.work.written),
                scratchBytes: stage.scratchBytes)
        }
        self.stages = forecasts
        var obstacles: [String] = []
        for stage in forecasts {
            guard let memory, let peak = stage.peakBytes, peak > memory.bytes else { continue }
            obstacles.append(
                MemoryMissing(stage: stage.name, neededBytes: peak, limit: memory).description)
        }
        let resultBytes = stages.filter(\.writesResults).reduce(0) { $0 + Int($1.work.written) }
        self.obstacles =
            obstacles
            + room.obstacles(
                stateBytes: Self.diskBytes(forecasts) - resultBytes, resultBytes: resultBytes)
    }

    /// One line before the job begins.
    package var summary: String {
        let time = ForecastText.duration(seconds) + (basis == .guess ? " (a guess)" : "")
        return "about \(time), \(peakBytes >> 20) MiB memory, \(diskBytes >> 20) MiB disk; "
            + "\(cachedCount) of \(stages.count) stages from cache"
    }

    private enum CodingKeys: String, CodingKey {
        case stages, obstacles, seconds, basis
        case peakBytes = "peak_bytes"
        case diskBytes = "disk_bytes"
        case cachedCount = "cached"
    }

    package init(from decoder: any Swift.Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        stages = try container.decode([StageForecast].self, forKey: .stages)
        obstacles = try container.decode([String].self, forKey: .obstacles)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(stages, forKey: .stages)
        try container.encode(obstacles, forKey: .obstacles)
        try container.encode(seconds, forKey: .seconds)
        try container.encode(basis, forKey: .basis)
        try container.encode(peakBytes, forKey: .peakBytes)
        try container.encode(diskBytes, forKey: .diskBytes)
        try container.encode(cachedCount, forKey: .cachedCount)
    }
}

package enum ForecastText {
    /// Seconds as people plan with them.
    package static func duration(_ seconds: Double) -> String {
        switch seconds {
        case ..<1: "1 s"
        case ..<100: "\(Int(seconds.rounded())) s"
        case ..<5400: "\(Int((seconds / 60).rounded())) min"
        default: "\((seconds / 360).rounded() / 10) h"
        }
    }
}
