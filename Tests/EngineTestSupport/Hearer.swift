// Keeps the progress that work tells, for tests of what it says.

import Model

package final class Hearer: WorkObserver {
    package private(set) var done: [Int] = []
    package private(set) var totals: Set<Int> = []

    package init() {}

    package func checkpoint() throws {}
    package func progress(done: Int, total: Int, unit: String, detail: String) {
        self.done.append(done)
        totals.insert(total)
    }
}
