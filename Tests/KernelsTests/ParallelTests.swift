// Loops over the cores: everything once, in any order, with the same result.

import Synchronization
import TensorMath
import Testing

@Suite struct ParallelTests {
    @Test("every index is visited once", arguments: [0, 1, 2, 3, 17, 1000])
    func everyIndex(count: Int) {
        let visits = Mutex([Int](repeating: 0, count: count))
        Parallel.forEach(count) { index in visits.withLock { $0[index] += 1 } }
        #expect(visits.withLock { $0.allSatisfy { $0 == 1 } })
    }

    @Test("runs cover all items once and are as long as the grain", arguments: [0, 1, 5, 64, 999])
    func runs(count: Int) {
        for grain in [0, 1, 3, 64, 5000] {
            let seen = Mutex<[Range<Int>]>([])
            Parallel.forEachRun(of: count, grain: grain) { run in seen.withLock { $0.append(run) } }
            let sorted = seen.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } }
            #expect(sorted.flatMap(Array.init) == Array(0..<count))
            #expect(sorted.dropLast().allSatisfy { $0.count >= grain && !$0.isEmpty })
        }
    }

    @Test("a loop inside a loop visits everything once")
    func nested() {
        let visits = Mutex([Int](repeating: 0, count: 300))
        Parallel.forEach(6) { outer in
            Parallel.forEach(50) { inner in visits.withLock { $0[outer * 50 + inner] += 1 } }
        }
        #expect(visits.withLock { $0.allSatisfy { $0 == 1 } })
    }

    @Test("threads have numbers below the thread count")
    func threadNumbers() {
        let numbers = Mutex<Set<Int>>([])
        Parallel.forEach(200) { _ in
            let number = Parallel.threadIndex
            numbers.withLock { _ = $0.insert(number) }
        }
        #expect(numbers.withLock { $0.allSatisfy { (0..<Parallel.threadCount).contains($0) } })
    }

    @Test("one thread and all of them give the same values")
    func orderIndependent() {
        func run() -> [Float] {
            let view = MatrixView(rows: 500, columns: 33)
            for row in 0..<500 {
                for column in 0..<33 { view[row, column] = Float((row * 37 + column * 11) % 19) }
            }
            RowKernels.softmax(view)
            RowKernels.scale(view, by: 0.3)
            return view.values()
        }
        let threads = Parallel.threadCount
        let together = run()
        // The setting belongs to the calling thread, so other tests do not notice.
        Parallel.setThreadCount(1)
        let alone = run()
        Parallel.setThreadCount(threads)
        #expect(together == alone)
    }
}
