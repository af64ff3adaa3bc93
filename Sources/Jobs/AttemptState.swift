// How an attempt of a job stands: the words that index, daemon and command line share.

/// One attempt of a job to run. The index holds the raw value.
package enum AttemptState: String, Sendable, Codable, CaseIterable {
    /// Its worker runs.
    case running
    case succeeded
    /// Failed for good.
    case failed
    /// Failed in a way that may pass; counts against the tries that a job has.
    case transient
    /// The worker ended without an outcome.
    case lost
    /// The daemon stopped it, or died with it.
    case stopped
}
