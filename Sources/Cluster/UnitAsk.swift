// How much time and memory a try of a unit asks for. Pure.

package import Jobs

package struct UnitAsk: Sendable, Equatable {
    /// nil: what the queue gives.
    package let minutes: Int?
    /// nil: what the queue gives.
    package let memoryBytes: Int?
    /// Classes of memory above the first that is asked for.
    package let memorySteps: Int
    /// What `minutes` is a step of.
    package let times: TimeLadder

    /// What the node needs beside what stages plan: the program, mapped files, the queue's own.
    private static let spareBytes = 1 << 30
    private static let minutesMin = 10

    /// - Parameters:
    ///   - resources: of the job over those of the settings.
    ///   - partition: what the partition gives; nil where that is not known.
    ///   - counts: what has gone wrong with the unit so far.
    package init(
        seconds: Double?, peakBytes: Int?, resources: JobDescription.Resources,
        settings: ClusterSettings, partition: PartitionTime? = nil, counts: UnitCounts
    ) {
        let planned = seconds.map { seconds in
            let minutes = (seconds * settings.timeFactor / 60).rounded(.up)
            return max(Self.minutesMin, Int(min(minutes, Double(MinuteCount.most))))
        }
        times = TimeLadder(named: resources.minutes, planned: planned, partition: partition)
        minutes = times.minutes(after: counts.timeouts)
        let needed = resources.memoryBytes ?? peakBytes.map { $0 + $0 / 4 + Self.spareBytes }
        let classes = settings.memoryClasses
        if let given = resources.memoryBytes {
            let larger = classes.filter { $0 > given }
            memorySteps = larger.count
            memoryBytes =
                counts.memorySteps == 0 || larger.isEmpty
                ? given : larger[min(counts.memorySteps, larger.count) - 1]
        } else if classes.isEmpty {
            (memorySteps, memoryBytes) = (0, nil)
        } else {
            let first = classes.firstIndex { $0 >= needed ?? 0 } ?? classes.count - 1
            memorySteps = classes.count - 1 - first
            memoryBytes = classes[min(first + counts.memorySteps, classes.count - 1)]
        }
    }
}
