// A worker's sign of life: that it runs, and whether its work moves.

/// What a thread of the worker says every few seconds, whatever the job's own thread does. All
/// figures are of the attempt so far, so that a lost line costs nothing.
package struct Heartbeat: Sendable, Equatable, Codable {
    /// Seconds between two.
    package static let intervalSeconds = 5.0

    /// How often the stages were heard: steps, and looks whether to stop.
    package var moves: Int
    /// Processor time of all threads that work, without those that watch.
    package var processorSeconds: Double
    /// Bytes that really came from or went to a disk.
    package var transferredBytes: Int
    /// The most resident memory.
    package var peakBytes: Int
    /// The stage under work; nil between two.
    package var stage: String?
    /// What the job's plan says of that stage; nil where nobody has planned it.
    package var plannedSeconds: Double?
    /// Stages and parts that it left in the cache, of which nobody has to do the like again; nil
    /// where nobody counts.
    package var kept: Int?

    package init(
        moves: Int, processorSeconds: Double, transferredBytes: Int = 0, peakBytes: Int = 0,
        stage: String? = nil, plannedSeconds: Double? = nil, kept: Int? = nil
    ) {
        self.moves = moves
        self.processorSeconds = processorSeconds
        self.transferredBytes = transferredBytes
        self.peakBytes = peakBytes
        self.stage = stage
        self.plannedSeconds = plannedSeconds
        self.kept = kept
    }

    private enum CodingKeys: String, CodingKey {
        case moves, stage, kept
        case processorSeconds = "processor_seconds"
        case transferredBytes = "transferred_bytes"
        case peakBytes = "peak_bytes"
        case plannedSeconds = "planned_seconds"
    }
}
