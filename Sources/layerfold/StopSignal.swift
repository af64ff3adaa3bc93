// SIGTERM and SIGINT as a flag that long work looks at.

import Foundation
import Runner
import Synchronization

/// Set by the first signal to its number; a second one kills as usual.
private let asked = Atomic<Int32>(0)

struct StopSignal {
    init() {
        for number in SignalShield.signals {
            _ = signal(number) { received in
                asked.store(received, ordering: .relaxed)
                _ = signal(received, SIG_DFL)
            }
        }
        // Who started us may have blocked them, and a block is handed down.
        if !SignalShield.isRaised { SignalShield.mask(SIG_UNBLOCK) }
    }

    /// - Throws: `JobStopped` once a signal came.
    func check() throws {
        if asked.load(ordering: .relaxed) != 0 { throw JobStopped() }
    }

    /// Asks as a signal would.
    static func ask() { asked.store(SIGTERM, ordering: .relaxed) }

    /// How a program ends that was stopped, as shells have it: 128 and the signal's number.
    static var status: ExitStatus {
        asked.load(ordering: .relaxed) == SIGINT ? .interrupted : .terminated
    }
}
