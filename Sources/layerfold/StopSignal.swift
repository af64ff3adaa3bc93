// SIGTERM and SIGINT as a flag that long work looks at.

import Foundation
import Runner
import Synchronization

/// Set by the first signal; a second one kills as usual.
private let wasAsked = Atomic<Bool>(false)

struct StopSignal {
    init() {
        for number in [SIGTERM, SIGINT] {
            _ = signal(number) { received in
                wasAsked.store(true, ordering: .relaxed)
                _ = signal(received, SIG_DFL)
            }
        }
    }

    /// - Throws: `JobStopped` once a signal came.
    func check() throws {
        if wasAsked.load(ordering: .relaxed) { throw JobStopped() }
    }

    /// Asks as a signal would.
    static func ask() { wasAsked.store(true, ordering: .relaxed) }
}
