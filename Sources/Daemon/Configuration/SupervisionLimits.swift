// How long a worker may show no sign of life or of work.

import Jobs

/// Seconds, but for the factor.
package struct SupervisionLimits: Sendable, Hashable {
    /// How many times longer than planned a stage may show no step; the other limits follow it,
    /// but none is ever less than minutes. Default: 20.
    package var patience = 20.0

    package init() {}

    /// Between two looks.
    package var tick: Double { Heartbeat.intervalSeconds }
    /// Without a word, not even a heartbeat.
    package var silence: Double { max(120, 9 * patience) }
    /// With heartbeats, but neither a step nor processor time nor bytes from a disk.
    package var stillness: Double { max(600, 45 * patience) }
    /// Between the worker's last word and its end.
    package var farewell: Double { 60 }

    /// Without a step, though it computes.
    /// - Parameter planned: seconds of the stage; nil where nobody has planned it.
    package func motion(planned: Double?) -> Double {
        guard let planned else { return max(3_600, 1_080 * patience) }
        return max(1_800, 180 * patience, patience * planned)
    }
}
