// Who has to act on a failure. Every error type of the project says it where it is declared, so
// that no list of types has to be kept, and none can be forgotten (TidyTests).

/// Who has to act on a failure; decides whether the queue tries again (docs/JOB_FORMAT.md).
package enum FailureClass: String, Sendable, Codable, CaseIterable {
    /// The manifest, the model or the data are wrong: no retry.
    case user
    /// Memory, disk or time ran out: no retry until somebody makes room.
    case resource
    /// Reading or writing failed in a way that may pass: retried with growing delays.
    case transient
    /// Layerfold's own fault, or a worker that keeps dying.
    case bug

    /// The class that an error states. What states none comes from a library that has no word
    /// for it, and should have been caught where the library was called.
    package init(of error: any Error) {
        self = (error as? any ClassifiedFailure)?.failureClass ?? .bug
    }
}

/// An error that says who has to act. One that wraps another keeps the class of that other.
///
/// There is no default on purpose.
package protocol ClassifiedFailure: Error {
    var failureClass: FailureClass { get }
}
