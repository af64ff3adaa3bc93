// What a person can do about a failure, by who has to act on it.

package import Failures

package enum FailureAdvice {
    /// Who has to act, and on what.
    package static func title(_ failureClass: FailureClass) -> String {
        switch failureClass {
        case .user: "The manifest, the model or the data are wrong"
        case .resource: "Memory, disk or time ran out"
        case .transient: "Reading or writing failed in a way that may pass"
        case .bug: "Layerfold itself failed"
        }
    }

    package static func whatToDo(_ failureClass: FailureClass) -> String {
        switch failureClass {
        case .user:
            "Correct what the message names, then send it again with changes. Stages that are done "
                + "are not computed twice."
        case .resource:
            "Make room, or ask for less (fewer or shorter samples, another method), then retry or "
                + "send it again with changes. Stages that are done are kept."
        case .transient:
            "It was tried several times. Look whether the disk and the folders that the message "
                + "names are there and can be read, then retry."
        case .bug:
            "Please report this with the log and the manifest below. A retry may get past a crash "
                + "that was not the job's own."
        }
    }
}
