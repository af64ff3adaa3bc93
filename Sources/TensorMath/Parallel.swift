// Loops over the cores, on the pool that oneDNN and OpenBLAS use as well (libgomp), so that no
// two pools fight for the processors.

import COpenMP
import Synchronization

package enum Parallel {
    /// Threads a parallel loop uses (OMP_NUM_THREADS, or the processors there are).
    package static var threadCount: Int { Int(omp_get_max_threads()) }

    package static func setThreadCount(_ count: Int) {
        precondition(count >= 1, "at least one thread")
        omp_set_num_threads(Int32(count))
    }

    /// Runs `body(index)` once for every index below `count`, in any order, on all cores, and
    /// returns when all are done.
    ///
    /// Indices are handed out one by one, so uneven work balances; results do not depend on the
    /// order as long as bodies write to places of their own.
    package static func forEach(_ count: Int, _ body: @Sendable (_ index: Int) -> Void) {
        guard count > 1, threadCount > 1 else {
            for index in 0..<max(0, count) { body(index) }
            return
        }
        withoutActuallyEscaping(body) { body in
            let loop = Loop(count: count, body: body)
            // The loop object outlives the call: GOMP_parallel returns after every thread did.
            let pointer = unsafe Unmanaged.passUnretained(loop).toOpaque()
            let threads = UInt32(min(count, threadCount))
            unsafe GOMP_parallel(
                { data in
                    guard let data = unsafe data else { return }
                    unsafe Unmanaged<Loop>.fromOpaque(data).takeUnretainedValue().work()
                }, pointer, threads, 0)
            withExtendedLifetime(loop) {}
        }
    }

    /// Cuts `count` items into runs of at least `grain`, about four a thread, and runs `body` on
    /// each run.
    package static func forEachRun(
        of count: Int, grain: Int, _ body: @Sendable (_ run: Range<Int>) -> Void
    ) {
        guard count > 0 else { return }
        let wanted = max(1, (count + threadCount * 4 - 1) / (threadCount * 4))
        let length = max(max(1, grain), wanted)
        let runs = (count + length - 1) / length
        forEach(runs) { run in body(run * length..<min(count, (run + 1) * length)) }
    }

    /// Number of the calling thread inside a parallel loop: 0..<threadCount.
    package static var threadIndex: Int { Int(omp_get_thread_num()) }

    private final class Loop: Sendable {
        let next = Atomic<Int>(0)
        let count: Int
        let body: @Sendable (Int) -> Void

        init(count: Int, body: @escaping @Sendable (Int) -> Void) {
            self.count = count
            self.body = body
        }

        func work() {
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                if index >= count { return }
                body(index)
            }
        }
    }
}
