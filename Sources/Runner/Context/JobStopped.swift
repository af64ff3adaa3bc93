// How a job ends that was told to stop.

package import Failures

/// The job was told to stop; no outcome is written, and the daemon knows what to do.
package struct JobStopped: ClassifiedFailure, CustomStringConvertible {
    /// Nobody's fault: the job can run again.
    package var failureClass: FailureClass { .transient }
    package var description: String { "stopped" }

    package init() {}
}
