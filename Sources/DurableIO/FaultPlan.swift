// Fault injection below every file operation: makes the n-th kernel call fail, records the calls.
// The idea is NIOFS's counted mock and TigerBeetle's faulty storage; here it is a task-local value,
// so that release builds have it too and no signature carries it.

import Synchronization
package import SystemPackage

/// A plan of failures for the kernel calls made by the code that runs under it.
///
/// Install it with `FaultPlan.$current.withValue(plan) { … }`. Without a plan, a call costs one
/// lookup of a task-local value more than the bare kernel call.
package final class FaultPlan: Sendable {
    /// What happens at the chosen call.
    package enum Fault: Equatable, Sendable {
        /// The call fails and did nothing.
        case error(Errno)
        /// The call does what it shall, and then says that it failed: an answer that was lost
        /// between two machines, and a question that was asked again.
        case lostAnswer(Errno)
        /// A write stores only half of its bytes and says so; other calls go on undisturbed.
        case short
        /// This call and every later one fails with EIO and does nothing: what a killed process
        /// leaves behind, without killing the test.
        case death
    }

    /// One call that was made under the plan, in order.
    package struct Entry: Equatable, Sendable {
        package let call: SystemCall
        package let path: FilePath
        /// Of a rename or a link, the name that was there before.
        package let source: FilePath?
        /// Whether an `open` asked for writing.
        package let isWriting: Bool
    }

    /// The plan in force. Default: none.
    @TaskLocal package static var current: FaultPlan?

    private struct State {
        var matched = 0
        var isDead = false
        var hasFired = false
        var refusedRenames = 0
        var trace: [Entry] = []
    }

    private let fault: Fault?
    private let number: Int
    private let calls: Set<SystemCall>?
    private let hasExclusiveRenames: Bool
    private let state = Mutex(State())

    /// A plan that makes call `number` (counted from 1) among `calls` meet `fault`.
    /// - Parameters:
    ///   - calls: The calls that count. Default: all.
    ///   - hasExclusiveRenames: false: each rename that is to refuse a name that is taken fails
    ///     with EINVAL and counts nowhere, as on a file system that does not know it. Default:
    ///     true.
    package init(
        _ fault: Fault, atCall number: Int, among calls: Set<SystemCall>? = nil,
        hasExclusiveRenames: Bool = true
    ) {
        precondition(number >= 1, "calls are counted from 1")
        self.fault = fault
        self.number = number
        self.calls = calls
        self.hasExclusiveRenames = hasExclusiveRenames
    }

    /// A plan without a failure, which only records.
    /// - Parameter hasExclusiveRenames: as above.
    package init(hasExclusiveRenames: Bool = true) {
        fault = nil
        number = 0
        calls = nil
        self.hasExclusiveRenames = hasExclusiveRenames
    }

    /// The calls made so far, in order.
    package var trace: [Entry] { state.withLock { $0.trace } }

    /// Whether the failure has happened. A sweep ends at the first plan that did not fire.
    package var hasFired: Bool { state.withLock { $0.hasFired } }

    /// Renames that failed because the file system of the plan has no exclusive ones.
    package var refusedRenames: Int { state.withLock { $0.refusedRenames } }

    /// Records the call and says what shall happen to it.
    func next(
        _ call: SystemCall, _ path: FilePath, from source: FilePath? = nil,
        isWriting: Bool = false, isExclusive: Bool = false
    ) -> Fault? {
        state.withLock { state in
            state.trace.append(
                Entry(call: call, path: path, source: source, isWriting: isWriting))
            if state.isDead { return .error(.ioError) }
            if isExclusive, !hasExclusiveRenames {
                state.refusedRenames += 1
                return .error(.invalidArgument)
            }
            guard let fault, calls?.contains(call) ?? true else { return nil }
            state.matched += 1
            guard state.matched == number else { return nil }
            state.hasFired = true
            guard fault == .death else { return fault }
            state.isDead = true
            return .error(.ioError)
        }
    }
}
