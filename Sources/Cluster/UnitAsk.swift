// How much time and memory a try of a unit asks for. Pure.

package import Jobs

package struct UnitAsk: Sendable, Equatable {
    /// nil: what the queue gives.
    package let minutes: Int?
    /// nil: what the queue gives.
    package let memoryBytes: Int?
    /// Classes of memory above the first that is asked for.
    package let memorySteps: Int

    /// What the node needs beside what stages plan: the program, mapped files, the queue's own.
    private static let spareBytes = 1 << 30
    private static let minutesMin = 10
    private static let doublingsMax = 4

    /// - Parameters:
    ///   - resources: of the job over those of the settings.
    ///   - counts: what has gone wrong with the unit so far.
    package init(
        seconds: Double?, peakBytes: Int?, resources: JobDescription.Resources,
        settings: ClusterSettings, counts: UnitCounts
    ) {
        if let minutes = resources.minutes {
            self.minutes = minutes
        } else {
            let planned = seconds.map { seconds in
                max(Self.minutesMin, Int((seconds * settings.timeFactor / 60).rounded(.up)))
            }
            minutes = planned.map {
                min(MinuteCount.most, $0 << min(counts.timeouts, Self.doublingsMax))
            }
        }
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
