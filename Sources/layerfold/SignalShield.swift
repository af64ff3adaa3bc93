// Who takes signals while this process computes. Products of oneDNN use the stack pointer as one
// more register: the frame of a signal that comes meanwhile is written below it, into the heap.

import Foundation
import Synchronization

private let isRaisedOnce = Atomic<Bool>(false)

enum SignalShield {
    /// Those that a handler of ours takes (`StopSignal`).
    static let signals = [SIGTERM, SIGINT]

    /// Whether a thread of its own takes them.
    static var isRaised: Bool { isRaisedOnce.load(ordering: .relaxed) }

    /// Gives them to a thread that does nothing else. To be called before libraries start threads,
    /// which inherit from ours that they take none.
    static func raise() {
        guard !isRaisedOnce.exchange(true, ordering: .relaxed) else { return }
        let taker = Thread {
            mask(SIG_UNBLOCK)
            while true { pause() }
        }
        taker.stackSize = 1 << 18
        taker.start()
        mask(SIG_BLOCK)
    }

    /// Of the calling thread.
    static func mask(_ how: CInt) {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for number in signals { unsafe sigaddset(&set, number) }
        unsafe pthread_sigmask(how, &set, nil)
    }
}
