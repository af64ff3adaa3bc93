// Keeps the progress that work tells, for tests of what it says.

import Engine

final class Hearer: WorkObserver {
    private(set) var done: [Int] = []
    private(set) var totals: Set<Int> = []

    func checkpoint() throws {}
    func progress(done: Int, total: Int, unit: String, detail: String) {
        self.done.append(done)
        totals.insert(total)
    }
}
