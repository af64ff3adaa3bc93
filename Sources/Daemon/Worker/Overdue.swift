// Why a worker was made to end, in words for people.

import Failures
package import Jobs

package struct Overdue: Sendable, Hashable {
    package enum Kind: Sendable, Hashable, CaseIterable {
        /// Nothing was heard of it.
        case silent
        /// It beats, and does nothing.
        case still
        /// It computes, and gets nowhere.
        case stuck
        /// It has said how the job ended, and stays.
        case lingering
    }

    package let kind: Kind
    package let stage: String?
    package let plannedSeconds: Double?
    /// How long it has lasted.
    package let seconds: Double

    package init(
        _ kind: Kind, stage: String?, plannedSeconds: Double? = nil, seconds: Double
    ) {
        self.kind = kind
        self.stage = stage
        self.plannedSeconds = plannedSeconds
        self.seconds = seconds
    }

    /// Of an attempt that left no outcome.
    package var failure: WorkerOutcome.Failure {
        .init(failureClass: kind == .lingering ? .bug : .resource, message: message)
    }

    private var message: String {
        let time = Self.duration(seconds)
        switch kind {
        case .silent:
            return "nothing was heard of the worker for \(time)\(place), though it is to speak "
                + "every \(Int(Heartbeat.intervalSeconds)) s: it was stopped (SIGSTOP, a debugger, "
                + "a frozen control group) or hangs in the kernel, and was killed"
        case .still:
            return "the worker did nothing for \(time)\(place): no step, no processor time, no "
                + "bytes from a disk; it hangs (a network file system that does not answer?) and "
                + "was killed"
        case .stuck:
            let plan = plannedSeconds.map { ", planned to take \(Self.duration($0)) in all" } ?? ""
            return "the worker computed for \(time)\(place) without a step\(plan), and was "
                + "stopped; if the machine is only that slow, raise the setting `stage_patience`"
        case .lingering:
            return "the worker said that it had finished, left no outcome, and did not end within "
                + "\(time); it was killed"
        }
    }

    private var place: String { stage.map { " in stage `\($0)`" } ?? "" }

    private static func duration(_ seconds: Double) -> String {
        switch seconds {
        case ..<120: "\(Int(seconds.rounded())) s"
        case ..<7_200: "\(Int((seconds / 60).rounded())) min"
        default: "\((seconds / 360).rounded() / 10) h"
        }
    }
}
