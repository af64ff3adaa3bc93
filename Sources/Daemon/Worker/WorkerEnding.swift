// How a worker's process ended, and what is known of why.

/// How the process ended.
package enum WorkerExit: Sendable, Equatable {
    case exited(code: Int)
    case signaled(Int)
    case notStarted(String)
    /// The kernel's word, by the service manager.
    case outOfMemory(String)
    /// Nobody could see how.
    case vanished(String)
}

package struct WorkerEnding: Sendable, Equatable {
    package var exit: WorkerExit
    /// Why the daemon made it end, where that was for what was heard of it.
    package var overdue: Overdue?
    /// The kernel's word that it was killed for memory.
    package var memoryKill: MemoryKill?
    /// It closed its outputs, did not end, and was killed.
    package var wasReaped = false
    /// The most resident memory that it told of.
    package var peakBytes: Int?
    /// That its units ran, by their attempt files; nil for a worker of this machine.
    package var unitSeconds: Double?

    package init(
        _ exit: WorkerExit, overdue: Overdue? = nil, memoryKill: MemoryKill? = nil,
        wasReaped: Bool = false, peakBytes: Int? = nil
    ) {
        self.exit = exit
        self.overdue = overdue
        self.memoryKill = memoryKill
        self.wasReaped = wasReaped
        self.peakBytes = peakBytes
    }
}
